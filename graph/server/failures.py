"""Why a Neo4j process failed: known reasons from its logs, each with a way out."""

from __future__ import annotations

import re
from pathlib import Path

from isthmus.errors import IsthmusError

DISK_FULL = r"No space left on device|[Dd]isk quota exceeded"
READ_ONLY = r"Read-only file system"
OUT_OF_HEAP = r"Java heap space|GC overhead limit"
SMALL_HEAP = "its heap is too small for the work"
FREE_SPACE = "Free some disk space, or set ISTHMUS_HOME to a disk with more space."
REASONS = (
    (
        r"FileLockException|store_lock",
        "another Neo4j server is running on the same home",
        "Stop it (`isthmus server stop`), or use another home (--home).",
    ),
    (DISK_FULL, "the disk is full", FREE_SPACE),
    (
        READ_ONLY,
        "its disk is mounted read-only",
        "Mount it for writing; after an error of the disk, check it first.",
    ),
    (
        OUT_OF_HEAP,
        SMALL_HEAP,
        "Raise ISTHMUS_SERVER_HEAP (1g by default), and run the command again. If Neo4j still does "
        "not start, `isthmus restore FILE --yes` replaces the graph by a backup.",
    ),
    (
        # An OutOfMemoryError that does not name the heap is of threads, mapped files or buffers.
        r"OutOfMemoryError|[Ii]nvalid memory configuration|exceeds physical memory"
        r"|Could not reserve enough space|insufficient memory for the Java|Not enough space"
        r"|Too small (initial|maximum) heap|Initial heap size|Invalid maximum heap size"
        r"|[Nn]ative memory allocation",
        "the machine does not have enough memory",
        "Lower ISTHMUS_SERVER_HEAP (1g by default) or ISTHMUS_SERVER_PAGE_CACHE (512m).",
    ),
    (
        r"AccessDeniedException|Permission denied",
        "a file of its home cannot be read or written",
        "Change the owner of the files to the user who runs isthmus.",
    ),
)


class ServerError(IsthmusError):
    """The Neo4j server of the home does not start, does not stop or does not answer."""


class PortTakenError(ServerError):
    """Another program took the port between its choice and its use."""


class PasswordRefused(ServerError):
    """The server of the home refuses the password in its file."""


class NotOurServer(ServerError):
    """A connection does not end in the server's process; the password was not sent."""

    def __init__(self, port: int, pid: int) -> None:
        super().__init__(
            f"What answers at port {port} of this machine is not the Neo4j server of this home, "
            f"process {pid}; the password was not sent.",
            "Run the command again: it starts the server if it has ended.",
        )


class DatabaseFailed(ServerError):
    """The server runs, but it cannot open the graph, or has given it up until its next start."""


class DiskFull(ServerError):
    """A disk has less room than a write needs.

    Attributes:
        folder: A folder on the disk.
        free: Free bytes.
        needed: Needed bytes.
    """

    def __init__(self, folder: Path, free: int, needed: int, within: str = "") -> None:
        self.folder, self.free, self.needed = folder, free, needed
        super().__init__(
            f"disk full: {free >> 20} MB free{within}, {-(-needed >> 20)} MB needed in {folder}; "
            "everything that was committed is in the graph.",
            "Free some disk space and run the command again, or set ISTHMUS_HOME to a disk with "
            "more space.",
        )


def known_reason(text: str) -> tuple[str, str] | None:
    """Returns the reason of a failure that a text of Neo4j names, with a way out; None without."""
    found = ((reason, way) for pattern, reason, way in REASONS if re.search(pattern, text))
    return next(found, None)


def explain_failure(what: str, *logs: Path) -> ServerError:
    """Returns an error with the reason why the server or the administration tool failed.

    Args:
        what: What failed, for example "Neo4j did not start".
        logs: Logs of the process, searched for known reasons; the first is named in the advice.
    """
    text = "\n".join(path.read_text(errors="replace") for path in logs if path.exists())
    if re.search(r"PortBindException|Address already in use", text):
        return PortTakenError(
            f"{what}: another program took its port, several times in a row.",
            f"Run the command again; it chooses another port. Log: {logs[0]}",
        )
    if known := known_reason(text):
        return ServerError(f"{what}: {known[0]}.", f"{known[1]} Log: {logs[0]}")
    lines = (line.strip() for line in reversed(text.splitlines()) if re.search(r"\w", line))
    last = next(lines, "")
    return ServerError(f"{what}; the last line of its log: {last or '(none)'}", f"Log: {logs[0]}")
