"""The log of isthmus's own server: its last lines, and those that it writes from now on."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isthmus.errors import InputError, NothingToDo
from isthmus.graph.server.record import explain_file_errors, home_folders
from isthmus.settings import Settings

POLL_SECONDS = 0.3
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class LogLines:
    """Some lines of a log.

    Attributes:
        file: The log.
        lines: Its lines, without their ends.
    """

    file: Path
    lines: list[str]


def read_log(settings: Settings, lines: int, details: bool = False) -> LogLines:
    """Reads the last lines of the log of this home's server.

    That is Neo4j's `neo4j.log`. A server that ended before it could write one has left a reason on
    its console, whose log is read instead.

    Args:
        settings: Settings of the home.
        lines: Maximum number of lines.
        details: Read `debug.log`, which has more.

    Raises:
        InputError: The settings name a server that is not isthmus's own.
        NothingToDo: No server of this home has run yet.
        ServerError: The log cannot be read.
    """
    console = home_folders(settings).console
    file = _log_file(settings, details)
    if not file.exists() and not details and console.exists():
        file = console
    with explain_file_errors(settings), _open(file) as stream:
        return LogLines(file, [_text(line) for line in deque(stream, maxlen=lines)])


def follow_log(settings: Settings, lines: int, details: bool = False) -> Iterator[LogLines]:
    """Yields the last lines of the log, and then those that are written, until it is interrupted.

    It goes on with the new log when Neo4j begins one: at a start, or when the log got too long.

    Args:
        settings: Settings of the home.
        lines: Maximum number of lines to begin with.
        details: Follow `debug.log`, which has more.

    Raises:
        InputError: The settings name a server that is not isthmus's own.
        NothingToDo: No server of this home has run yet.
        ServerError: The log cannot be read.
    """
    file = _log_file(settings, details)
    with suppress(KeyboardInterrupt), explain_file_errors(settings):
        stream, last = _open_when_there(file), deque[bytes](maxlen=lines)
        while line := stream.readline():
            if not line.endswith(b"\n"):  # it is being written
                stream.seek(-len(line), os.SEEK_CUR)
                break
            last.append(line)
        yield LogLines(file, [_text(line) for line in last])
        for new in _new_lines(file, stream):
            yield LogLines(file, [_text(line) for line in new])


def _log_file(settings: Settings, details: bool) -> Path:
    if settings.neo4j_uri:
        raise InputError(
            f"NEO4J_URI is set: the log of the server at {settings.neo4j_uri} lies on its machine.",
            "Read it there, in the folder that `SHOW SETTINGS 'server.directories.logs'` names "
            "(`docker logs` for a container), or unset NEO4J_URI for isthmus's own server.",
        )
    folders = home_folders(settings)
    if not folders.events.parent.exists() and not folders.console.exists():
        raise NothingToDo(
            f"No Neo4j of the home {settings.home} has run yet, so there is no log.",
            "`isthmus server start` starts it.",
        )
    return folders.events.with_name("debug.log") if details else folders.events


def _new_lines(file: Path, stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yields the complete lines that are written to a log, also to the next one of its name."""
    part = b""
    while True:
        # Asked before the read: what is written to the old log until it is replaced is read.
        is_replaced = _is_replaced(file, stream)
        while written := stream.read(CHUNK_BYTES):
            *lines, part = (part + written).split(b"\n")
            if lines:
                yield lines
        if is_replaced:
            if part:
                yield [part]
            stream.close()
            stream, part = _open_when_there(file), b""
        elif os.fstat(stream.fileno()).st_size < stream.tell():  # emptied in place
            stream.seek(0)
        else:
            time.sleep(POLL_SECONDS)


def _is_replaced(file: Path, stream: BinaryIO) -> bool:
    try:
        return not os.path.samestat(file.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False  # between two logs


def _open_when_there(file: Path) -> BinaryIO:
    """Opens a log; waits for it where a server that is starting has not created it yet."""
    while not file.exists():
        time.sleep(POLL_SECONDS)
    return _open(file)


def _open(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")
