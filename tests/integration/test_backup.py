"""Backup and restore of the graph, on real servers."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from isthmus.errors import InputError, Locked, NothingToDo
from isthmus.graph.database.lock import offline_server, retraining_lock
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.operations.backup import create_backup, restore_backup
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.admin_tool import ADMIN_CLASS
from isthmus.graph.server.databases import check_database
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.scratch import shared_home
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (
    "MATCH (n) WHERE NOT n:Lock WITH count(n) AS nodes MATCH ()-[r]->() "
    "RETURN nodes, count(r) AS relationships, round(sum(r.weight), 3) AS weights"
)
INDEXES = "SHOW INDEXES YIELD name, state RETURN name, state ORDER BY name"


@pytest.fixture
def own(fresh_home: Path, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a home with a graph of synthetic data and a running server."""
    settings = Settings(home=fresh_home, neo4j_uri=None)
    write_synthetic(tmp_path / "data", users=120, items=96)
    with connect(settings) as graph:
        ingest_dataset(graph, read_dataset(tmp_path / "data"), tmp_path / "data", settings)
    yield settings
    server.stop(settings)


def query(settings: Settings, text: str) -> list[dict[str, Any]]:
    with connect(settings) as graph:
        return graph.run(text, {})


def admin_tools(home: Path) -> list[psutil.Process]:
    """Returns the administration tools running on a home, from the process list only."""
    tools = []
    for candidate in psutil.process_iter(["cmdline"]):
        words = candidate.info["cmdline"] or []
        if ADMIN_CLASS in words and any(str(home) in word for word in words):
            tools.append(candidate)
    return tools


def test_a_restore_brings_back_the_backup_and_a_damaged_file_changes_nothing(
    own: Settings, tmp_path: Path
) -> None:
    before, indexes = query(own, COUNTS), query(own, INDEXES)
    record = server.find(own)
    assert before[0]["relationships"] > 1000
    file = tmp_path / "a folder" / "备份.dump"
    with pytest.raises(InputError, match="cannot be written"):
        create_backup(own, file)
    file.parent.mkdir()
    backup = create_backup(own, file)
    assert backup.bytes == file.stat().st_size > 1000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    restarted = server.find(own)
    assert record is not None
    assert restarted is not None
    assert (restarted.uri, restarted.password()) == (record.uri, record.password())
    with pytest.raises(InputError, match="is not overwritten"):
        create_backup(own, file)

    query(own, "MATCH (u:User) WITH u LIMIT 60 DETACH DELETE u")
    changed = query(own, COUNTS)
    assert changed != before
    with pytest.raises(InputError, match="has a graph"):
        restore_backup(own, file)
    half = tmp_path / "half.dump"
    half.write_bytes(file.read_bytes()[: backup.bytes // 2])
    with pytest.raises(InputError, match=r"half\.dump cannot be loaded: .*Truncated"):
        restore_backup(own, half, yes=True)
    assert server.find(own) is not None
    assert query(own, COUNTS) == changed

    restore_backup(own, file, yes=True)
    assert server.find(own) is not None
    assert query(own, COUNTS) == before
    assert query(own, INDEXES) == indexes
    assert {row["state"] for row in indexes} == {"ONLINE"}
    assert sorted(path.name for path in (own.home / "server").iterdir() if path.is_dir()) == [
        "conf",
        "data",
        "import",
        "logs",
        "run",
    ]


def test_the_graph_of_a_killed_server_can_be_restored_in_a_new_home(
    own: Settings, tmp_path: Path
) -> None:
    before = query(own, COUNTS)
    record = server.find(own)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert server.has_exited(record)
    file = tmp_path / "graph.dump"
    create_backup(own, file)
    assert server.find(own) is None  # not running, as before the backup

    new = shared_home(own, tmp_path / "new")
    try:
        with pytest.raises(NothingToDo, match="has no graph"):
            create_backup(new, tmp_path / "nothing.dump")
        restore_backup(new, file)
        assert server.find(new) is None
        assert query(new, COUNTS) == before
    finally:
        server.stop(new)


def test_a_backup_is_refused_during_a_retraining_and_a_retraining_waits_for_a_backup(
    own: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "graph.dump"
    record = server.find(own)
    with connect(own) as graph, retraining_lock(graph, 60):
        result = subprocess.run(
            [sys.executable, "-P", "-m", "isthmus.scripts.main", "backup", str(file), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_HOME": str(own.home)},
        )
        assert result.returncode == Locked.exit_code == 75
        assert f"process {os.getpid()} of " in json.loads(result.stdout)["error"]["message"]
        file.touch()
        with pytest.raises(Locked):
            restore_backup(own, file, yes=True)
        assert server.find(own) == record
    lock_times = []

    def retrain() -> None:
        with connect(own) as graph, retraining_lock(graph, 60):
            lock_times.append(time.monotonic())

    waiting = threading.Thread(target=retrain)
    with offline_server(own):
        waiting.start()
        waiting.join(3)
        assert not lock_times
        offline_until = time.monotonic()
    waiting.join()
    assert lock_times[0] > offline_until


def test_killed_backups_and_restores_leave_the_graph_intact(own: Settings, tmp_path: Path) -> None:
    before = query(own, COUNTS)
    file = tmp_path / "graph.dump"
    create_backup(own, file)
    other = tmp_path / "other.dump"
    for command in (["backup", str(other)], ["restore", str(file), "--yes"]):
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "isthmus.scripts.main", *command, "--home", str(own.home)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        deadline = time.monotonic() + 60
        while not (tools := admin_tools(own.home)) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.kill()
        running.wait()
        assert tools
        assert not other.exists()
        assert query(own, COUNTS) == before
        assert server.stop(own)

    # The state that a restore leaves behind if it is killed between its two renames.
    folder = own.home / "server"
    (folder / "data").rename(folder / "data.replaced")
    assert query(own, COUNTS) == before
    assert not (folder / "data.replaced").exists()


def test_if_neo4j_uri_is_set_the_advice_has_the_command_for_that_server(tmp_path: Path) -> None:
    for command, advice in (
        ("backup", "neo4j-admin database dump neo4j --to-stdout > "),
        ("restore", "neo4j-admin database load neo4j --from-stdin --overwrite-destination=true < "),
    ):
        result = subprocess.run(
            [sys.executable, "-P", "-m", "isthmus.scripts.main", command, "a b.dump", "--json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "NEO4J_URI": "neo4j://graph.example",
                "ISTHMUS_HOME": str(tmp_path),
            },
        )
        assert result.returncode == 2
        assert f"{advice}'{tmp_path}/a b.dump'" in json.loads(result.stdout)["error"]["advice"]


def test_the_consistency_check_passes_an_intact_graph_and_fails_a_damaged_one(
    own: Settings,
) -> None:
    record = server.find(own)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    before = query(own, COUNTS)
    check_database(own)
    assert server.find(own) is not None
    assert query(own, COUNTS) == before
    server.stop(own)
    store = own.home / "server/data/databases/neo4j/neostore.relationshipstore.db"
    with store.open("r+b") as file:
        file.seek(8192)
        file.write(bytes(4096))
    with pytest.raises(ServerError, match="The consistency check of the graph failed"):
        check_database(own)
