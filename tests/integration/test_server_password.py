"""`isthmus server password rotate` and `server status`, on a real server."""

from __future__ import annotations

import os
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import neo4j
import pytest
from neo4j.exceptions import AuthError

from isthmus.graph.database.connection import Graph
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server import password as change
from isthmus.graph.server import status
from isthmus.settings import Settings


def takes(record: server.ServerRecord, password: str) -> bool:
    try:
        with neo4j.GraphDatabase.driver(record.uri, auth=("neo4j", password)) as driver:
            driver.verify_connectivity()
    except AuthError:
        return False
    return True


@pytest.fixture
def record(server_settings: Settings) -> server.ServerRecord:
    return server.start(server_settings)


def test_a_rotated_password_replaces_the_old_one_and_open_connections_go_on(
    server_settings: Settings, record: server.ServerRecord, graph: Graph
) -> None:
    old = record.password()
    assert server.rotate_password(server_settings) == record
    new = record.password()
    assert new != old
    assert len(new) >= 32
    assert stat.S_IMODE(record.password_file.stat().st_mode) == 0o600
    assert (takes(record, old), takes(record, new)) == (False, True)

    def read(_: int) -> list[dict]:
        return graph.run("CALL db.ping() YIELD success RETURN success", {})

    with ThreadPoolExecutor(8) as threads:  # more than the one open connection
        assert list(threads.map(read, range(32))) == [[{"success": True}]] * 32
    home = server_settings.home
    logs = [path for path in (home / "server" / "logs").iterdir() if path.is_file()]
    assert not [path for path in logs if new.encode() in path.read_bytes()]


def test_a_rotation_that_is_killed_leaves_a_password_that_works(
    server_settings: Settings, record: server.ServerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_file = record.password_file.with_suffix(".new")
    before = record.password()
    new_file.write_text("written, but not taken by the server")
    assert server.start(server_settings) == record
    assert (record.password(), new_file.exists()) == (before, False)

    def kill(_: Settings) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(change, "_take_new", kill)
        with pytest.raises(KeyboardInterrupt):
            server.rotate_password(server_settings)
    assert (record.password(), new_file.exists()) == (before, True)
    assert not takes(record, before)
    assert server.start(server_settings) == record
    assert not new_file.exists()
    assert takes(record, record.password())


def test_status_of_an_answering_server_has_the_time_of_the_answer(
    server_settings: Settings, record: server.ServerRecord
) -> None:
    found = status.read_status(server_settings)
    assert (found.state, found.record) == ("answering", record)
    assert 0 < found.milliseconds < 4000


def test_a_suspended_server_runs_and_does_not_answer(
    server_settings: Settings, record: server.ServerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(record.pid, signal.SIGSTOP)
    try:
        found = status.read_status(server_settings)
        assert (found.state, found.record) == ("not answering", record)
        assert f"kill -CONT {record.pid}" in found.reason
        silent = status.explain_silence(server_settings, record)
        assert silent.message.endswith(f"(process {record.pid}) is suspended.")
        assert f"kill -CONT {record.pid}" in silent.advice
        # As one that is busy with something else, which nothing but its silence shows.
        monkeypatch.setattr(status, "_is_suspended", lambda _: False)
        monkeypatch.setattr(status, "SECONDS_TO_ANSWER", 1.0)
        begin = time.monotonic()
        found = status.read_status(server_settings)
        assert (found.state, found.reason) == ("not answering", "it gave no answer within 1 s")
        assert time.monotonic() - begin < 3
        silent = status.explain_silence(server_settings, record)
        assert silent.message.endswith("runs and does not answer.")
    finally:
        os.kill(record.pid, signal.SIGCONT)
    assert status.read_status(server_settings).state == "answering"
