"""Why a Neo4j process failed: known reasons from its logs, each with a way out."""

from __future__ import annotations

import re
from pathlib import Path

from isthmus.errors import IsthmusError

REASONS = (
    (
        r"FileLockException|store_lock",
        "another Neo4j server is running on the same home",
        "Stop it (`isthmus server stop`), or use another home (--home).",
    ),
    (
        r"No space left on device",
        "the disk is full",
        "Free some disk space, or set ISTHMUS_HOME to a disk with more space.",
    ),
    (
        r"[Ii]nvalid memory configuration|exceeds physical memory|Could not reserve enough space"
        r"|insufficient memory for the Java|Not enough space|Too small (initial|maximum) heap"
        r"|Initial heap size|Invalid maximum heap size|OutOfMemoryError",
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
    for pattern, reason, advice in REASONS:
        if re.search(pattern, text):
            return ServerError(f"{what}: {reason}.", f"{advice} Log: {logs[0]}")
    lines = (line.strip() for line in reversed(text.splitlines()) if re.search(r"\w", line))
    last = next(lines, "")
    return ServerError(f"{what}; the last line of its log: {last or '(none)'}", f"Log: {logs[0]}")
