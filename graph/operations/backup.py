"""The graph of the Neo4j of our own to one file and back, by Neo4j's administration tool.

Its `database dump` and `database load` need a stopped server. A backup has its name only when it
is whole. A restore loads beside the graph, in a home of Neo4j of its own, starts a server there to
see that the graph answers, and only then lets it take the place of the one before.
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
from isthmus.graph.database.lock import standstill
from isthmus.graph.server import admin_tool as administration
from isthmus.graph.server import aot_cache as aot
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server import process
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.process import ServerError
from isthmus.graph.server.record import password_file
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.backup")

HEAP, PAGE_CACHE = "512m", "64m"
# A trial server whose maker was killed ends by itself.
END_AFTER_MINUTES = "-XX:SelfDestructTimer=20"


class BackupError(ServerError):
    """The administration tool of Neo4j could not do its work."""


@dataclass(frozen=True)
class Kept:
    """A backup that was written or restored.

    Attributes:
        file: Where it lies.
        bytes: Its size.
        seconds: From the server's stop to the graph being available again.
    """

    file: str
    bytes: int
    seconds: float

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def backup(settings: Settings, file: Path) -> Kept:
    """Writes the graph of our own server to a file that does not exist yet.

    The server is stopped meanwhile; commands that ask it wait, those that were at work fail.

    Raises:
        InputError: NEO4J_URI names another server; the file exists; its folder cannot be written.
        NothingToDo: The home has no graph.
        Locked: A retraining is at work.
        BackupError: Neo4j does not write it, with its reason.
    """
    file = file.absolute()
    if settings.neo4j_uri:
        raise _elsewhere(settings, f"database dump {{}} --to-stdout > {shlex.quote(str(file))}")
    if file.exists():
        raise InputError(f"{file} exists, and is not overwritten.", "Give another name.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise InputError(f"The folder {file.parent} cannot be written.", "Give another one.")
    if not server.has_graph(settings):
        raise NothingToDo(f"The home {settings.home} has no graph.", "Run `isthmus ingest` first.")
    start = time.monotonic()
    ran = server.find(settings) is not None
    if not ran:  # what a killed server left in its log is recovered
        server.start(settings)
    with standstill(settings, again=ran) as folders:
        logger.info("backup: Neo4j stands still")
        size = _dump(folders, file)
    return Kept(str(file), size, round(time.monotonic() - start, 3))


def restore(settings: Settings, file: Path, yes: bool = False) -> Kept:
    """Puts the graph of a backup in the place of the one that our own server has.

    Where anything fails the graph before stays, and the server answers from it again.

    Args:
        settings: Of the home whose graph is replaced; it needs to have none.
        file: What `backup`, or Neo4j's `database dump`, has written.
        yes: A graph that is there may be replaced.

    Raises:
        InputError: NEO4J_URI names another server; the file is missing or no backup; the home has
            a graph, and `yes` is not given.
        Locked: A retraining is at work.
        BackupError: No server answers from the graph that was loaded.
    """
    file = file.absolute()
    if settings.neo4j_uri:
        options = "--from-stdin --overwrite-destination=true"
        raise _elsewhere(settings, f"database load {{}} {options} < {shlex.quote(str(file))}")
    if not file.is_file():
        raise InputError(f"There is no file {file}.", "Give one that `isthmus backup` wrote.")
    if server.has_graph(settings) and not yes:
        raise InputError(
            f"The home {settings.home} has a graph, which {file.name} would replace.",
            "Give --yes to replace it; `isthmus backup` keeps it first.",
        )
    start = time.monotonic()
    with standstill(settings) as folders:
        trial = Folders(
            home=folders.home / "restore", jars=folders.jars, logs=folders.home / "restore" / "logs"
        )
        _clear_abandoned(trial)
        try:
            _load(settings, folders, trial, file)
            _try_out(settings, trial)
            folders.take_data(trial)
        finally:
            shutil.rmtree(trial.home, ignore_errors=True)
    return Kept(str(file), file.stat().st_size, round(time.monotonic() - start, 3))


def _clear_abandoned(trial: Folders) -> None:
    """Ends and deletes what a killed restore left."""
    import psutil

    administration.end_abandoned(trial.home)
    if pid := process.running_server(trial.home):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
    shutil.rmtree(trial.home, ignore_errors=True)


def _elsewhere(settings: Settings, arguments: str) -> InputError:
    command = arguments.format(shlex.quote(settings.neo4j_database))
    return InputError(
        f"NEO4J_URI is set: the graph is that of {settings.neo4j_uri}, and only the machine it "
        "runs on can dump and load it.",
        f"Stop that Neo4j, and run there, as its user: neo4j-admin {command}",
    )


def _dump(folders: Folders, file: Path) -> int:
    """Dumps beside the file, then gives the dump its name; returns its size in bytes."""
    part = file.with_name(f".{file.name}.part")
    try:
        # For its owner alone: it holds all that is known about people.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            done = administration.administer(
                folders, "database", "dump", DATABASE, "--to-stdout", stdout=stream
            )
            os.fsync(stream.fileno())
        if done.returncode != 0:
            raise BackupError(
                f"Neo4j did not write the backup {file}: {_reason(done.stderr)}.",
                "The graph is as it was. Make room if the disk is full, and run it again.",
            )
        if file.exists():
            raise InputError(f"{file} exists, and is not overwritten.", "Give another name.")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def _load(settings: Settings, folders: Folders, trial: Folders, file: Path) -> None:
    """Makes a home of Neo4j that has the users of this one and the graph of the file."""
    folders.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    process.configure(trial, process.free_port(), HEAP, PAGE_CACHE)
    password = password_file(settings)
    if folders.has_users:
        folders.copy_users(trial)
    else:
        administration.set_initial_password(trial, password)
    with file.open("rb") as stream:
        done = administration.administer(
            trial, "database", "load", DATABASE, "--from-stdin", stdin=stream
        )
    if done.returncode != 0:
        raise InputError(
            f"{file} cannot be loaded: {_reason(done.stderr)}.",
            "The graph is as it was. Give a file that `isthmus backup` wrote.",
        )
    logger.info("restore: %s is loaded", file.name)


def _try_out(settings: Settings, trial: Folders) -> None:
    """Starts a server on what was loaded, and stops it when it has answered.

    Raises:
        BackupError: It does not.
    """
    import psutil

    port = process.configured_port(trial)
    assert port is not None  # noqa: S101 the configuration was just written
    pid = process.spawn(trial, HEAP, END_AFTER_MINUTES, *aot.options(settings.home))
    started = psutil.Process(pid)
    try:
        password = password_file(settings).read_text().strip()
        process.wait_for_query(trial, pid, port, password)
        started.terminate()
        if not process.ends(pid, server.SECONDS_TO_STOP):
            raise ServerError("it does not stop.")
    except (ServerError, psutil.NoSuchProcess) as error:
        raise BackupError(
            f"A server on the graph that was loaded does not come up and go down: {error}",
            "The graph is as it was.",
        ) from error
    finally:
        with suppress(psutil.NoSuchProcess):
            started.kill()
    logger.info("restore: a server answers from what was loaded")


def _reason(said: bytes) -> str:
    """Why the administration tool ended, from its standard error."""
    text = said.decode(errors="replace")
    if found := re.search(r"^Failed to \w+ database '[^']*': (.+)$", text, re.MULTILINE):
        return found[1].rstrip(".")
    lines = [line.strip() for line in text.splitlines() if line.strip(" -")]
    return lines[-1].rstrip(".") if lines else "it said nothing"
