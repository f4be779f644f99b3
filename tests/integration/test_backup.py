"""The graph to a file and back, on real servers of their own."""

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
from isthmus.graph.database.lock import retraining_lock, standstill
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.load import ingest
from isthmus.graph.operations.backup import backup, restore
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.admin_tool import ADMIN_CLASS
from isthmus.graph.server.process import ServerError
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
    """Settings of a home with a graph of synthetic data, whose server runs."""
    settings = Settings(home=fresh_home, neo4j_uri=None)
    write_synthetic(tmp_path / "data", users=120, items=96)
    with connect(settings) as graph:
        ingest(graph, read_dataset(tmp_path / "data"), tmp_path / "data", settings)
    yield settings
    server.stop(settings)


def ask(settings: Settings, text: str) -> list[dict[str, Any]]:
    with connect(settings) as graph:
        return graph.run(text, {})


def admin_tools(home: Path) -> list[psutil.Process]:
    """Every administration tool at work below a home, by the process list alone."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        if ADMIN_CLASS in words and any(str(home) in word for word in words):
            found.append(one)
    return found


def test_a_restore_brings_back_what_was_backed_up_and_a_bad_file_changes_nothing(
    own: Settings, tmp_path: Path
) -> None:
    before, indexes = ask(own, COUNTS), ask(own, INDEXES)
    record = server.find(own)
    assert before[0]["relationships"] > 1000
    file = tmp_path / "a folder" / "备份.dump"
    with pytest.raises(InputError, match="cannot be written"):
        backup(own, file)
    file.parent.mkdir()
    kept = backup(own, file)
    assert kept.bytes == file.stat().st_size > 1000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    found = server.find(own)
    assert record is not None
    assert found is not None
    assert (found.uri, found.password()) == (record.uri, record.password())
    with pytest.raises(InputError, match="is not overwritten"):
        backup(own, file)

    ask(own, "MATCH (u:User) WITH u LIMIT 60 DETACH DELETE u")
    changed = ask(own, COUNTS)
    assert changed != before
    with pytest.raises(InputError, match="has a graph"):
        restore(own, file)
    half = tmp_path / "half.dump"
    half.write_bytes(file.read_bytes()[: kept.bytes // 2])
    with pytest.raises(InputError, match=r"half\.dump cannot be loaded: .*Truncated"):
        restore(own, half, yes=True)
    assert server.find(own) is not None
    assert ask(own, COUNTS) == changed

    restore(own, file, yes=True)
    assert server.find(own) is not None
    assert ask(own, COUNTS) == before
    assert ask(own, INDEXES) == indexes
    assert {row["state"] for row in indexes} == {"ONLINE"}
    assert sorted(one.name for one in (own.home / "server").iterdir() if one.is_dir()) == [
        "conf",
        "data",
        "import",
        "logs",
        "run",
    ]


def test_a_new_home_takes_the_graph_of_a_server_that_was_killed(
    own: Settings, tmp_path: Path
) -> None:
    before = ask(own, COUNTS)
    record = server.find(own)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert server.has_ended(record)
    file = tmp_path / "graph.dump"
    backup(own, file)
    assert server.find(own) is None  # as it was found

    new = shared_home(own, tmp_path / "new")
    try:
        with pytest.raises(NothingToDo, match="has no graph"):
            backup(new, tmp_path / "nothing.dump")
        restore(new, file)
        assert server.find(new) is None
        assert ask(new, COUNTS) == before
    finally:
        server.stop(new)


def test_a_retraining_ends_a_backup_and_waits_for_one(own: Settings, tmp_path: Path) -> None:
    file = tmp_path / "graph.dump"
    record = server.find(own)
    with connect(own) as graph, retraining_lock(graph, 60):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "isthmus.scripts.main", "backup", str(file), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_HOME": str(own.home)},
        )
        assert done.returncode == Locked.exit_code == 75
        assert f"process {os.getpid()} of " in json.loads(done.stdout)["error"]["message"]
        file.touch()
        with pytest.raises(Locked):
            restore(own, file, yes=True)
        assert server.find(own) == record
    held = []

    def retrain() -> None:
        with connect(own) as graph, retraining_lock(graph, 60):
            held.append(time.monotonic())

    waiting = threading.Thread(target=retrain)
    with standstill(own):
        waiting.start()
        waiting.join(3)
        assert not held
        stood_still = time.monotonic()
    waiting.join()
    assert held[0] > stood_still


def test_killed_backups_and_restores_leave_the_graph_whole(own: Settings, tmp_path: Path) -> None:
    before = ask(own, COUNTS)
    file = tmp_path / "graph.dump"
    backup(own, file)
    other = tmp_path / "other.dump"
    for command in (["backup", str(other)], ["restore", str(file), "--yes"]):
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "isthmus.scripts.main", *command, "--home", str(own.home)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        deadline = time.monotonic() + 60
        while not (found := admin_tools(own.home)) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.kill()
        running.wait()
        assert found
        assert not other.exists()
        assert ask(own, COUNTS) == before
        assert server.stop(own)

    # As a restore leaves it that is killed between its two renames.
    folder = own.home / "server"
    (folder / "data").rename(folder / "data.replaced")
    assert ask(own, COUNTS) == before
    assert not (folder / "data.replaced").exists()


def test_with_a_server_of_the_users_the_command_to_run_there_is_said(tmp_path: Path) -> None:
    for command, said in (
        ("backup", "neo4j-admin database dump neo4j --to-stdout > "),
        ("restore", "neo4j-admin database load neo4j --from-stdin --overwrite-destination=true < "),
    ):
        done = subprocess.run(
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
        assert done.returncode == 2
        assert f"{said}'{tmp_path}/a b.dump'" in json.loads(done.stdout)["error"]["advice"]


def test_the_check_of_a_graph_passes_a_sound_one_and_tells_of_a_damaged_one(own: Settings) -> None:
    record = server.find(own)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    before = ask(own, COUNTS)
    server.check_database(own)
    assert server.find(own) is not None
    assert ask(own, COUNTS) == before
    server.stop(own)
    store = own.home / "server/data/databases/neo4j/neostore.relationshipstore.db"
    with store.open("r+b") as file:
        file.seek(8192)
        file.write(bytes(4096))
    with pytest.raises(ServerError, match="The check of the graph failed"):
        server.check_database(own)
