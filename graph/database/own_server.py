"""isthmus's own server behind an open graph: the room for its writes, and why it failed.

Of another server isthmus sees neither the disk nor the processes; of its own it does, so that an
error of the driver becomes a sentence on the disk or the memory.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from isthmus.errors import IsthmusError
from isthmus.graph import server
from isthmus.graph.database.batches import parameter_bytes
from isthmus.graph.database.errors import DatabaseUnusable, QueryFailed, ServerRefused
from isthmus.graph.server import ServerRecord
from isthmus.settings import Settings

INTERNAL_ERROR = "Neo.DatabaseError."
"""Codes of what fails in the server, and not in a statement."""


@dataclass(frozen=True)
class OwnServer:
    """The server of the home on which a graph is open.

    Attributes:
        settings: Settings of the home.
        record: Its process and address.
    """

    settings: Settings
    record: ServerRecord

    def check_room(self, parameters: dict[str, Any]) -> None:
        """Checks that the disk has room for a write, and for the server to stop after it.

        Raises:
            DiskFull: There is too little.
            ServerError: The disk is read-only.
        """
        home = self.settings.home
        server.check_room(home, server.ROOM_TO_WRITE + server.GROWTH * parameter_bytes(parameters))
        server.keep_reserve(home)

    def explain(self, error: IsthmusError) -> IsthmusError:
        """Returns why a statement failed, if the disk or the memory is the reason.

        A server that has given its graph up is stopped; the next command starts it again.

        Args:
            error: The error of the driver, translated.
        """
        if isinstance(error, ServerRefused):
            silent = server.explain_silence(self.settings, self.record)
            return ServerRefused(silent.message, silent.advice)
        if not isinstance(error, DatabaseUnusable | QueryFailed):
            return error
        state = server.database_state(self.settings, self.record)
        if state is None or not state.failed:
            return self._blame_disk(error)
        reason = server.explain_reason(self.settings, state.reason)
        if state.message:
            with suppress(IsthmusError):
                server.stop(self.settings)
        return reason or server.DatabaseFailed(
            f"Neo4j has given the graph up: {state.message.rstrip('.')}. Everything that was "
            "committed is kept.",
            "Run the command again; it starts the server again.",
        )

    def _blame_disk(self, error: IsthmusError) -> IsthmusError:
        """Returns the error of a full disk for one that it has caused without being named."""
        if named := server.explain_reason(self.settings, error.message):
            return named
        if INTERNAL_ERROR in error.message:
            try:
                server.check_room(self.settings.home, server.ROOM_TO_WRITE)
            except server.ServerError as full:
                return full
        return error
