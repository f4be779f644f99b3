"""The session of the service: opened again in the background when the database was away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from isthmus.api import Session
from isthmus.errors import IsthmusError
from isthmus.graph.database import ServerRefused
from isthmus.graph.server import NotOurServer
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.service")

THREADS = 8
"""Requests to the database at a time: two cores are busy with half of them."""
DRIVER_OPTIONS: dict[str, Any] = {
    "max_connection_pool_size": 2 * THREADS,
    "connection_acquisition_timeout": 5.0,
    # A client learns soon that the database is away, rather than after the usual half minute.
    "max_transaction_retry_time": 2.0,
}
LOST = (ServerRefused, NotOurServer)
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 10.0


class DatabaseAway(IsthmusError):
    """The database does not answer; the service tries to reach it again."""


class Connection:
    """A session for all threads, which comes back after the database was away.

    Args:
        settings: The settings of the session.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._session: Session | None = None
        self._loading = threading.Thread()

    def open(self) -> None:
        """Opens the session, and loads the encoder in the background.

        Raises:
            IsthmusError: The database cannot be started or reached.
        """
        self._session = session = Session(self._settings, DRIVER_OPTIONS)
        self._prepare(session)

    def close(self) -> None:
        """Closes the session, and waits for the encoder: libraries cannot load during an exit."""
        self._closed.set()
        if self._loading.is_alive():
            self._loading.join()
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    @property
    def is_up(self) -> bool:
        """Whether the database answered when it was last asked."""
        return self._session is not None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yields the session for one request.

        Raises:
            DatabaseAway: The database does not answer.
        """
        session = self._session
        if session is None:
            raise _away()
        try:
            yield session
        except IsthmusError as error:
            if isinstance(error, LOST):
                self._lose(session, error)
            if self._session is not session:  # it was closed under this request
                raise _away() from error
            raise

    def _lose(self, session: Session, error: IsthmusError) -> None:
        """Gives up a session whose database is away, and begins to open another."""
        with self._lock:
            if self._session is not session:
                return
            self._session = None
        logger.error("The database is away: %s", error)
        with suppress(Exception):
            session.close()
        threading.Thread(target=self._open_again, daemon=True).start()

    def _open_again(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._closed.wait(wait):
            try:
                session = Session(self._settings, DRIVER_OPTIONS)
            except IsthmusError as error:
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
                logger.warning("The database is still away: %s", error)
                continue
            with self._lock:
                if not self._closed.is_set():
                    self._session = session
                    logger.info("The database answers again.")
                    self._prepare(session)
                    return
            session.close()

    def _prepare(self, session: Session) -> None:
        """Loads the encoder in the background, before the first text comes."""

        def prepare() -> None:
            with suppress(IsthmusError):  # nothing is encoded yet, or no model
                session.prepare_texts()

        self._loading = threading.Thread(target=prepare)
        self._loading.start()


def _away() -> DatabaseAway:
    return DatabaseAway("The database does not answer.", "Send the request again in some seconds.")
