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
from collections.abc import Iterable

import neo4j
import psutil
from neo4j.auth_management import AuthManager

from isthmus.graph.server.failures import NotOurServer
from isthmus.graph.server.process_start import start_time

SECONDS_TO_ACCEPT = 2.0
POLL_SECONDS = 0.02


class ProvenAuth(AuthManager):
    """Gives the driver the credentials for connections that end in one process.

    `resolve` is the driver's `resolver`: the driver calls it before it opens a connection, and
    `get_auth` in the same thread before it sends the credentials, but also before each query.
    """

    def __init__(self, pid: int, port: int, username: str, password: str) -> None:
        self._pid, self._port = pid, port
        self._started = start_time(pid)
        self._credentials = neo4j.basic_auth(username, password)
        self._earlier = self._own_ends()  # such as those to a server that has ended
        self._thread = threading.local()

    def resolve(self, address: neo4j.Address) -> Iterable[neo4j.Address]:
        """Notes that this thread is about to open a connection; returns the address."""
        self._thread.is_proven = False
        self._thread.earlier = self._own_ends()
        return [address]

    def get_auth(self) -> neo4j.Auth:
        """Returns the credentials.

        Raises:
            NotOurServer: A connection of this process to the port does not end in the server.
        """
        if not getattr(self._thread, "is_proven", False):
            self._prove()
            self._thread.is_proven = True
        return self._credentials

    def handle_security_exception(self, auth: object, error: Exception) -> bool:
        """Returns that there are no other credentials to try."""
        return False

    def _prove(self) -> None:
        """Checks that each connection to the port since `resolve` is one of the server's."""
        deadline = time.monotonic() + SECONDS_TO_ACCEPT
        while not self._is_proven():
            if time.monotonic() > deadline or start_time(self._pid) != self._started:
                raise NotOurServer(self._port, self._pid)
            time.sleep(POLL_SECONDS)  # another thread's connection may not be accepted yet

    def _is_proven(self) -> bool:
        try:
            ends = self._own_ends() - getattr(self._thread, "earlier", self._earlier)
            server = psutil.Process(self._pid)
            if set(server.uids()) != {os.geteuid()}:
                return False
            theirs = server.net_connections("tcp")
        except (psutil.Error, OSError):  # it has ended, or may not be examined
            return False
        accepted = {
            each.raddr.port for each in theirs if each.raddr and each.laddr.port == self._port
        }
        return bool(ends) and ends <= accepted and start_time(self._pid) == self._started

    def _own_ends(self) -> set[int]:
        """Ports of this process that are connected to the server's port, or were until it ended."""
        return {
            each.laddr.port
            for each in psutil.Process().net_connections("tcp")
            if each.raddr and each.raddr.port == self._port
        }
