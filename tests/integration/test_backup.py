"""Backup and restore of the graph, on real servers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from isthmus.errors import InputError, Locked, NothingToDo
from isthmus.graph.database.lock import offline_server, retraining_lock
from isthmus.graph.database.migrations import expected_indexes
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.operations.backup import create_backup
from isthmus.graph.operations.backup_file import description_path
from isthmus.graph.operations.restore import restore_backup, verify_backup
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.admin_tool import ADMIN_CLASS
from isthmus.graph.server.databases import check_database
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.scratch import scratch, shared_home
from isthmus.graph.server.status import has_exited
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings
from tests.conftest import share_caches

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (
    "MATCH (n) WHERE NOT n:Lock WITH count(n) AS nodes MATCH ()-[r]->() "
    "RETURN nodes, count(r) AS relationships, round(sum(r.weight), 3) AS weights"
)
INDEXES = "SHOW INDEXES YIELD name, state RETURN name, state ORDER BY name"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `server` of a home with a graph of synthetic data, whose server is stopped."""
    folder = tmp_path_factory.mktemp("prepared")
    settings = Settings(home=share_caches(folder / "home"), neo4j_uri=None)
    write_synthetic(folder / "data", users=120, items=96)
    with connect(settings) as graph:
        ingest_dataset(graph, read_dataset(folder / "data"), folder / "data", settings)
    server.stop(settings)
    return settings.home / "server"


@pytest.fixture
def own(prepared: Path, fresh_home: Path) -> Iterator[Settings]:
    """Settings of a home with the prepared graph and a running server."""
    settings = Settings(home=fresh_home, neo4j_uri=None)
    shutil.copytree(prepared, fresh_home / "server")
    server.start(settings)
    yield settings
    server.stop(settings)


def query(settings: Settings, text: str) -> list[dict[str, Any]]:
    with connect(settings) as graph:
        return graph.run(text, {})


def damages(content: bytes) -> dict[str, tuple[bytes, bool]]:
    """Damaged contents of a backup by what was done, and whether a description is beside it."""
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    return {
        "half": (content[:middle], True),
        "half, without a description": (content[:middle], False),
        "one bit": (flipped, True),
        "one bit, without a description": (flipped, False),
    }


@contextmanager
def reads_go_on(settings: Settings) -> Iterator[None]:
    """Fails if a reader, who asks all the time, had to wait for a second during the block."""
    ended, waits = threading.Event(), []

    def read() -> None:
        with connect(settings) as graph:
            while not ended.is_set():
                start = time.monotonic()
                graph.run("MATCH (u:User) RETURN count(u)", {})
                waits.append(time.monotonic() - start)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
    assert len(waits) > 100
    assert max(waits) < 1


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
    assert sorted(file.parent.iterdir()) == [file, description_path(file)]
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
    verified = verify_backup(own, file)
    assert (verified.users, verified.items) == (120, 96)
    with reads_go_on(own):
        for number, (bytes_of, described) in enumerate(damages(file.read_bytes()).values()):
            damaged = tmp_path / f"{number}.dump"
            damaged.write_bytes(bytes_of)
            if described:
                description_path(damaged).write_bytes(description_path(file).read_bytes())
            with pytest.raises(InputError, match=r"is damaged|cannot be loaded|is not a dump"):
                restore_backup(own, damaged, yes=True)
    assert server.find(own) == restarted
    assert query(own, COUNTS) == changed
    assert list((own.home / "scratch").iterdir()) == []

    restored = restore_backup(own, file, yes=True)
    assert 0 < restored.seconds_offline < restored.backup.seconds
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
    assert has_exited(record)
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


def test_a_backup_of_an_older_neo4j_is_restored_with_the_indexes_of_this_one(
    fresh_home: Path,
) -> None:
    settings = Settings(home=fresh_home, neo4j_uri=None)
    file = ROOT / "tests" / "data" / "neo4j-5.26.12.dump"
    assert json.loads(description_path(file).read_text())["neo4j"] == "5.26.12"
    try:
        restored = restore_backup(settings, file)
        assert (restored.backup.users, restored.backup.items) == (3, 4)
        with connect(settings) as graph:
            indexes = {row["name"]: row["state"] for row in graph.run(INDEXES, {})}
            assert expected_indexes(graph.capabilities) <= indexes.keys()
            assert set(indexes.values()) == {"ONLINE"}
            liked = "MATCH (:User {id: 'ana'})-[:INTERACTED]->(i) RETURN i.item_id AS item"
            assert sorted(row["item"] for row in graph.run(liked, {})) == ["b1", "m1"]
    finally:
        server.stop(settings)


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
        with pytest.raises(Locked):
            create_backup(own, tmp_path / "other.dump")
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
    with scratch(own):  # the next command that needs one deletes what a killed one left
        assert len(list((own.home / "scratch").iterdir())) == 1

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


def test_a_folder_keeps_the_newest_backups_and_files_of_other_names(
    own: Settings, tmp_path: Path
) -> None:
    for name in ("monday.dump", "isthmus-20200101-000000.dump", "isthmus-20200102-000000.dump"):
        (tmp_path / name).touch()
        description_path(tmp_path / name).touch()
    with pytest.raises(InputError, match=r"monday\.dump is not a folder"):
        create_backup(own, tmp_path / "monday.dump", keep=2)
    backup = create_backup(own, tmp_path, keep=2)
    assert backup.deleted == [str(tmp_path / "isthmus-20200101-000000.dump")]
    left = {path.name for path in tmp_path.glob("*.dump*")}
    names = {"monday.dump", "isthmus-20200102-000000.dump", Path(backup.file).name}
    assert left == names | {f"{name}.json" for name in names}
