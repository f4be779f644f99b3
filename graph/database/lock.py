"""The lock of retraining: a node in the graph that one run holds, on whichever machine it runs.

It is a lease, as in Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for
distributed file cache consistency", 1989: a living holder renews it in time, a killed one's runs
out by the server's clock. Nothing relies on the holder's own clock: that it still holds the lock is
checked in the transaction that activates what it made. What stops the server takes it too.
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

from isthmus.errors import IsthmusError, Locked
from isthmus.graph.database.connection import Graph, open_graph
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.folders import Folders
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

RENEWALS_A_LEASE = 3
# Longer than from the lock to the signal that ends the server, shorter than its end and new start.
SECONDS_TO_STAND_STILL = 5.0


@dataclass(frozen=True)
class Lease:
    """A hold of the lock.

    Attributes:
        owner: The name of this hold; no two are alike.
        lost: Set once another run is known to have taken the lock over.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Goes on where nothing is known of a loss.

        Raises:
            Locked: Another run took the lock over.
        """
        if self.lost.is_set():
            raise taken_over()


@contextlib.contextmanager
def retraining_lock(graph: Graph, seconds: float) -> Iterator[Lease]:
    """Holds the lock while the block runs, and releases it however that ends.

    Args:
        graph: Whose lock.
        seconds: Length of the lease. It is renewed three times as often; a killed run's lock is
            free so long after its last renewal.

    Raises:
        Locked: Another run holds it.
    """
    lease = _taken(graph, seconds)
    ended = threading.Event()
    renewer = threading.Thread(target=_renew, args=(graph, lease, seconds, ended), daemon=True)
    renewer.start()
    try:
        yield lease
    finally:
        ended.set()
        renewer.join()
        # Where the server is gone the lease runs out by itself, and the block's error says more.
        with contextlib.suppress(IsthmusError):
            graph.write("lock/release", owner=lease.owner)


@contextlib.contextmanager
def standstill(settings: Settings, again: bool = True) -> Iterator[Folders]:
    """Gives the files of our own Neo4j to the block, while no server and no retraining uses them.

    The lock is held until the server stops. Who wants it from then on waits for the server, which
    cannot start before the block ends; by then the lease has run out.

    Args:
        settings: Of the home.
        again: A server that ran before is started again when the block ends, done or failed.

    Raises:
        Locked: A retraining is at work; the server goes on.
        ServerError: The server does not answer, or does not start again.
    """
    with server.alone(settings) as running:
        if running is not None:
            database = settings.neo4j_database
            with open_graph(running.uri, running.username, running.password(), database) as graph:
                _taken(graph, SECONDS_TO_STAND_STILL)
        with server.stopped(settings, again) as folders:
            yield folders


def _taken(graph: Graph, seconds: float) -> Lease:
    lease = Lease()
    row = graph.write("lock/take", owner=lease.owner, holder=_this_run(), seconds=seconds)[0]
    if not row["taken"]:
        raise Locked(
            f"Another run, {row['holder']}, holds the lock since {row['since']}, and until "
            f"{row['expires_at']} unless it renews it.",
            "Wait until it ends, or end it; a killed one's lock is free after that time.",
        )
    return lease


def taken_over() -> Locked:
    """What a run is told that did not renew its lease in time."""
    return Locked(
        "Another run took the lock over, because this one did not renew its lease in time; "
        "nothing was activated.",
        "The other one goes on. Was the machine asleep, or the server away? A longer "
        "`lock_seconds` bears with that.",
    )


def _renew(graph: Graph, lease: Lease, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds / RENEWALS_A_LEASE):
        try:
            if not graph.write("lock/renew", owner=lease.owner, seconds=seconds):
                lease.lost.set()
                return
        except IsthmusError as error:
            logger.warning("The lock of retraining could not be renewed yet: %s", error.message)


def _this_run() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "user"
    return f"process {os.getpid()} of {user}@{socket.gethostname()}"
