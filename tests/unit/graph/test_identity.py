"""Which processes are taken for the server of a home, and who is sent the password."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import neo4j
import pytest

from isthmus.graph.server import identity, process, record
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.connectors import Connectors
from isthmus.graph.server.failures import NotOurServer
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process_start import start_time
from isthmus.settings import Settings

PASSWORD = "the password of the home"


@contextmanager
def running(home: Path, program: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program under the command line of the server of a home."""
    words = (process.temporary_folder(home), "-cp", "x", process.MAIN_CLASS)
    # Bash passes the words on as arguments, and waits.
    script = ["-c", "read -r -t 60 < /dev/zero; sleep 60 & wait", *words, f"--home-dir={home}"]
    with subprocess.Popen([program, *script], **options) as impostor:
        try:
            yield impostor
        finally:
            impostor.kill()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", neo4j_uri=None)


def folders(settings: Settings) -> Folders:
    return record.home_folders(settings)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can enter; pytest's own they cannot."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def copy_of_bash(folder: Path) -> Path:
    """A program that is no Java, at a path as that of our Java."""
    java = folder / identity.JAVA
    java.parent.mkdir(parents=True)
    shutil.copy2(shutil.which("bash"), java)
    return java


def test_a_program_with_the_words_of_the_server_is_not_the_server(settings: Settings) -> None:
    home = folders(settings).home
    bash = Path(shutil.which("bash"))
    with running(home, bash) as impostor:
        assert identity.find_server(home) is None
        assert identity.server_process(impostor.pid, home) is None
        assert not server.stop(settings)
        assert impostor.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")
def test_the_java_of_another_user_is_not_the_server(
    settings: Settings, public_folder: Path
) -> None:
    home, java = folders(settings).home, copy_of_bash(public_folder)
    with running(home, java) as ours:
        assert identity.find_server(home).pid == ours.pid
    with running(home, java, user=65534, group=65534, extra_groups=[]) as impostor:
        assert identity.find_server(home) is None
        assert not server.stop(settings)
        assert impostor.poll() is None


def test_a_record_holds_for_the_process_that_wrote_it_and_for_no_later_one(
    settings: Settings, tmp_path: Path
) -> None:
    home = folders(settings).home
    process.configure(folders(settings), Connectors(1), "256m", "16m")
    record.password_file(settings)
    with running(home, copy_of_bash(tmp_path)) as ours:
        written = record.write_record(settings, record.make_record(settings, ours.pid))
        assert record.read_record(settings) == written
        later = type(written)(**asdict(written) | {"started": start_time(os.getpid())})
        record.write_record(settings, later)
        assert record.read_record(settings) is None
    assert start_time(ours.pid) == ""


IMPOSTOR = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print(listener.getsockname()[1], flush=True)
    connection = listener.accept()[0]
    connection.settimeout(3)
    received = connection.recv(100)
    connection.sendall(bytes([0, 0, 4, 5]))  # Bolt 5.4
    try:
        while part := connection.recv(4096):
            received += part
            connection.sendall(b"\\0\\3\\xb1\\x70\\xa0\\0\\0")  # SUCCESS {}
    except OSError:
        pass
    print(received.hex())
"""


@contextmanager
def listener(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Runs a program that speaks Bolt; yields it and its port."""
    command = [sys.executable, "-c", IMPOSTOR, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        yield program, int(program.stdout.readline())


def uri(port: int) -> str:
    return f"bolt://127.0.0.1:{port}"


def received_by(program: subprocess.Popen[str]) -> bytes:
    return bytes.fromhex(program.communicate(timeout=20)[0])


def test_only_the_process_of_the_server_is_sent_the_password() -> None:
    with listener() as (server_, port):
        process.answers_query(server_.pid, uri(port), PASSWORD)
        assert PASSWORD.encode() in received_by(server_)
    with listener() as (impostor, port), listener() as (server_, _):
        begin = time.monotonic()
        assert not process.answers_query(server_.pid, uri(port), PASSWORD)
        assert time.monotonic() - begin < 15
        assert PASSWORD.encode() not in received_by(impostor)
        server_.kill()
        ended = server_.pid
    with listener() as (impostor, port):
        assert not process.answers_query(ended, uri(port), PASSWORD)
        assert PASSWORD.encode() not in received_by(impostor)


def test_an_impostor_that_takes_the_port_over_is_not_sent_the_password_again() -> None:
    with listener() as (server_, port):
        options = process.driver_options(server_.pid, uri(port), "neo4j", lambda: PASSWORD)
        with neo4j.GraphDatabase.driver(uri(port), **options) as driver:
            with pytest.raises(neo4j.exceptions.DriverError):
                driver.verify_connectivity()
            assert PASSWORD.encode() in received_by(server_)
            with listener(port) as (impostor, _):
                with pytest.raises(NotOurServer, match="the password was not sent"):
                    driver.verify_connectivity()
                assert PASSWORD.encode() not in received_by(impostor)
