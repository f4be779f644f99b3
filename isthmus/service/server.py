"""Runs the application until a signal stops it; requests that have begun are answered."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

from isthmus.errors import InputError

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

logger = logging.getLogger("isthmus.service")

SECONDS_TO_END = 30
"""Longest time for which a stop waits for requests that have begun."""
KEEP_ALIVE_SECONDS = 30
LOOPBACK = "127."


def open_socket(address: str, port: int, allow_remote: bool) -> socket.socket:
    """Opens the socket on which the service listens.

    Args:
        address: IPv4 address.
        port: Port, 0 for any free one.
        allow_remote: Whether the address may be one that other machines reach.

    Raises:
        InputError: Other machines reach the address, or it or the port cannot be used.
    """
    if not address.startswith(LOOPBACK) and not allow_remote:
        raise InputError(
            f"{address} can be reached from other machines, over HTTP without encryption.",
            "Put a proxy with TLS before 127.0.0.1, or add --allow-remote.",
        )
    try:
        return socket.create_server((address, port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = os.strerror(errno.EADDRINUSE) if taken else error.strerror
        raise InputError(
            f"{address}:{port} cannot be used: {reason}.",
            "Another program has the port: name another one by --port."
            if taken
            else "Correct --listen and --port.",
        ) from error


def run_server(app: FastAPI, listening: socket.socket) -> None:
    """Answers requests until SIGTERM or SIGINT; a second one ends it at once."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    # Uvicorn sends the signal again when it has ended well.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    uvicorn.Server(config).run(sockets=[listening])
    logger.info("The service is stopped; every request that had begun is answered.")


def _ignore(number: int, frame: FrameType | None) -> None:
    """Does nothing."""
