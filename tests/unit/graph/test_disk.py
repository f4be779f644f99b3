"""Room on the disk of a home, the reserve, batches by bytes, and why a graph does not open."""

from __future__ import annotations

import errno
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from isthmus.graph.database.batches import BATCH_BYTES, cut_batches, parameter_bytes, row_bytes
from isthmus.graph.server import disk
from isthmus.graph.server.failures import DiskFull, ServerError, explain_failure
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.health import (
    DatabaseState,
    explain_failed_database,
    has_torn_log,
    mark_full_disk,
    saw_full_disk,
)

TORN = (
    "java.lang.RuntimeException: failed\n\tat a.b(C.java:1)\n"
    "Caused by: java.lang.IllegalStateException: Failure to read transaction log file number 0. "
    "Unreadable bytes are encountered after last readable position.\n\tat a.b(C.java:1)\n"
    "Caused by: java.io.IOException: -1. At position LogPosition{logVersion=0, byteOffset=53}"
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 MB, mounted for one test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(home=tmp_path / "server", jars=tmp_path / "jars", logs=tmp_path / "logs")
    (made.home / "logs").mkdir(parents=True)
    return made


def log_failed_start(folders: Folders, stack: str, before: str = "") -> None:
    start = "Creating 'DatabaseId{00000000[system]}'."
    lines = [
        {"message": start},
        {"message": before},
        {"message": start},
        {"message": "Failed to start DatabaseId{0a[neo4j]}", "stacktrace": stack},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folders.home / "logs" / "debug.log").write_text(text)


FAILED = DatabaseState("read-write", "offline", "An error occurred! Unable to start.")


def test_too_little_room_is_named_with_what_is_free_and_needed(tmp_path):
    with pytest.raises(DiskFull, match=r"disk full: \d+ MB free, 1073741824 MB needed in"):
        disk.check_room(tmp_path / "not" / "there" / "yet", 1 << 50)


def test_read_only_disk_is_named(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ServerError, match="read-only"):
        disk.check_room(small_disk, 0)
    with pytest.raises(ServerError, match="read-only"):
        disk.keep_reserve(small_disk / "home")


def test_reserve_takes_its_room_and_gives_it_back(small_disk):
    before = disk.free_bytes(small_disk)
    disk.keep_reserve(small_disk)
    assert before - disk.free_bytes(small_disk) >= disk.RESERVE_BYTES
    disk.keep_reserve(small_disk)
    disk.free_reserve(small_disk)
    assert before - disk.free_bytes(small_disk) < 1 << 20


def test_reserve_without_room_is_a_full_disk_and_leaves_nothing(small_disk):
    (small_disk / "file").write_bytes(bytes(20 << 20))
    with pytest.raises(DiskFull, match="disk full: 20 MB free, 32 MB needed"):
        disk.keep_reserve(small_disk)
    assert list((small_disk / "server").iterdir()) == []


def test_used_up_quota_is_a_full_disk(tmp_path):
    error = disk.explain_disk_error(errno.EDQUOT, tmp_path)
    assert re.search(r"disk full: 0 MB free within the quota of this user, 48 MB", str(error))
    assert disk.explain_disk_error(errno.EACCES, tmp_path) is None


def test_batch_of_long_texts_is_cut_by_bytes_and_of_short_ones_by_rows():
    texts = ["x" * 3_000_000] * 5 + ["y"] * 20 + ["z" * (BATCH_BYTES + 1)] + ["y"]
    rows = pl.DataFrame({"text": texts, "weight": 1.0})
    batches = list(cut_batches(rows, 10))
    assert pl.concat(batches).equals(rows)
    assert all(
        len(batch) == 1 or (len(batch) <= 10 and row_bytes(batch).sum() <= BATCH_BYTES)
        for batch in batches
    )
    assert len(batches) <= 8
    assert list(cut_batches(rows[:0], 10)) == []


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (["abc", None, "é"], 5),
        ([["ab", "c"], None, []], 3),
        (pl.Series([[1.0, 2.0], None], dtype=pl.List(pl.Float32)), 16),
        (pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float32, 2)), 16),
        ([True, None], 16),
    ],
)
def test_rows_are_as_large_as_their_texts_and_numbers(value, size):
    frame = pl.DataFrame({"column": value})
    assert row_bytes(frame).sum() - len(frame) == size


def test_parameters_are_as_large_as_their_texts_and_numbers():
    rows = [{"text": "abcd", "vector": [0.5] * 100}] * 2_000
    assert parameter_bytes({"rows": rows}) == pytest.approx(2_000 * (4 + 10 + 800), rel=0.01)


def test_graph_that_does_not_open_is_named_with_its_reason_and_the_way_out(folders):
    log_failed_start(folders, TORN)
    error = explain_failed_database(folders, FAILED)
    assert "Unreadable bytes are encountered" in error.message
    assert "isthmus restore" in error.advice


def test_graph_that_does_not_open_for_want_of_room_is_not_called_damaged(folders):
    log_failed_start(folders, "a\nCaused by: java.io.IOException: No space left on device")
    error = explain_failed_database(folders, FAILED)
    assert "the disk is full" in error.message
    assert "restore" not in error.advice


def test_unreadable_log_is_torn_only_if_the_disk_was_full(folders):
    log_failed_start(folders, TORN)
    error = explain_failed_database(folders, FAILED)
    assert not has_torn_log(folders, error)
    mark_full_disk(folders)
    assert has_torn_log(folders, error)


def test_full_disk_of_the_last_run_is_found_in_its_log(folders):
    log_failed_start(folders, TORN, before="Database panic: No space left on device")
    assert has_torn_log(folders, explain_failed_database(folders, FAILED))


def test_log_that_a_full_disk_tore_may_take_all_of_the_heap(folders, tmp_path):
    console = tmp_path / "server.log"
    console.write_text("Terminating due to java.lang.OutOfMemoryError: Java heap space\n")
    error = explain_failure("Neo4j did not start", console)
    log_failed_start(folders, "")
    assert not has_torn_log(folders, error)
    mark_full_disk(folders)
    assert has_torn_log(folders, error)


def test_full_disk_is_known_by_what_the_server_says_where_its_log_had_no_room(folders):
    log_failed_start(folders, "", before="Database panic: The database has encountered a crit")
    assert not saw_full_disk(folders)
    assert saw_full_disk(folders, "No space left on device")


@pytest.mark.parametrize(
    ("line", "reason", "advice"),
    [
        ("java.lang.OutOfMemoryError: Map failed", "not have enough memory", "Lower ISTHMUS_"),
        ("java.lang.OutOfMemoryError: Java heap space", "heap is too small", "Raise ISTHMUS_"),
        ("Initial heap size set to a larger value", "not have enough memory", "Lower ISTHMUS_"),
        ("java.io.IOException: Disk quota exceeded", "disk is full", "Free some disk"),
        ("Read-only file system", "read-only", "Mount it"),
    ],
)
def test_log_of_the_server_names_the_reason(tmp_path, line, reason, advice):
    log = tmp_path / "server.log"
    log.write_text(f"{line}\n")
    error = explain_failure("Neo4j did not start", log)
    assert reason in error.message
    assert advice in error.advice
