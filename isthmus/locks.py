"""Locks between commands on one machine: a lock file that names who holds it.

The lock is `flock`, which the system releases when its holder ends in whatever way; the content of
the file is only for people who wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from isthmus.errors import Locked
from isthmus.files import make_folder, open_private

logger = logging.getLogger("isthmus")

POLL_SECONDS = 0.1
PROC_LOCKS = Path("/proc/locks")


@contextlib.contextmanager
def hold_lock(path: Path, seconds: float) -> Iterator[None]:
    """Holds the lock of a file during the block; waits for another holder.

    Args:
        path: The lock file, created if missing, with its folder.
        seconds: Longest time to wait for another holder.

    Raises:
        Locked: Another process still holds it after that time; the message names the process.
        OSError: The file cannot be opened or created, or is a symbolic link.
    """
    make_folder(path.parent)
    with open_private(path) as file:
        if not _try(file):
            logger.info("Waiting at most %.0f s for %s.", seconds, describe_holder(path))
            _wait(file, path, seconds)
        _write_holder(file)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                file.truncate(0)


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Holds the lock of a file during the block if it is free; yields whether it was."""
    make_folder(path.parent)
    with open_private(path) as file:
        taken = _try(file)
        if taken:
            _write_holder(file)
        yield taken


def describe_holder(path: Path) -> str:
    """Describes the process that holds a lock: its pid, command and since when."""
    pid = _pid_of_holder(path)
    stored = _read_holder(path)
    if pid is None or pid == stored.get("pid"):
        if not stored:
            return f"the process that holds {path}"
        return f"process {stored['pid']} ({stored['command']}), running since {stored['since']}"
    import psutil

    try:
        process = psutil.Process(pid)
        since = datetime.fromtimestamp(process.create_time(), UTC).astimezone()
        return f"process {pid} ({process.name()}), running since {since:%Y-%m-%d %H:%M:%S}"
    except psutil.Error:
        return f"process {pid}"


def _try(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(file: BinaryIO, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _try(file):
        if time.monotonic() > deadline:
            raise Locked(
                f"The lock {path} is held by {describe_holder(path)}; this command has waited "
                f"{seconds:.0f} s for it.",
                "Wait until that process ends, or end it, and run the command again.",
            )
        time.sleep(POLL_SECONDS)


def _write_holder(file: BinaryIO) -> None:
    # Of the arguments only the name of the command: others can be somebody's words.
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]).strip() or "python"
    since = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
    document = {"pid": os.getpid(), "command": command, "since": since}
    with contextlib.suppress(OSError):  # a full disk is no reason not to stop a server
        file.seek(0)
        file.truncate()
        file.write(json.dumps(document).encode())
        file.flush()


def _read_holder(path: Path) -> dict[str, object]:
    """Returns pid, command and since from a lock file; nothing if its holder wrote none."""
    try:
        stored = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    complete = isinstance(stored, dict) and {"pid", "command", "since"} <= stored.keys()
    return stored if complete else {}


def _pid_of_holder(path: Path) -> int | None:
    """Returns the pid of whoever holds a lock, from Linux's list of locks, or None."""
    try:
        inode = path.stat().st_ino
        lines = PROC_LOCKS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if words[1] == "FLOCK" and words[5].rpartition(":")[2] == str(inode):
            return int(words[4]) or None
    return None
