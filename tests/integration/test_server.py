"""isthmus's own Neo4j server, with real processes on real homes."""

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
from isthmus.graph.server.connectors import Connectors
from isthmus.graph.server.failures import PortTakenError, ServerError
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process import MAIN_CLASS
from isthmus.settings import Settings

ISTHMUS = Path(sys.executable).with_name("isthmus")


def run(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    command = [ISTHMUS, "server", *arguments, "--home", home]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def query(record: server.ServerRecord, text: str) -> list[dict]:
    auth = (record.username, record.password())
    with neo4j.GraphDatabase.driver(record.uri, auth=auth) as driver:
        return driver.execute_query(text).records


def servers_of(home: Path) -> list[int]:
    """Returns the pids of all Neo4j servers on this home, from the process list only."""
    pids = []
    for candidate in psutil.process_iter(["cmdline", "status"]):
        arguments = candidate.info["cmdline"] or []
        alive = candidate.info["status"] != psutil.STATUS_ZOMBIE
        if alive and MAIN_CLASS in arguments and f"--home-dir={home / 'server'}" in arguments:
            pids.append(candidate.pid)
    return pids


@pytest.fixture(scope="module")
def record(server_settings):
    """Record of the running server of the whole test run."""
    return server.start(server_settings)


@pytest.fixture
def own(fresh_home):
    """Settings of a home for one test; its server is stopped after the test."""
    settings = Settings(home=fresh_home, neo4j_uri=None)
    yield settings
    server.stop(settings)


def test_start_returns_when_the_server_answers_a_query(record):
    assert query(record, "RETURN 1 AS one")[0]["one"] == 1


def test_second_start_finds_the_running_server(server_settings, record):
    begin = time.monotonic()
    assert server.start(server_settings) == record
    assert time.monotonic() - begin < 1
    assert server.find(server_settings) == record


def test_server_runs_the_version_of_the_lock_file(record):
    kernel = query(record, "CALL dbms.components() YIELD name, versions, edition")[0]
    assert (kernel["versions"], kernel["edition"]) == ([record.version], "community")


def test_password_is_readable_only_by_its_owner(record):
    assert stat.S_IMODE(record.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.password_file.parent.stat().st_mode) == 0o700
    assert len(record.password()) >= 32


def test_password_is_in_no_log_record_or_configuration(server_settings, record):
    password = record.password().encode()
    folders = [server_settings.home / name for name in ("logs", "server/logs", "server/conf")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files.append(server_settings.home / "server" / "record.json")
    assert len(files) > 4
    assert [path for path in files if password in path.read_bytes()] == []
    assert record.password() not in repr(record)


def test_server_listens_on_one_port_of_127_0_0_1_only(record):
    connections = psutil.Process(record.pid).net_connections("inet")
    listening = [entry for entry in connections if entry.status == psutil.CONN_LISTEN]
    port = int(record.uri.rpartition(":")[2])
    assert [(entry.laddr.ip.removeprefix("::ffff:"), entry.laddr.port) for entry in listening] == [
        ("127.0.0.1", port)
    ]
    assert [entry for entry in connections if entry.type == socket.SOCK_DGRAM] == []


def test_server_has_its_own_session(record):
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
def test_server_has_the_configured_setting(record, setting, value):
    rows = query(record, f"SHOW SETTINGS '{setting}' YIELD value")
    assert [row["value"] for row in rows] == [value]


def test_load_csv_reads_no_file(server_settings, record):
    table = server_settings.home / "server" / "import" / "table.csv"
    table.write_text("user_id\nana\n")
    for path in ("/table.csv", str(table), "/etc/hostname"):
        with pytest.raises(
            neo4j.exceptions.Neo4jError, match="allow_csv_import_from_file_urls' is false"
        ):
            query(record, f"LOAD CSV FROM 'file://{path}' AS row RETURN row")


def test_load_csv_requests_no_url(record):
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Handler) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        for host in ("127.0.0.1", "localhost"):
            address = f"http://{host}:{site.server_address[1]}/table.csv"
            with pytest.raises(neo4j.exceptions.Neo4jError, match="is blocked"):
                query(record, f"LOAD CSV FROM '{address}' AS row RETURN row")
        site.shutdown()
    assert requests == []


def test_two_simultaneous_first_starts_give_one_server_and_show_no_password(own):
    command = [ISTHMUS, "server", "start", "--json", "--quiet", "--home", own.home]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    seen: set[str] = set()
    while any(start.poll() is None for start in starts):
        for candidate in psutil.process_iter(["cmdline"]):
            seen.update(candidate.info["cmdline"] or [])
        time.sleep(0.05)
    answers = [json.loads(start.communicate()[0]) for start in starts]
    assert answers[0] == answers[1]
    assert servers_of(own.home) == [answers[0]["pid"]]  # and it continues after the commands

    password = Path(answers[0]["password_file"]).read_text().strip()
    assert any("set-initial-password" in argument for argument in seen)
    assert [argument for argument in seen if password in argument] == []
    assert password not in str(psutil.Process(answers[0]["pid"]).environ())

    status = run("status", "--json", home=own.home)
    found = json.loads(status.stdout)
    assert found["state"] == "answering"
    assert {name: found[name] for name in answers[0]} == answers[0]
    begin = time.monotonic()
    stop = run("stop", home=own.home)
    assert stop.returncode == 0
    assert time.monotonic() - begin < 6
    assert servers_of(own.home) == []
    assert json.loads(run("status", "--json", home=own.home).stdout)["running"] is False
    assert run("stop", home=own.home).returncode == 3


def test_start_recovers_from_kill_9_of_the_server_and_of_start_commands(own):
    command = [ISTHMUS, "server", "start", "--quiet", "--home", own.home]
    # During the check of the jars, during setting the password, and when the server is starting.
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
    query(first, "CREATE (:Claim {text: 'acknowledged'})")

    psutil.Process(first.pid).kill()
    while servers_of(own.home):
        time.sleep(0.02)
    assert server.find(own) is None
    # The operating system may assign the pid to another process, for example to this one.
    (own.home / "server" / "record.json").write_text(
        json.dumps(vars(replace(first, pid=os.getpid())), default=str)
    )
    assert server.find(own) is None

    second = server.start(own)
    assert second.pid not in (first.pid, os.getpid())
    assert (second.uri, second.password()) == (first.uri, first.password())
    rows = query(second, "MATCH (claim:Claim) RETURN claim.text AS text")
    assert [row["text"] for row in rows] == ["acknowledged"]

    server.stop(own)
    second.password_file.rename(own.home / "moved")
    with pytest.raises(ServerError, match=r"its password file .* is missing"):
        server.start(own)
    second.password_file.write_text("another")
    with pytest.raises(ServerError, match="refuses its password"):
        server.start(own)


def test_damaged_aot_cache_is_not_used_and_a_killed_build_leaves_no_partial_one(own):
    (own.home / "aot").unlink()  # the shared cache stays unchanged
    (own.home / "aot").mkdir()
    cache = own.home / "aot" / aot.cache_name()
    cache.write_bytes(b"half of a cache")
    record = server.start(own)
    assert query(record, "RETURN 1 AS one")[0]["one"] == 1

    deadline = time.monotonic() + 60
    trainings: list[Path] = []
    while not trainings and time.monotonic() < deadline:
        trainings = list(cache.parent.glob("training-*"))
        time.sleep(0.05)
    assert trainings
    builders = [
        candidate
        for candidate in psutil.process_iter(["cmdline"])
        if "isthmus.graph.server" in (candidate.info["cmdline"] or [])
        and str(own.home) in candidate.info["cmdline"]
    ]
    assert [builder.nice() for builder in builders] == [19]
    for builder in [*builders[0].children(recursive=True), builders[0]]:
        builder.kill()
    psutil.wait_procs(builders)
    assert aot.aot_options(own.home) == []
    assert query(record, "RETURN 1 AS one")[0]["one"] == 1


def test_port_taken_by_another_program_is_reported(own, tmp_path):
    folders = Folders(tmp_path / "server", (own.home / "jars").resolve(), tmp_path / "logs")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process.configure(folders, Connectors(port), "256m", "16m")
        pid = process.spawn(folders, "256m")
        with pytest.raises(PortTakenError, match="another program took its port"):
            process.wait_for_query(folders, pid, f"bolt://127.0.0.1:{port}", "no password")


def test_heap_larger_than_the_memory_is_reported_with_the_log(own):
    with pytest.raises(ServerError, match="does not have enough memory") as caught:
        server.start(own.model_copy(update={"server_heap": "9000g"}))
    assert "ISTHMUS_SERVER_HEAP" in caught.value.advice
    assert str(own.home / "logs" / "server.log") in caught.value.advice


def test_no_server_is_started_if_neo4j_uri_is_set(own):
    result = subprocess.run(
        [ISTHMUS, "server", "start", "--json", "--home", own.home],
        capture_output=True,
        text=True,
        env={**os.environ, "NEO4J_URI": "neo4j://graph.example:7687"},
    )
    assert result.returncode == 3
    assert "neo4j://graph.example:7687" in json.loads(result.stdout)["error"]["message"]
    assert servers_of(own.home) == []
