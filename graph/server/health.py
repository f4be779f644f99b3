"""Whether the server of a home can read and write its graph, and why not.

After an error of the disk Neo4j gives a database up: it goes on answering, refuses every
transaction, and has to be started again. The system database knows about it and has the reason.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.graph.server.failures import (
    DISK_FULL,
    SMALL_HEAP,
    DatabaseFailed,
    ServerError,
    known_reason,
)
from isthmus.graph.server.folders import DATABASE, Folders

if TYPE_CHECKING:
    import neo4j

SHOW_DATABASE = (
    "SHOW DATABASE $name YIELD access, currentStatus, statusMessage "
    "RETURN access, currentStatus AS status, statusMessage AS message"
)
UNREADABLE_LOG = r"Unreadable bytes are encountered|Error reading transaction logs"
START_OF_RUN = r"Creating 'DatabaseId\{00000000\[system\]\}'"
LOG_TAIL_BYTES = 4 << 20


@dataclass(frozen=True)
class DatabaseState:
    """State of the graph in its server.

    Attributes:
        access: `read-write`, or `read-only` after the disk had no room for the next log file.
        status: `online`, `starting`, `offline` and others.
        message: Why the server gave the graph up; empty if it did not.
    """

    access: str
    status: str
    message: str

    @property
    def failed(self) -> bool:
        """Whether the graph stays unusable until the server is started again."""
        return bool(self.message) or self.access != "read-write"

    @property
    def reason(self) -> str:
        """Why the graph is unusable, as Neo4j says it."""
        return self.message or "No space left on device for the next transaction log"


def read_state(driver: neo4j.Driver) -> DatabaseState:
    """Reads the state of the graph of isthmus's own server.

    Raises:
        Neo4jError, DriverError: The server does not answer.
    """
    rows = driver.execute_query(SHOW_DATABASE, name=DATABASE, database_="system").records
    return DatabaseState(**rows[0]) if rows else DatabaseState("read-write", "starting", "")


def explain_failed_database(folders: Folders, state: DatabaseState) -> DatabaseFailed:
    """Returns the error for a graph that does not open, with the reason from Neo4j's log."""
    reason = _reason_in_log(folders) or state.reason
    known = known_reason(reason)
    log = folders.home / "logs" / "debug.log"
    restore = "`isthmus restore FILE --yes` replaces it by a backup."
    return DatabaseFailed(
        f"The graph of the home {folders.home.parent} does not open: "
        f"{known[0] if known else reason.rstrip('.')}.",
        f"{known[1] if known else restore} Log: {log}",
    )


def has_torn_log(folders: Folders, error: ServerError) -> bool:
    """Whether the graph does not open because a full disk cut the last transaction off.

    That transaction was never acknowledged, and none follows it: the server had given the graph
    up. Unreadable bytes without a full disk are damage, and are not cut off. Where they state the
    length of an entry, the start may also run out of heap.
    """
    if not re.search(f"{UNREADABLE_LOG}|{SMALL_HEAP}", error.message):
        return False
    return full_disk_mark(folders).exists() or saw_full_disk(folders, runs=2)


def saw_full_disk(folders: Folders, message: str = "", runs: int = 1) -> bool:
    """Whether the server names a full disk or a quota that is used up.

    Args:
        folders: Its folders.
        message: What it says of its graph; its log has no room for it where the disk is full.
        runs: Number of its last runs whose log is searched.
    """
    last = "".join(re.split(START_OF_RUN, _tail(folders))[-runs:])
    return bool(re.search(DISK_FULL, message + last))


def mark_full_disk(folders: Folders) -> None:
    """Notes that the server gave the graph up, for the start that may have to repair its log."""
    with suppress(OSError):  # an empty file mostly has room on a full disk
        full_disk_mark(folders).touch(mode=0o600)


def full_disk_mark(folders: Folders) -> Path:
    """Returns the path of the mark that `mark_full_disk` leaves."""
    return folders.home / "disk-was-full"


def _reason_in_log(folders: Folders) -> str | None:
    """Returns the cause of the last failed start of the graph."""
    for line in reversed(_tail(folders).splitlines()):
        if "Failed to start DatabaseId" in line and f"[{DATABASE}]" in line:
            with suppress(ValueError, TypeError, KeyError):
                stack = str(json.loads(line)["stacktrace"])
                causes = [
                    cause.partition(": ")[2].partition(" To force")[0]  # advice for experts
                    for cause in re.findall(r"^Caused by: (.+)$", stack, re.MULTILINE)
                ]
                named = [cause for cause in causes if known_reason(cause)]
                unreadable = [cause for cause in causes if re.search(UNREADABLE_LOG, cause)]
                return next(iter([*named, *reversed(unreadable), *reversed(causes)]), None)
    return None


def _tail(folders: Folders) -> str:
    """Returns the end of Neo4j's detailed log, which covers the last starts."""
    with suppress(OSError), (folders.home / "logs" / "debug.log").open("rb") as log:
        log.seek(max(0, log.seek(0, 2) - LOG_TAIL_BYTES))
        return log.read().decode(errors="replace")
    return ""
