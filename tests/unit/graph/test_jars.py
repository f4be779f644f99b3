"""Downloading the jars of Neo4j from a real HTTP server on this machine."""

from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from isthmus.graph.server import jars
from isthmus.graph.server.jars import FetchError, Jar


class Repository(ThreadingHTTPServer):
    """A Maven repository of small jars whose first answers can be errors or wrong content."""

    daemon_threads = True

    def __init__(self, count: int = 20):
        super().__init__(("127.0.0.1", 0), JarHandler)
        contents = [f"the classes of jar {number}".encode() * 500 for number in range(count)]
        self.jars = [
            Jar(hashlib.sha256(content).hexdigest(), "org.example", f"part{number:02}", "1.0")
            for number, content in enumerate(contents)
        ]
        self.contents = {
            f"/{jar.address}": content for jar, content in zip(self.jars, contents, strict=True)
        }
        self.requests: Counter[str] = Counter()
        self.first_answers: dict[str, int | bytes] = {}
        self.seconds_per_jar = 0.0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class JarHandler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self):
        self.server.requests[self.path] += 1
        time.sleep(self.server.seconds_per_jar)
        answer = self.server.first_answers.get(self.path) if self.is_first() else None
        if isinstance(answer, int) or self.path not in self.server.contents:
            self.send_error(answer or 404)
            return
        content = self.server.contents[self.path] if answer is None else answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def is_first(self):
        return self.server.requests[self.path] == 1

    def log_message(self, *arguments):
        pass


@pytest.fixture
def repository():
    with Repository() as server:
        yield server
        server.shutdown()


def jar_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_neo4j_browser_is_fetched_only_for_those_who_want_it_and_ends_the_class_path():
    with_browser = jars.locked_jars(browser=True)
    assert with_browser[:-1] == jars.locked_jars()
    assert with_browser[-1].coordinate == "org.neo4j.client:neo4j-browser:5.24.0"


def test_lock_file_lists_234_jars_each_with_its_own_file_name_and_hash():
    locked = jars.locked_jars()
    assert len(locked) == 234
    assert len({jar.name for jar in locked}) == 234
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert not {jar.group for jar in locked} & {*jars.UNNEEDED}
    coordinates = {jar.coordinate for jar in locked}
    assert f"org.neo4j.app:neo4j-server:{jars.NEO4J_VERSION}" in coordinates
    assert f"org.neo4j:neo4j:{jars.NEO4J_VERSION}" in coordinates


def test_coordinate_with_a_classifier_becomes_a_path_in_a_maven_repository():
    jar = Jar(
        "0" * 64, *["io.netty", "netty-transport-native-epoll", "4.2.18.Final", "linux-x86_64"]
    )
    assert jar.address == (
        "io/netty/netty-transport-native-epoll/4.2.18.Final/"
        "netty-transport-native-epoll-4.2.18.Final-linux-x86_64.jar"
    )


def test_fetch_downloads_every_jar_intact_and_a_second_call_requests_none(repository, tmp_path):
    assert jars.fetch(tmp_path / "jars", repository.jars, repository.url) == 20
    assert jar_files(tmp_path / "jars") == {jar.name for jar in repository.jars}
    assert all(jars.is_whole(tmp_path / "jars" / jar.name, jar) for jar in repository.jars)
    total = repository.requests.total()
    assert jars.fetch(tmp_path / "jars", repository.jars, repository.url) == 0
    assert repository.requests.total() == total


def test_damaged_jar_is_downloaded_again_with_the_same_date(repository, tmp_path):
    jars.fetch(tmp_path, repository.jars, repository.url)
    damaged = tmp_path / repository.jars[3].name
    date = damaged.stat().st_mtime
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert jars.fetch(tmp_path, repository.jars, repository.url) == 1
    assert jars.is_whole(damaged, repository.jars[3])
    assert damaged.stat().st_mtime == date


@pytest.mark.parametrize("first_answer", [503, b"half of the ja"])
def test_a_temporary_failure_is_retried(repository, tmp_path, first_answer):
    repository.first_answers = dict.fromkeys(list(repository.contents)[:3], first_answer)
    assert jars.fetch(tmp_path, repository.jars, repository.url) == 20
    assert repository.requests.total() == 23


def test_jar_with_another_hash_is_rejected_after_four_attempts(repository, tmp_path):
    path = f"/{repository.jars[5].address}"
    repository.contents[path] = b"not what was locked"
    with pytest.raises(FetchError, match=r"part05:1\.0 does not have the SHA-256") as caught:
        jars.fetch(tmp_path, repository.jars, repository.url)
    assert repository.requests[path] == 4
    assert "1 of 20 jars" in caught.value.message
    assert jar_files(tmp_path) == {jar.name for jar in repository.jars} - {repository.jars[5].name}


def test_jar_that_the_repository_does_not_have_is_requested_once(repository, tmp_path):
    path = f"/{repository.jars[0].address}"
    del repository.contents[path]
    with pytest.raises(FetchError, match=r"HTTP 404 for .*part00"):
        jars.fetch(tmp_path, repository.jars, repository.url)
    assert repository.requests[path] == 1


def test_without_network_the_error_names_the_missing_jars_and_the_alternatives(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(FetchError) as caught:
            jars.fetch(tmp_path, repository=address)
    assert caught.value.exit_code == 1
    assert f"234 of 234 jars are missing in {tmp_path}" in caught.value.message
    assert "no connection" in caught.value.message
    assert str(jars.LOCK_FILE) in caught.value.advice
    assert "NEO4J_URI" in caught.value.advice
    assert jar_files(tmp_path) == set()


def test_an_unwritable_folder_is_named(repository, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError, match=f"cannot be stored in {tmp_path}/file/jars"):
        jars.fetch(tmp_path / "file" / "jars", repository.jars, repository.url)


def test_fetch_continues_where_a_killed_one_stopped(repository, tmp_path):
    repository.seconds_per_jar = 0.2
    lock = tmp_path / "small.lock"
    lock.write_text("".join(f"{jar.sha256} {jar.coordinate}\n" for jar in repository.jars))
    program = (
        "import sys; from pathlib import Path; from isthmus.graph.server import jars;"
        "jars.fetch(Path(sys.argv[1]), jars.locked_jars(path=Path(sys.argv[2])), sys.argv[3])"
    )
    folder = tmp_path / "jars"
    process = subprocess.Popen([sys.executable, "-c", program, folder, lock, repository.url])
    deadline = time.monotonic() + 30
    while not list(folder.glob("*.jar")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    downloaded = {path.name for path in folder.glob("*.jar")}
    assert 0 < len(downloaded) < 20
    (folder / "part19-1.0.jarabc.part").write_bytes(b"part of a jar")

    assert jars.fetch(folder, repository.jars, repository.url) == 20 - len(downloaded)
    assert jar_files(folder) == {jar.name for jar in repository.jars}
