"""The password of a home is sent to its server only: proof that a connection ends in its process.

Ports of 127.0.0.1 are anybody's: when a server ends, another user's program may listen on its
port. The system knows which process owns the other end of a connection, and nobody can make that
up. The driver asks for the credentials when a connection is open and nothing secret has been sent
on it. The proof is made then, for each connection, so that a program that has taken the port over
meanwhile is sent nothing. A query costs no more by it; by TLS with a pinned certificate, an answer
of 3.3 ms took 0.4 ms more.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import neo4j
import psutil
from neo4j.auth_management import AuthManager

from isthmus.graph.server.failures import NotOurServer
from isthmus.graph.server.process_start import start_time

SECONDS_TO_ACCEPT = 2.0
POLL_SECONDS = 0.02
MAPPED = "::ffff:"

Ends = tuple[str, int, str, int]
"""Address and port of one end of a connection, and of the other."""


class ProvenAuth(AuthManager):
    """Gives the driver the credentials for connections that end in one process.

    `resolve` is the driver's `resolver`: the driver calls it before it opens a connection, and
    `get_auth` in the same thread before it sends the credentials, but also before each query.
    """

    def __init__(self, pid: int, port: int, username: str, password: Callable[[], str]) -> None:
        self._pid, self._port = pid, port
        self._username, self._password = username, password
        self._started = start_time(pid)
        self._credentials = neo4j.basic_auth(username, password())
        self._earlier = self._own_connections()  # such as those to a server that has ended
        self._thread = threading.local()

    def resolve(self, address: neo4j.Address) -> Iterable[neo4j.Address]:
        """Notes that this thread is about to open a connection; returns the address."""
        self._thread.is_proven = False
        self._thread.earlier = self._own_connections()
        return [address]

    def get_auth(self) -> neo4j.Auth:
        """Returns the credentials.

        Raises:
            NotOurServer: A connection of this process to the port does not end in the server.
        """
        if not getattr(self._thread, "is_proven", False):
            self._prove()
            self._renew()
            self._thread.is_proven = True
        return self._credentials

    def handle_security_exception(self, auth: object, error: Exception) -> bool:
        """Returns whether there are other credentials to try, as the password was changed."""
        self._renew()
        return auth != self._credentials

    def _renew(self) -> None:
        """Reads the password again, which may have been changed."""
        self._credentials = neo4j.basic_auth(self._username, self._password())

    def _prove(self) -> None:
        """Checks that each connection to the port since `resolve` is one of the server's."""
        deadline = time.monotonic() + SECONDS_TO_ACCEPT
        while not self._is_proven():
            if time.monotonic() > deadline or start_time(self._pid) != self._started:
                raise NotOurServer(self._port, self._pid)
            time.sleep(POLL_SECONDS)  # another thread's connection may not be accepted yet

    def _is_proven(self) -> bool:
        try:
            own = self._own_connections() - getattr(self._thread, "earlier", self._earlier)
            server = psutil.Process(self._pid)
            if set(server.uids()) != {os.geteuid()}:
                return False
            theirs = server.net_connections("tcp")
        except (psutil.Error, OSError):  # it has ended, or may not be examined
            return False
        accepted = {_ends(each.raddr, each.laddr) for each in theirs if each.raddr}
        return bool(own) and own <= accepted and start_time(self._pid) == self._started

    def _own_connections(self) -> set[Ends]:
        """Connections of this process to the server's port, with those that are closing."""
        return {
            _ends(each.laddr, each.raddr)
            for each in psutil.Process().net_connections("tcp")
            if each.raddr and each.raddr.port == self._port
        }


def _ends(one: Any, other: Any) -> Ends:
    """Returns both ends of a connection; an IPv4 address may be shown as one of IPv6."""
    return one.ip.removeprefix(MAPPED), one.port, other.ip.removeprefix(MAPPED), other.port
