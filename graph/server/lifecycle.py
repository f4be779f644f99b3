"""The Neo4j server of our own: one a home, started once, found by every later command."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from isthmus.graph.server import admin_tool as administration
from isthmus.graph.server import aot_cache as aot
from isthmus.graph.server import jars, process
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.process import ServerError
from isthmus.graph.server.record import (
    ServerRecord,
    explain_file_errors,
    home_folders,
    make_record,
    password_file,
    password_path,
    port_of,
    read_record,
    record_path,
    write_record,
)
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.server")

SECONDS_TO_STOP = 120.0
SECONDS_TO_GO = 5.0
TRIES_FOR_A_PORT = 3
LEAST_DISK = 64 << 20  # one transaction log; with less, Neo4j neither comes up nor ends


def start(settings: Settings) -> ServerRecord:
    """Starts the server of this home, or finds the one that runs; returns when a query works.

    Raises:
        FetchError: Neo4j is not there and cannot be fetched.
        ServerError: The server does not start, with the reason from its log.
    """
    if found := read_record(settings):
        return found
    with _locked(settings):
        return read_record(settings) or _adopt(settings) or _start(settings)


def stop(settings: Settings) -> bool:
    """Stops the server of this home and waits for its end; False where none ran."""
    with _locked(settings):
        return _stop(settings)


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[ServerRecord | None]:
    """Gives the running server of this home, or None, while no other command starts or stops one.

    Raises:
        ServerError: A server runs, but does not answer.
    """
    with _locked(settings):
        yield read_record(settings) or _adopt(settings)


@contextlib.contextmanager
def stopped(settings: Settings, again: bool = True) -> Iterator[Folders]:
    """Gives the files of this home's Neo4j to the block, within `alone`, while none runs on them.

    Args:
        settings: Of the home.
        again: A server that ran before is started again when the block ends, done or failed.

    Raises:
        FetchError: Neo4j is not there and cannot be fetched.
        ServerError: The server does not start again, with the reason from its log.
    """
    ran = _stop(settings)
    try:
        yield _fetched(settings)
    finally:
        if ran and again:
            _start(settings)


def has_graph(settings: Settings) -> bool:
    """Whether the Neo4j of this home was ever started, so that there is something to keep."""
    folders = home_folders(settings)
    return (folders.data / "databases" / DATABASE).exists() or folders.replaced.exists()


def page_cache(settings: Settings) -> str:
    """What the server of this home caches of its files, as Neo4j is told it: `640m`."""
    return settings.server_page_cache or home_folders(settings).page_cache()


def import_database(settings: Settings, arguments: list[str], log: Path) -> None:
    """Makes the graph of a home that has none from files; starts no server.

    Args:
        settings: Of the home, which only this command uses.
        arguments: Of `database import full`, as `isthmus.graph.ingest.import_files` makes them.
        log: What the import says.

    Raises:
        FetchError: Neo4j is not there and cannot be fetched.
        ServerError: The import failed, with the reason from its log.
    """
    folders = _fetched(settings)
    process.configure(folders, 0, settings.server_heap, page_cache(settings))
    administration.import_full(folders, settings.server_heap, [DATABASE, *arguments], log)


def end_import(settings: Settings) -> None:
    """Ends an import into this home that a killed command left running."""
    administration.end_abandoned(home_folders(settings).home)


def copy_database(settings: Settings, other: Settings) -> None:
    """Gives a home that has none the graph, the users and the password of this one's.

    Args:
        settings: Of this home, whose server is `stopped`.
        other: Of the other home.
    """
    new = home_folders(other)
    shutil.copytree(home_folders(settings).data, new.data)
    shutil.copy2(password_path(settings), password_path(other))


def check_database(settings: Settings) -> None:
    """Has Neo4j check the files of this home's graph; its server is stopped meanwhile.

    What a killed server left in its log is recovered first, as its next start does it.

    Raises:
        FetchError: Neo4j is not there and cannot be fetched.
        ServerError: The files contradict each other, or cannot be checked.
    """
    start(settings)
    with stopped(settings) as folders:
        administration.check(folders, page_cache(settings), DATABASE)


def take_database(settings: Settings, other: Settings) -> None:
    """Puts the graph of another home in the place of this home's; users and password stay.

    Killed at any moment, this home has its own graph or the other one.

    Args:
        settings: Of this home, whose server is `stopped`.
        other: Of a home on the same disk that has a graph and never had a server.
    """
    folders, new = home_folders(settings), home_folders(other)
    if folders.data.exists():
        folders.copy_users(new)
    folders.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folders.take_data(new)


def _stop(settings: Settings) -> bool:
    import psutil

    recorded = read_record(settings)
    pid = recorded.pid if recorded else process.running_server(home_folders(settings).home)
    record_path(settings).unlink(missing_ok=True)
    if pid is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid)
        found.terminate()
        if not process.ends(pid, SECONDS_TO_STOP):
            logger.warning("Neo4j did not stop within %.0f s and is ended.", SECONDS_TO_STOP)
            found.kill()
            process.ends(pid, SECONDS_TO_STOP)
    return True


def has_ended(record: ServerRecord) -> bool:
    """Whether a server that does not answer was killed; its process may take a moment to go."""
    return process.ends(record.pid, SECONDS_TO_GO)


def find(settings: Settings) -> ServerRecord | None:
    """The running server of this home, or None; it starts and writes nothing."""
    if found := read_record(settings):
        return found
    pid = process.running_server(home_folders(settings).home)
    found = make_record(settings, pid) if pid else None
    if found and process.answers(port_of(found), found.password()):
        return found
    return None


def _adopt(settings: Settings) -> ServerRecord | None:
    """Takes over a server whose starting command was killed before it wrote the record."""
    folders = home_folders(settings)
    pid = process.running_server(folders.home)
    record = make_record(settings, pid) if pid else None
    if record is None:
        return None
    try:
        process.wait_for_query(folders, record.pid, port_of(record), record.password())
    except ServerError:
        if process.is_server(record.pid, folders.home):
            raise
        return None  # it was on its way down
    return write_record(settings, record)


def _start(settings: Settings) -> ServerRecord:
    folders = _fetched(settings)
    if (free := shutil.disk_usage(settings.home).free) < LEAST_DISK:
        raise ServerError(
            f"The disk of the home {settings.home} is full: it has {free >> 20} MB left, and "
            f"Neo4j needs {LEAST_DISK >> 20}.",
            "Make room, or set ISTHMUS_HOME to a disk that has some.",
        )
    heap, cache = settings.server_heap, page_cache(settings)
    port = process.configured_port(folders)
    if port is None or not process.comes_free(port):
        port = process.free_port()
    for left in range(TRIES_FOR_A_PORT, 0, -1):
        process.configure(folders, port, heap, cache)
        password = _password(settings)
        pid = process.spawn(folders, heap, *aot.options(settings.home))
        try:
            process.wait_for_query(folders, pid, port, password)
            break
        except process.PortTakenError:
            if left == 1:
                raise
            port = process.free_port()
    record = make_record(settings, pid)
    assert record is not None  # noqa: S101 the configuration was just written
    write_record(settings, record)
    if not aot.options(settings.home) or aot.was_refused(folders.console):
        aot.make_in_background(settings.home, folders.logs)
    return record


def _fetched(settings: Settings) -> Folders:
    """The folders of this home with all jars, without what a killed command left half done."""
    folders = home_folders(settings)
    administration.end_abandoned(folders.home)
    jars.fetch(folders.jars)
    folders.settle_data()
    return folders


def _password(settings: Settings) -> str:
    """The server's password, made before its first start.

    It is on disk before the data is, and given again as long as there is no data: a start that is
    killed anywhere leaves a home that the next one completes.
    """
    folders = home_folders(settings)
    file = password_file(settings)
    if not folders.has_users:
        administration.set_initial_password(folders, file)
    return file.read_text().strip()


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Lets one command at a time start or stop the server of a home."""
    folder = settings.home / "locks"
    with explain_file_errors(settings):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "server.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("Waiting for another command that starts or stops Neo4j.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
