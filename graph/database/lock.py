"""The retraining lock: a node in the graph, so that one run holds it across machines.

It is a lease, as in Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for
distributed file cache consistency", 1989: a running holder renews it in time, and the lease of a
killed one expires by the server's clock. Nothing relies on the holder's clock: the transaction that
promotes a generation checks that the run still holds the lock. Operations that stop the server take
the lock too.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from isthmus.errors import InputError, IsthmusError, Locked, NothingToDo
from isthmus.graph import server
from isthmus.graph.database.connection import Graph, Row, open_own_graph
from isthmus.graph.server import Folders
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

RENEWALS_PER_LEASE = 3
# Longer than the time from taking the lock to signalling the server, shorter than its restart.
OFFLINE_LEASE_SECONDS = 5.0


@dataclass(frozen=True)
class Lease:
    """One run's hold of the lock.

    Attributes:
        owner: Unique name of this hold.
        lost: Set when another run is known to have taken the lock over.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Checks that the lock is not known to be lost.

        Raises:
            Locked: Another run took the lock over.
        """
        if self.lost.is_set():
            raise lock_lost()


@contextlib.contextmanager
def retraining_lock(graph: Graph, seconds: float) -> Iterator[Lease]:
    """Holds the lock during the block, and releases it also after an error.

    Args:
        graph: Graph with the lock.
        seconds: Length of the lease in seconds. It is renewed three times per lease; the lock of a
            killed run becomes free this long after its last renewal.

    Raises:
        Locked: Another run holds the lock.
    """
    lease = _take_lock(graph, seconds)
    ended = threading.Event()
    renewer = threading.Thread(target=_renew, args=(graph, lease, seconds, ended), daemon=True)
    renewer.start()
    try:
        yield lease
    finally:
        ended.set()
        renewer.join()
        # Without a server the lease expires by itself, and the error of the block is more helpful.
        with contextlib.suppress(IsthmusError):
            graph.write("lock/release", owner=lease.owner)


@contextlib.contextmanager
def offline_server(settings: Settings, restart: bool = True) -> Iterator[Folders]:
    """Stops the server of the home during the block, unless a retraining is running.

    The retraining lock is held until the server stops. A retraining that wants the lock after that
    has to wait for the server, which cannot start before the block ends; by then the lease has
    expired.

    Args:
        settings: Settings of the home.
        restart: Start the server again after the block, also after an error, if it was running.

    Raises:
        Locked: A retraining is running; the server is not stopped.
        ServerError: The server does not answer, or does not start again.
    """
    with server.lifecycle_lock(settings) as running:
        if running is not None:
            with open_own_graph(running, settings.neo4j_database) as graph:
                _take_lock(graph, OFFLINE_LEASE_SECONDS)
        with server.pause(settings, restart) as folders:
            yield folders


def refuse_while_retraining(settings: Settings) -> None:
    """Refuses work on the home that would end with `offline_server`, while that is not possible.

    Raises:
        Locked: A retraining is running.
    """
    with server.lifecycle_lock(settings) as running:
        if running is not None:
            with open_own_graph(running, settings.neo4j_database) as graph:
                hold, _ = read_lock(graph)
                if hold is not None:
                    raise _locked(hold)


@dataclass(frozen=True)
class Hold:
    """A run's hold of the lock, as others find it.

    Attributes:
        owner: Unique name of this hold.
        holder: Description of the run.
        since: When it took the lock, by the server's clock at that time.
        expires_at: When its lease ends, by the same clock.
        is_ahead: Whether these times are ahead of the server's clock, which was then set back.
        is_running: Whether the process of the run is running; None if it is on another machine.
    """

    owner: str
    holder: str
    since: str
    expires_at: str
    is_ahead: bool
    is_running: bool | None

    @classmethod
    def from_row(cls, row: Row) -> Hold:
        """Reads a row of `lock/take` or `lock/read`."""
        running = None
        if row["started"] and row["host"] == socket.gethostname():
            running = server.start_time(row["pid"]) == row["started"]
        return cls(
            row.get("owner", ""),
            row["holder"],
            row["since"],
            row["expires_at"],
            row["is_ahead"],
            running,
        )

    @property
    def problem(self) -> str:
        """Why the lock is not released as it should be, as a sentence; empty if nothing is odd."""
        if self.is_running is False:
            return "That process has ended."
        if self.is_ahead:
            return "These times are ahead of the server's clock, which was set back."
        return ""

    def __str__(self) -> str:
        return (
            f"{self.holder}, has held the lock since {self.since}; its lease ends at "
            f"{self.expires_at} unless it renews it. {self.problem}"
        ).strip()


UNLOCK = 'isthmus unlock --reason "…"'


def read_lock(graph: Graph) -> tuple[Hold | None, list[str]]:
    """Returns who holds the lock, if anybody, and which holds were ended by hand, oldest first."""
    rows = graph.read("lock/read")
    if not rows:
        return None, []
    hold = Hold.from_row(rows[0]) if rows[0]["owner"] else None
    return hold, rows[0]["unlocks"]


def end_hold(graph: Graph, reason: str) -> Hold:
    """Ends the hold of a run that has ended; who did so, when and why is kept with the lock.

    Returns:
        The hold. If its run goes on after all, it notices the loss and promotes nothing.

    Raises:
        InputError: No reason is given, or the process of the run is running on this machine.
        NothingToDo: Nobody holds the lock.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise InputError("The reason is empty.", "Say why the run cannot release its lock.")
    hold, _ = read_lock(graph)
    if hold is None:
        raise NothingToDo("Nobody holds the retraining lock.")
    if hold.is_running:
        raise InputError(
            f"The run that holds the lock, {hold.holder}, is running.",
            "Wait until it ends, or stop it: it then releases the lock itself.",
        )
    if not graph.write("lock/unlock", owner=hold.owner, by=_holder_name(), reason=reason):
        raise NothingToDo(f"The run that held the lock, {hold.holder}, has just released it.")
    return hold


def _take_lock(graph: Graph, seconds: float) -> Lease:
    lease = Lease()
    pid = os.getpid()
    row = graph.write(
        "lock/take",
        owner=lease.owner,
        holder=_holder_name(),
        host=socket.gethostname(),
        pid=pid,
        started=server.start_time(pid),
        seconds=seconds,
    )[0]
    if not row["taken"]:
        raise _locked(Hold.from_row(row))
    return lease


def _locked(hold: Hold) -> Locked:
    advice = (
        f"If that run has ended, free the lock: `{UNLOCK}`."
        if hold.problem
        else "Wait until that run ends, or stop it. The lock of a killed run is free after that "
        "time."
    )
    return Locked(f"Another run, {hold}", advice)


def lock_lost() -> Locked:
    """Returns the error of a run that did not renew its lease in time."""
    return Locked(
        "Another run took the lock over, because this one did not renew its lease in time; "
        "nothing was promoted.",
        "The other run continues. If the machine was asleep or the server unreachable, increase "
        "`lock_seconds`.",
    )


def _renew(graph: Graph, lease: Lease, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds / RENEWALS_PER_LEASE):
        try:
            if not graph.write("lock/renew", owner=lease.owner, seconds=seconds):
                lease.lost.set()
                return
        except IsthmusError as error:
            logger.warning("The retraining lock could not be renewed yet: %s", error.message)


def _holder_name() -> str:
    """Describes this process for people who find the lock held."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "user"
    return f"process {os.getpid()} of {user}@{socket.gethostname()}"
