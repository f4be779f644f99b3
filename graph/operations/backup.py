"""Backup of the graph of isthmus's own server to a file, and restore, by Neo4j's admin tool.

Its `database dump` and `database load` need a stopped server. A backup file gets its name only
when it is complete. A restore loads the file in a separate Neo4j home, starts a server there to
check that the graph can be queried, and only then replaces the graph.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from isthmus.errors import InputError, NothingToDo
from isthmus.files import make_folder, new_file, remove_parts
from isthmus.graph import server
from isthmus.graph.database import offline_server
from isthmus.graph.server import DATABASE, Folders, ServerError
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.backup")

HEAP, PAGE_CACHE = "512m", "64m"
# If the restore is killed, its trial server exits by itself after 20 minutes.
EXIT_TIMER = "-XX:SelfDestructTimer=20"


class BackupError(ServerError):
    """Neo4j's administration tool failed to write or load a backup."""


@dataclass(frozen=True)
class BackupFile:
    """A backup that was written or restored.

    Attributes:
        file: Path of the file.
        bytes: Size of the file.
        seconds: Duration, until the graph is available again.
    """

    file: str
    bytes: int
    seconds: float

    def document(self) -> dict[str, object]:
        """Returns the result as `--json` prints it."""
        return asdict(self)


def create_backup(settings: Settings, file: Path) -> BackupFile:
    """Writes the graph of isthmus's own server to a new file.

    The server is stopped meanwhile: new commands wait, running ones fail.

    Raises:
        InputError: NEO4J_URI is set, the file exists, or its folder cannot be written.
        NothingToDo: The home has no graph.
        Locked: A retraining is running.
        BackupError: Neo4j failed to write the backup; the message has its reason.
    """
    file = file.absolute()
    if settings.neo4j_uri:
        dump = f"database dump {{}} --to-stdout > {shlex.quote(str(file))}"
        raise _external_server_error(settings, dump)
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
    with offline_server(settings, restart=was_running) as folders:
        logger.info("backup: Neo4j has stopped")
        size = _dump(folders, file)
    return BackupFile(str(file), size, round(time.monotonic() - start, 3))


def restore_backup(settings: Settings, file: Path, yes: bool = False) -> BackupFile:
    """Replaces the graph of isthmus's own server by the graph of a backup.

    If anything fails, the server runs again with the previous graph.

    Args:
        settings: Settings of the home, which need not have a graph.
        file: A file that `create_backup` or Neo4j's `database dump` wrote.
        yes: Replace an existing graph.

    Raises:
        InputError: NEO4J_URI is set, the file is missing or not a backup, or the home has a graph
            and `yes` is not set.
        Locked: A retraining is running.
        BackupError: The trial server on the loaded graph failed to start or to stop.
    """
    file = file.absolute()
    if settings.neo4j_uri:
        options = "--from-stdin --overwrite-destination=true"
        load = f"database load {{}} {options} < {shlex.quote(str(file))}"
        raise _external_server_error(settings, load)
    if not file.is_file():
        raise InputError(f"There is no file {file}.", "Give a file that `isthmus backup` wrote.")
    if server.has_graph(settings) and not yes:
        raise InputError(
            f"The home {settings.home} has a graph, which {file.name} would replace.",
            "Give --yes to replace it; to save it, run `isthmus backup` first.",
        )
    start = time.monotonic()
    with offline_server(settings) as folders:
        trial = Folders(
            home=folders.home / "restore", jars=folders.jars, logs=folders.home / "restore" / "logs"
        )
        _remove_abandoned_trial(trial)
        try:
            _load(settings, folders, trial, file)
            _check_trial_server(settings, trial)
            folders.take_data(trial)
        finally:
            shutil.rmtree(trial.home, ignore_errors=True)
    return BackupFile(str(file), file.stat().st_size, round(time.monotonic() - start, 3))


def _remove_abandoned_trial(trial: Folders) -> None:
    """Stops the trial server of a killed restore and deletes its files."""
    server.kill_abandoned(trial.home)
    server.kill_server(trial.home)
    shutil.rmtree(trial.home, ignore_errors=True)


def _external_server_error(settings: Settings, arguments: str) -> InputError:
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
            result = server.administer(
                folders, "database", "dump", DATABASE, "--to-stdout", stdout=stream
            )
            if result.returncode != 0:
                raise BackupError(
                    f"Neo4j did not write the backup {file}: {_failure_reason(result.stderr)}.",
                    "The graph is unchanged. Free disk space if the disk is full, and run it "
                    "again.",
                )
    except FileExistsError:
        raise _exists(file) from None
    return file.stat().st_size


def _exists(file: Path) -> InputError:
    return InputError(f"{file} exists, and is not overwritten.", "Give another file name.")


def _load(settings: Settings, folders: Folders, trial: Folders, file: Path) -> None:
    """Creates a Neo4j home with the database users of this one and the graph of the file."""
    make_folder(folders.home)
    server.configure(trial, server.free_port(), HEAP, PAGE_CACHE)
    password = server.password_file(settings)
    if folders.has_users:
        folders.copy_users(trial)
    else:
        server.set_initial_password(trial, password)
    with file.open("rb") as stream:
        result = server.administer(
            trial, "database", "load", DATABASE, "--from-stdin", stdin=stream
        )
    if result.returncode != 0:
        raise InputError(
            f"{file} cannot be loaded: {_failure_reason(result.stderr)}.",
            "The graph is unchanged. Give a file that `isthmus backup` wrote.",
        )
    logger.info("restore: %s is loaded", file.name)


def _check_trial_server(settings: Settings, trial: Folders) -> None:
    """Starts a server on the loaded graph, waits for a query, and stops it.

    Raises:
        BackupError: The server does not start, answer or stop.
    """
    import psutil

    port = server.configured_port(trial)
    assert port is not None  # noqa: S101 the configuration was just written
    pid = server.spawn(trial, HEAP, EXIT_TIMER, *server.aot_options(settings.home))
    process = psutil.Process(pid)
    try:
        password = server.password_file(settings).read_text().strip()
        server.wait_for_query(trial, pid, port, password)
        process.terminate()
        if not server.wait_for_exit(pid, server.SECONDS_TO_STOP):
            raise ServerError("it does not stop.")
    except (ServerError, psutil.NoSuchProcess) as error:
        raise BackupError(
            f"A trial server on the loaded graph failed to start or to stop: {error}",
            "The graph is unchanged.",
        ) from error
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    logger.info("restore: a trial server answers queries on the loaded graph")


def _failure_reason(stderr: bytes) -> str:
    """Extracts from standard error why the administration tool failed."""
    text = stderr.decode(errors="replace")
    if match := re.search(r"^Failed to \w+ database '[^']*': (.+)$", text, re.MULTILINE):
        return match[1].rstrip(".")
    lines = [line.strip() for line in text.splitlines() if line.strip(" -")]
    return lines[-1].rstrip(".") if lines else "it gave no reason"
