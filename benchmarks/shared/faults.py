"""Faults while a command runs: a full disk, a server that has no memory or does not go on.

Each is a context manager: the fault lasts for the block, or shorter.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from isthmus.errors import IsthmusError
from isthmus.graph import server
from isthmus.graph.database import connect
from isthmus.settings import Settings
from shared.ledger import Violation

DISK_MB = 1400
FROZEN_SECONDS = (1.0, 20.0)
HUNGRY = "UNWIND range(1, 100000000) AS x WITH collect(toString(x)) AS all RETURN size(all)"
HUNGRY_SESSIONS = 4
SET_AHEAD = (
    "MATCH (l:Lock {name: 'retrain'}) WHERE l.owner IS NOT NULL "
    "SET l.since = l.since + duration('P1D'), l.expires_at = l.expires_at + duration('P1D') "
    "RETURN l.owner AS owner"
)


@contextmanager
def killed_server(settings: Settings) -> Iterator[None]:
    """Ends the server's process with SIGKILL before the block."""
    os.kill(_server_pid(settings), signal.SIGKILL)
    yield


@contextmanager
def frozen_server(settings: Settings, rng: Random) -> Iterator[None]:
    """Stops the server's process with SIGSTOP, and lets it go on after some seconds."""
    pid = _server_pid(settings)
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(rng.uniform(*FROZEN_SECONDS), os.kill, (pid, signal.SIGCONT))
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def no_memory(settings: Settings) -> Iterator[None]:
    """Lets sessions take all memory that the server gives to transactions, again and again."""
    ended = threading.Event()

    def eat() -> None:
        while not ended.is_set():
            with suppress(IsthmusError), connect(settings, migrated=False) as graph:
                graph.run(HUNGRY, {})

    threads = [threading.Thread(target=eat, daemon=True) for _ in range(HUNGRY_SESSIONS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def filled_disk(folder: Path, rest: int) -> Iterator[None]:
    """Fills the disk of a folder, but for `rest` kilobytes, during the block."""
    ballast = folder.parent / "ballast"
    try:
        with ballast.open("wb") as file:
            for _ in range(3):  # others write meanwhile
                status = os.statvfs(folder)
                free = status.f_bavail * status.f_frsize - rest * 1024
                if free > 0:
                    try:
                        os.posix_fallocate(file.fileno(), file.seek(0, 2), free)
                    except OSError:
                        continue
        yield
    finally:
        ballast.unlink()


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mounts a small disk (tmpfs) during the block.

    Raises:
        Violation: This user may not mount.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = f"size={DISK_MB}m,mode=700"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if subprocess.run(command).returncode:
            raise Violation("This machine mounts no disk for this user; run it as root.")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def set_clock_back(settings: Settings) -> bool:
    """Makes the lock of a killed run what it is after the server's clock was set back by a day.

    Returns:
        Whether a lock was held.
    """
    with connect(settings) as graph:
        return bool(graph.run(SET_AHEAD, {}))


def _server_pid(settings: Settings) -> int:
    record = server.find(settings)
    if record is None:
        raise Violation("The server has ended by itself.")
    return record.pid
