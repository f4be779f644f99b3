"""Room on the disk of a home: what a write needs, and a reserve for a clean stop of the server.

A server that runs out of disk in the middle of a transaction gives up its database until it is
started again. Commands therefore check the room before they write, by the size of what they write.
The reserve is a file of the home that is deleted where the disk is full, so that the server has
room to write what it has in memory and to stop.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from isthmus.graph.server.failures import READ_ONLY, DiskFull, ServerError

MEGABYTE = 1 << 20
RESERVE_BYTES = 32 * MEGABYTE
ROOM_TO_START = 64 * MEGABYTE
"""Preallocated transaction logs of a new home, and files that a start rewrites."""
ROOM_TO_WRITE = 48 * MEGABYTE
"""The next file of the transaction log and the pages of a checkpoint; with less nothing is sent."""
ERRORS = {
    r"No space left on device|out of disk space": errno.ENOSPC,
    r"[Dd]isk quota exceeded": errno.EDQUOT,
    READ_ONLY: errno.EROFS,
}
"""What Neo4j says of failed writes, with their `errno`."""
GROWTH = 6
"""Bytes on disk for a byte of parameters: transaction log, nodes or relationships, and indexes."""


def check_room(folder: Path, needed: int) -> None:
    """Checks that the disk of a folder, which need not exist yet, has room.

    Args:
        folder: Any folder on the disk.
        needed: Bytes.

    Raises:
        DiskFull: The disk has less.
        ServerError: The disk is mounted read-only.
    """
    folder = _existing(folder)
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise _read_only(folder)
    if (free := free_bytes(folder)) < needed:
        raise DiskFull(folder, free, needed)


def free_bytes(folder: Path) -> int:
    """Returns the free bytes on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(_existing(folder)).free


def keep_reserve(home: Path) -> None:
    """Creates the reserve of a home unless it is there.

    Blocks are written, not only counted, so that this also finds a quota that is used up.

    Raises:
        DiskFull: The disk or the quota has no room for the reserve.
        ServerError: The disk is read-only.
    """
    file = reserve_file(home)
    if file.exists():
        return
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as empty:
            empty.write(bytes(RESERVE_BYTES))
            os.fsync(empty.fileno())  # the error of a full disk may come only here
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise explain_disk_error(error.errno, home, RESERVE_BYTES) or error from error


def free_reserve(home: Path) -> None:
    """Deletes the reserve of a home, so that a server on a full disk can stop."""
    with suppress(OSError):
        reserve_file(home).unlink(missing_ok=True)


def reserve_file(home: Path) -> Path:
    """Returns the path of the reserve of a home."""
    return home / "server" / "reserve"


def explain_disk_error(
    number: int | None, folder: Path, needed: int = ROOM_TO_WRITE
) -> ServerError | None:
    """Returns the error for a full or read-only disk or a used-up quota; None for another error.

    Args:
        number: `errno` of a failed write.
        folder: Folder of the written file.
        needed: Bytes that are needed there.
    """
    if number == errno.ENOSPC:
        return DiskFull(folder, free_bytes(folder), needed)
    if number == errno.EDQUOT:
        return DiskFull(folder, 0, needed, within=" within the quota of this user")
    return _read_only(folder) if number == errno.EROFS else None


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def _read_only(folder: Path) -> ServerError:
    return ServerError(
        f"The disk of {folder} is mounted read-only; nothing can be written.",
        "Mount it for writing (after an error of the disk, check it first), or use another home "
        "(--home).",
    )
