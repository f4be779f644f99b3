"""Backup of the graph of isthmus's own server to a file, by Neo4j's `database dump`.

The dump needs a stopped server. A backup file gets its name only when it is complete.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from isthmus.errors import InputError, NothingToDo
from isthmus.files import new_file, remove_parts
from isthmus.graph import server
from isthmus.graph.database import offline_server
from isthmus.graph.operations.backup_file import describe, description_path
from isthmus.graph.server import Folders
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.backup")

NAME_IN_FOLDER = "isthmus-%Y%m%d-%H%M%S.dump"
NAMED_BY_TIME = re.compile(r"isthmus-\d{8}-\d{6}\.dump")


@dataclass(frozen=True)
class Backup:
    """A backup that was written.

    Attributes:
        file: Path of the file.
        bytes: Size of the file.
        seconds: Duration.
        seconds_offline: How long the graph was not available.
        deleted: Paths of older backups that were deleted.
    """

    file: str
    bytes: int
    seconds: float
    seconds_offline: float
    deleted: list[str]

    def document(self) -> dict[str, object]:
        """Returns the result as `--json` prints it."""
        return asdict(self)


def create_backup(settings: Settings, path: Path, keep: int | None = None) -> Backup:
    """Writes the graph of isthmus's own server to a new file, and a description beside it.

    The server is stopped meanwhile: new commands wait, running ones fail.

    Args:
        settings: Settings of the home.
        path: The new file, or a folder, in which the file is named by the time.
        keep: How many backups that are named by the time stay in the folder; all if None.

    Raises:
        InputError: NEO4J_URI is set, the file exists, its folder cannot be written, or `keep` is
            given without a folder.
        NothingToDo: The home has no graph.
        Locked: A retraining is running.
        ServerError: Neo4j failed to write the backup; the message has its reason.
    """
    path = path.absolute()
    file = path / datetime.now().astimezone().strftime(NAME_IN_FOLDER) if path.is_dir() else path
    if settings.neo4j_uri:
        dump = f"database dump {{}} --to-stdout > {shlex.quote(str(file))}"
        raise external_server_error(settings, dump)
    if keep is not None and not path.is_dir():
        raise InputError(
            f"{path} is not a folder, and --keep deletes older backups of a folder.",
            f"Create the folder (`mkdir {shlex.quote(str(path))}`), or leave --keep out.",
        )
    if os.path.lexists(file):  # also a symbolic link that leads nowhere
        raise _exists(file)
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise InputError(f"The folder {file.parent} cannot be written.", "Give another folder.")
    if not server.has_graph(settings):
        raise NothingToDo(f"The home {settings.home} has no graph.", "Run `isthmus ingest` first.")
    start = time.monotonic()
    was_running = server.find(settings) is not None
    if not was_running:
        # A killed server may have left transactions in its log; a start recovers them.
        server.start(settings)
    stopped = time.monotonic()
    with offline_server(settings, restart=was_running) as folders:
        logger.info("backup: Neo4j has stopped")
        size = _dump(folders, file)
    offline = time.monotonic() - stopped
    describe(file)
    deleted = [] if keep is None else _delete_older(path, keep)
    return Backup(str(file), size, round(time.monotonic() - start, 3), round(offline, 3), deleted)


def external_server_error(settings: Settings, arguments: str) -> InputError:
    """Returns the error for a server of the user, with the command for its machine.

    Args:
        settings: Settings with `neo4j_uri`.
        arguments: Arguments of `neo4j-admin`, with {} for the database.
    """
    command = arguments.format(shlex.quote(settings.neo4j_database))
    return InputError(
        f"NEO4J_URI is set: the graph of {settings.neo4j_uri} can be dumped and loaded only on the "
        "machine that this Neo4j runs on.",
        f"Stop that Neo4j, and run on its machine, as its user: neo4j-admin {command}",
    )


def _dump(folders: Folders, file: Path) -> int:
    """Dumps to a private file, which gets its name when it is complete; returns its size."""
    remove_parts(file)
    try:
        with new_file(file, overwrite=False) as stream:
            server.write_dump(folders, stream)
    except FileExistsError:
        raise _exists(file) from None
    return file.stat().st_size


def _delete_older(folder: Path, keep: int) -> list[str]:
    """Deletes all but the newest backups that are named by the time; returns their paths."""
    names = sorted(each.name for each in folder.iterdir() if NAMED_BY_TIME.fullmatch(each.name))
    deleted = [folder / name for name in names[:-keep]]
    for file in deleted:
        file.unlink(missing_ok=True)
        description_path(file).unlink(missing_ok=True)
    return [str(file) for file in deleted]


def _exists(file: Path) -> InputError:
    return InputError(f"{file} exists, and is not overwritten.", "Give another file name.")
