"""A disk that fills up under isthmus's own server: a real server on a small disk."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isthmus.errors import IsthmusError
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.failures import DatabaseFailed, DiskFull
from isthmus.graph.server.scratch import shared_home
from isthmus.settings import Settings

GIVEN_UP = r"append transaction|critical error|No space|read-only"
COUNT = "MATCH (u:User) RETURN count(u) AS users"
CREATE = "UNWIND range(1, $n) AS k CREATE (:User {id: $batch + '-' + k, text: $text})"


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory, server_settings: Settings
) -> Iterator[Settings]:
    """Settings of a home on a disk of 260 MB, whose server is started once."""
    folder = tmp_path_factory.mktemp("small-disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=260m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    small = {"server_page_cache": "64m", "server_heap": "512m"}
    settings = shared_home(server_settings, folder / "home").model_copy(update=small)
    yield settings
    server.stop(settings)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def ballast(small: Settings) -> Iterator[Path]:
    """A file that takes all of the disk once it is written by `fill`."""
    file = small.home / "ballast"
    yield file
    file.unlink(missing_ok=True)


def fill(file: Path) -> None:
    status = os.statvfs(file.parent)
    with file.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, status.f_bavail * status.f_frsize)


def create(graph: Graph, batch: str, n: int, text: str = "") -> None:
    graph.run(CREATE, {"n": n, "batch": batch, "text": text})


def users(settings: Settings) -> int:
    with connect(settings) as graph:
        return graph.run(COUNT, {}, "r")[0]["users"]


def test_write_on_a_full_disk_is_refused_before_it_is_sent_and_reads_go_on(small, ballast):
    with connect(small) as graph:
        create(graph, "before", 10)
        fill(ballast)
        with pytest.raises(DiskFull, match=r"disk full: 0 MB free, 49 MB needed"):
            create(graph, "full", 10)
        ballast.unlink()
        create(graph, "after", 10)
    assert users(small) == 20


def test_disk_that_fills_up_within_a_transaction_costs_nothing_that_was_committed(small, ballast):
    before = users(small)
    with connect(small) as graph:
        own, graph.own_server = graph.own_server, None  # as if there was room at the check
        fill(ballast)
        committed = 0
        with pytest.raises(IsthmusError, match=GIVEN_UP):  # noqa: PT012
            for batch in range(40):
                create(graph, f"torn-{batch}", 1_000, "x" * 500)
                committed += 1_000
        graph.own_server = own
        with pytest.raises(DiskFull, match="disk full: 0 MB free"):
            graph.run(COUNT, {}, "r")
    with pytest.raises(DiskFull, match="disk full"):
        users(small)
    ballast.unlink()
    assert users(small) == before + committed
    assert (small.home / "server" / "reserve").exists()


def test_server_that_gave_its_graph_up_is_started_again_by_the_next_command(small, ballast):
    before = users(small)
    with connect(small) as graph:
        graph.own_server = None
        fill(ballast)
        with pytest.raises(IsthmusError, match=GIVEN_UP):  # noqa: PT012
            for batch in range(40):
                create(graph, f"again-{batch}", 1_000, "x" * 500)
                before += 1_000
    pid = server.find(small).pid
    ballast.unlink()
    assert users(small) == before
    assert server.find(small).pid != pid


def test_damaged_log_is_named_within_seconds_and_a_backup_is_restored(small, tmp_path):
    from isthmus.graph.operations import create_backup, restore_backup

    before = users(small)
    backup = tmp_path / "graph.dump"
    create_backup(small, backup)
    with connect(small) as graph:
        create(graph, "lost", 1_000, "x" * 500)
    os.kill(server.find(small).pid, 9)
    written = b"x" * 64  # of the last transaction; the file after it may be only allocated
    logs = (small.home / "server/data/transactions/neo4j").glob("neostore*")
    log = max((log for log in logs if written in log.read_bytes()), key=lambda log: log.name)
    content = log.read_bytes()
    at = content.rindex(written) - 40_000
    log.write_bytes(content[:at] + b"\xff" * 100 + content[at + 100 :])
    (small.home / "server/logs/debug.log").write_text("")
    started = time.monotonic()
    with pytest.raises(DatabaseFailed, match="does not open") as caught:
        users(small)
    assert "isthmus restore" in caught.value.advice
    assert time.monotonic() - started < server.SECONDS_TO_STOP
    assert server.find(small) is None
    restore_backup(small, backup, yes=True)
    assert users(small) == before
