"""The Neo4j of our own, as commands find it: real processes on real homes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import neo4j
import psutil
import pytest

from isthmus.graph.server import aot_cache as aot
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server import process
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process import MAIN_CLASS, PortTakenError, ServerError
from isthmus.settings import Settings

ISTHMUS = Path(sys.executable).with_name("isthmus")


def run(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    command = [ISTHMUS, "server", *arguments, "--home", home]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def ask(record: server.ServerRecord, query: str) -> list[dict]:
    auth = (record.username, record.password())
    with neo4j.GraphDatabase.driver(record.uri, auth=auth) as driver:
        return driver.execute_query(query).records


def servers_of(home: Path) -> list[int]:
    """Every process that runs a Neo4j on this home, by the process list alone."""
    found = []
    for other in psutil.process_iter(["cmdline", "status"]):
        arguments = other.info["cmdline"] or []
        alive = other.info["status"] != psutil.STATUS_ZOMBIE
        if alive and MAIN_CLASS in arguments and f"--home-dir={home / 'server'}" in arguments:
            found.append(other.pid)
    return found


@pytest.fixture(scope="module")
def record(server_settings):
    """The server of the whole run, up."""
    return server.start(server_settings)


@pytest.fixture
def own(fresh_home):
    """Settings of a home that only one test uses; what runs there is stopped."""
    settings = Settings(home=fresh_home, neo4j_uri=None)
    yield settings
    server.stop(settings)


def test_start_returns_when_a_query_works(record):
    assert ask(record, "RETURN 1 AS one")[0]["one"] == 1


def test_second_start_finds_the_first(server_settings, record):
    begin = time.monotonic()
    assert server.start(server_settings) == record
    assert time.monotonic() - begin < 1
    assert server.find(server_settings) == record


def test_server_runs_the_version_of_the_lock_list(record):
    kernel = ask(record, "CALL dbms.components() YIELD name, versions, edition")[0]
    assert (kernel["versions"], kernel["edition"]) == ([record.version], "community")


def test_password_is_readable_by_its_owner_alone(record):
    assert stat.S_IMODE(record.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.password_file.parent.stat().st_mode) == 0o700
    assert len(record.password()) >= 32


def test_password_stands_in_no_log_no_record_and_no_configuration(server_settings, record):
    password = record.password().encode()
    folders = [server_settings.home / name for name in ("logs", "server/logs", "server/conf")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files.append(server_settings.home / "server" / "record.json")
    assert len(files) > 4
    assert [path for path in files if password in path.read_bytes()] == []
    assert record.password() not in repr(record)


def test_server_listens_on_one_port_of_127_0_0_1_and_on_nothing_else(record):
    connections = psutil.Process(record.pid).net_connections("inet")
    listening = [it for it in connections if it.status == psutil.CONN_LISTEN]
    port = int(record.uri.rpartition(":")[2])
    assert [(it.laddr.ip.removeprefix("::ffff:"), it.laddr.port) for it in listening] == [
        ("127.0.0.1", port)
    ]
    assert [it for it in connections if it.type == socket.SOCK_DGRAM] == []


def test_server_has_a_session_of_its_own(record):
    assert os.getsid(record.pid) == record.pid


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dbms.usage_report.enabled", "false"),
        ("client.allow_telemetry", "false"),
        ("server.bolt.telemetry.enabled", "false"),
        ("dbms.fleet_manager.enabled", "false"),
        ("server.fleet_discovery.enabled", "false"),
        ("server.http.enabled", "false"),
        ("server.https.enabled", "false"),
        ("dbms.security.auth_enabled", "true"),
        ("dbms.security.allow_csv_import_from_file_urls", "false"),
        ("server.default_listen_address", "127.0.0.1"),
    ],
)
def test_server_says_that_the_setting_holds(record, setting, value):
    rows = ask(record, f"SHOW SETTINGS '{setting}' YIELD value")
    assert [row["value"] for row in rows] == [value]


def test_load_csv_reads_no_file(server_settings, record):
    table = server_settings.home / "server" / "import" / "table.csv"
    table.write_text("user_id\nana\n")
    for path in ("/table.csv", str(table), "/etc/hostname"):
        with pytest.raises(
            neo4j.exceptions.Neo4jError, match="allow_csv_import_from_file_urls' is false"
        ):
            ask(record, f"LOAD CSV FROM 'file://{path}' AS row RETURN row")


def test_load_csv_asks_no_address(record):
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Answer) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        for host in ("127.0.0.1", "localhost"):
            address = f"http://{host}:{site.server_address[1]}/table.csv"
            with pytest.raises(neo4j.exceptions.Neo4jError, match="is blocked"):
                ask(record, f"LOAD CSV FROM '{address}' AS row RETURN row")
        site.shutdown()
    assert asked == []


def test_two_first_starts_at_once_give_one_server_and_show_no_password(own):
    command = [ISTHMUS, "server", "start", "--json", "--quiet", "--home", own.home]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    seen: set[str] = set()
    while any(start.poll() is None for start in starts):
        for other in psutil.process_iter(["cmdline"]):
            seen.update(other.info["cmdline"] or [])
        time.sleep(0.05)
    answers = [json.loads(start.communicate()[0]) for start in starts]
    assert answers[0] == answers[1]
    assert servers_of(own.home) == [answers[0]["pid"]]  # and it outlives the commands

    password = Path(answers[0]["password_file"]).read_text().strip()
    assert any("set-initial-password" in argument for argument in seen)
    assert [argument for argument in seen if password in argument] == []
    assert password not in str(psutil.Process(answers[0]["pid"]).environ())

    status = run("status", "--json", home=own.home)
    assert json.loads(status.stdout) == answers[0]
    begin = time.monotonic()
    stop = run("stop", home=own.home)
    assert stop.returncode == 0
    assert time.monotonic() - begin < 6
    assert servers_of(own.home) == []
    assert json.loads(run("status", "--json", home=own.home).stdout)["running"] is False
    assert run("stop", home=own.home).returncode == 3


def test_start_goes_on_after_kill_9_of_server_and_of_starting_commands(own):
    command = [ISTHMUS, "server", "start", "--quiet", "--home", own.home]
    # Into fetching, into giving the password, and when the server is already on its way.
    for moment in (0.4, 1.5, None):
        start = subprocess.Popen(command, start_new_session=True)
        deadline = time.monotonic() + (moment or 60)
        while time.monotonic() < deadline and not (moment is None and servers_of(own.home)):
            time.sleep(0.02)
        os.killpg(start.pid, signal.SIGKILL)
        start.wait()
        assert not (own.home / "server" / "record.json").exists()
    orphans = servers_of(own.home)
    assert len(orphans) == 1

    first = server.start(own)
    assert [first.pid] == orphans == servers_of(own.home)
    ask(first, "CREATE (:Claim {text: 'acknowledged'})")

    psutil.Process(first.pid).kill()
    while servers_of(own.home):
        time.sleep(0.02)
    assert server.find(own) is None
    # The operating system may give the number to another process: to this one, for example.
    (own.home / "server" / "record.json").write_text(
        json.dumps(vars(replace(first, pid=os.getpid())), default=str)
    )
    assert server.find(own) is None

    second = server.start(own)
    assert second.pid not in (first.pid, os.getpid())
    assert (second.uri, second.password()) == (first.uri, first.password())
    rows = ask(second, "MATCH (claim:Claim) RETURN claim.text AS text")
    assert [row["text"] for row in rows] == ["acknowledged"]

    server.stop(own)
    second.password_file.rename(own.home / "kept")
    with pytest.raises(ServerError, match=r"its password file .* is gone"):
        server.start(own)
    second.password_file.write_text("another")
    with pytest.raises(ServerError, match="refuses its password"):
        server.start(own)


def test_damaged_aot_cache_is_left_out_and_its_killed_maker_leaves_no_half_one(own):
    (own.home / "aot").unlink()  # the shared one stays as it is
    (own.home / "aot").mkdir()
    cache = own.home / "aot" / aot.cache_name()
    cache.write_bytes(b"half of a cache")
    record = server.start(own)
    assert ask(record, "RETURN 1 AS one")[0]["one"] == 1

    deadline = time.monotonic() + 60
    trainings: list[Path] = []
    while not trainings and time.monotonic() < deadline:
        trainings = list(cache.parent.glob("training-*"))
        time.sleep(0.05)
    assert trainings
    makers = [
        maker
        for maker in psutil.process_iter(["cmdline"])
        if "isthmus.graph.server.aot_cache" in (maker.info["cmdline"] or [])
        and str(own.home) in maker.info["cmdline"]
    ]
    assert [maker.nice() for maker in makers] == [19]
    for killed in [*makers[0].children(recursive=True), makers[0]]:
        killed.kill()
    psutil.wait_procs(makers)
    assert aot.options(own.home) == []
    assert ask(record, "RETURN 1 AS one")[0]["one"] == 1


def test_port_that_another_program_took_is_said(own, tmp_path):
    folders = Folders(tmp_path / "server", (own.home / "jars").resolve(), tmp_path / "logs")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process.configure(folders, port, "256m", "16m")
        pid = process.spawn(folders, "256m")
        with pytest.raises(PortTakenError, match="other programs took its port"):
            process.wait_for_query(folders, pid, port, "no password")


def test_heap_that_the_machine_has_not_is_said_with_the_log(own):
    with pytest.raises(ServerError, match="has not the memory") as caught:
        server.start(own.model_copy(update={"server_heap": "9000g"}))
    assert "ISTHMUS_SERVER_HEAP" in caught.value.advice
    assert str(own.home / "logs" / "server.log") in caught.value.advice


def test_with_a_server_of_the_users_nothing_is_started(own):
    done = subprocess.run(
        [ISTHMUS, "server", "start", "--json", "--home", own.home],
        capture_output=True,
        text=True,
        env={**os.environ, "NEO4J_URI": "neo4j://graph.example:7687"},
    )
    assert done.returncode == 3
    assert "neo4j://graph.example:7687" in json.loads(done.stdout)["error"]["message"]
    assert servers_of(own.home) == []
