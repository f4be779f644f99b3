"""Life cycle of the Neo4j server of a home: one per home, started once, shared by all commands."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from isthmus.graph.server import admin_tool, aot_cache, jars, process
from isthmus.graph.server.failures import PortTakenError, ServerError
from isthmus.graph.server.folders import DATABASE, Folders
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
EXIT_TIMEOUT_SECONDS = 5.0
MAX_PORT_ATTEMPTS = 3
MIN_FREE_DISK = 64 << 20  # one transaction log; with less, Neo4j neither starts nor stops


def start(settings: Settings) -> ServerRecord:
    """Starts the server of this home, or finds the running one; returns when it answers queries.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The server does not start; the message has the reason from its log.
    """
    if record := read_record(settings):
        return record
    with _lock_lifecycle(settings):
        return read_record(settings) or _recover_record(settings) or _start(settings)


def stop(settings: Settings) -> bool:
    """Stops the server of this home, waits for its exit and returns whether one was running."""
    with _lock_lifecycle(settings):
        return _stop(settings)


@contextlib.contextmanager
def lifecycle_lock(settings: Settings) -> Iterator[ServerRecord | None]:
    """Yields the running server of this home or None, and blocks other starts and stops meanwhile.

    Raises:
        ServerError: A server is running, but does not answer.
    """
    with _lock_lifecycle(settings):
        yield read_record(settings) or _recover_record(settings)


@contextlib.contextmanager
def pause(settings: Settings, restart: bool = True) -> Iterator[Folders]:
    """Stops the server of this home during the block and yields its folders.

    The caller holds `lifecycle_lock`.

    Args:
        settings: Settings of the home.
        restart: Start the server again after the block, also after an error, if it was running.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The server does not start again; the message has the reason from its log.
    """
    was_running = _stop(settings)
    try:
        yield _prepare_folders(settings)
    finally:
        if was_running and restart:
            _start(settings)


def has_graph(settings: Settings) -> bool:
    """Whether the home has a graph database, that is whether its server was ever started."""
    folders = home_folders(settings)
    return (folders.data / "databases" / DATABASE).exists() or folders.replaced.exists()


def page_cache_size(settings: Settings) -> str:
    """Returns the page cache size of the server of this home in Neo4j's notation, as `640m`."""
    return settings.server_page_cache or home_folders(settings).page_cache()


def import_database(settings: Settings, arguments: list[str], log: Path) -> None:
    """Creates the graph of a home without one from files; starts no server.

    Args:
        settings: Settings of the home, which no other command uses.
        arguments: Arguments of `database import full`, from `isthmus.graph.ingest.import_files`.
        log: File for the output of the import.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The import failed; the message has the reason from its log.
    """
    folders = _prepare_folders(settings)
    process.configure(folders, 0, settings.server_heap, page_cache_size(settings))
    admin_tool.import_full(folders, settings.server_heap, [DATABASE, *arguments], log)


def end_abandoned_import(settings: Settings) -> None:
    """Kills an import into this home that a killed command left running."""
    admin_tool.kill_abandoned(home_folders(settings).home)


def copy_database(settings: Settings, other: Settings) -> None:
    """Copies the graph, the database users and the password to a home without a graph.

    Args:
        settings: Settings of this home, whose server is `pause`.
        other: Settings of the other home.
    """
    new = home_folders(other)
    shutil.copytree(home_folders(settings).data, new.data)
    shutil.copy2(password_path(settings), password_path(other))


def check_database(settings: Settings) -> None:
    """Runs Neo4j's consistency check on this home's graph; its server is stopped meanwhile.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The graph is inconsistent, or cannot be checked.
    """
    start(settings)  # recovers the transaction log of a killed server
    with pause(settings) as folders:
        admin_tool.check_files(folders, page_cache_size(settings), DATABASE)


def replace_database(settings: Settings, other: Settings) -> None:
    """Replaces the graph of this home with that of another; database users and password stay.

    If the process is killed at any moment, this home has either its own graph or the other one.

    Args:
        settings: Settings of this home, whose server is `pause`.
        other: Settings of a home on the same disk that has a graph and never had a server.
    """
    folders, new = home_folders(settings), home_folders(other)
    if folders.data.exists():
        folders.copy_users(new)
    folders.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folders.take_data(new)


def _stop(settings: Settings) -> bool:
    import psutil

    record = read_record(settings)
    pid = record.pid if record else process.running_server(home_folders(settings).home)
    record_path(settings).unlink(missing_ok=True)
    if pid is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        server = psutil.Process(pid)
        server.terminate()
        if not process.wait_for_exit(pid, SECONDS_TO_STOP):
            logger.warning("Neo4j did not stop within %.0f s and is killed.", SECONDS_TO_STOP)
            server.kill()
            process.wait_for_exit(pid, SECONDS_TO_STOP)
    return True


def has_exited(record: ServerRecord) -> bool:
    """Whether the process of a server exits within 5 s; a killed process may take a moment."""
    return process.wait_for_exit(record.pid, EXIT_TIMEOUT_SECONDS)


def find(settings: Settings) -> ServerRecord | None:
    """Returns the running server of this home, or None; starts and writes nothing."""
    if record := read_record(settings):
        return record
    pid = process.running_server(home_folders(settings).home)
    record = make_record(settings, pid) if pid else None
    if record and process.answers_query(port_of(record), record.password()):
        return record
    return None


def _recover_record(settings: Settings) -> ServerRecord | None:
    """Writes the record of a running server whose start command was killed before it did so."""
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
        return None  # it was shutting down
    return write_record(settings, record)


def _start(settings: Settings) -> ServerRecord:
    folders = _prepare_folders(settings)
    if (free := shutil.disk_usage(settings.home).free) < MIN_FREE_DISK:
        raise ServerError(
            f"The disk of the home {settings.home} is full: it has {free >> 20} MB left, and "
            f"Neo4j needs {MIN_FREE_DISK >> 20} MB.",
            "Free some disk space, or set ISTHMUS_HOME to a disk with more space.",
        )
    heap, cache = settings.server_heap, page_cache_size(settings)
    port = process.configured_port(folders)
    if port is None or not process.wait_until_free(port):
        port = process.free_port()
    for attempts_left in range(MAX_PORT_ATTEMPTS, 0, -1):
        process.configure(folders, port, heap, cache)
        password = _ensure_password(settings)
        pid = process.spawn(folders, heap, *aot_cache.aot_options(settings.home))
        try:
            process.wait_for_query(folders, pid, port, password)
            break
        except PortTakenError:
            if attempts_left == 1:
                raise
            port = process.free_port()
    record = make_record(settings, pid)
    assert record is not None  # noqa: S101 the configuration was just written
    write_record(settings, record)
    if not aot_cache.aot_options(settings.home) or aot_cache.cache_was_refused(folders.console):
        aot_cache.make_in_background(settings.home, folders.logs)
    return record


def _prepare_folders(settings: Settings) -> Folders:
    """Fetches missing jars, cleans up after killed commands and returns the folders of the home."""
    folders = home_folders(settings)
    admin_tool.kill_abandoned(folders.home)
    jars.fetch(folders.jars)
    folders.recover_data()
    return folders


def _ensure_password(settings: Settings) -> str:
    """Returns the server's password, and creates and sets it before the first start.

    The password file is written before the data exist, and the password is set again as long as
    there are no data. If a start is killed at any point, the next one can complete it.
    """
    folders = home_folders(settings)
    file = password_file(settings)
    if not folders.has_users:
        admin_tool.set_initial_password(folders, file)
    return file.read_text().strip()


@contextlib.contextmanager
def _lock_lifecycle(settings: Settings) -> Iterator[None]:
    """Lets one command at a time start or stop the server of a home."""
    folder = settings.home / "locks"
    with explain_file_errors(settings):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "server.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("Waiting for another command that is starting or stopping Neo4j.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
