"""Life cycle of the Neo4j server of a home: one per home, started once, shared by all commands."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence

import psutil

from isthmus.errors import IsthmusError
from isthmus.files import protect_home
from isthmus.graph.server import admin_tool, aot_cache, disk, identity, jars, process
from isthmus.graph.server.connectors import check_connectors, choose_connectors
from isthmus.graph.server.failures import (
    DatabaseFailed,
    PasswordRefused,
    PortTakenError,
    ServerError,
)
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.health import (
    full_disk_mark,
    has_torn_log,
    mark_full_disk,
    saw_full_disk,
)
from isthmus.graph.server.password import change_password, ensure_password, settle_password
from isthmus.graph.server.record import (
    ServerRecord,
    explain_file_errors,
    home_folders,
    make_record,
    new_password_path,
    read_record,
    record_path,
    write_record,
)
from isthmus.graph.server.status import database_state
from isthmus.locks import hold_lock
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.server")

SECONDS_TO_STOP = 120.0
SECONDS_WITHOUT_ROOM = 20.0  # its last checkpoint cannot end; the next start recovers from the log
MAX_PORT_ATTEMPTS = 3


def start(settings: Settings) -> ServerRecord:
    """Starts the server of this home, or finds the running one; returns when it answers queries.

    Raises:
        InputError: Other users have access to the home.
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        ServerError: The server does not start; the message has the reason from its log.
        Locked: Another command is starting or stopping it for too long.
    """
    with explain_file_errors(settings):
        protect_home(settings.home)
    if not new_password_path(settings).exists() and (record := read_record(settings)):
        return record
    with _lock_lifecycle(settings):
        return _running_record(settings) or _start(settings)


def stop(settings: Settings) -> bool:
    """Stops the server of this home, waits for its exit and returns whether one was running.

    Raises:
        Locked: Another command is starting or stopping it for too long.
    """
    with _lock_lifecycle(settings):
        return _stop(settings)


def restart(settings: Settings, record: ServerRecord) -> ServerRecord:
    """Starts the server of this home again because it has given its graph up.

    Args:
        settings: Settings of the home.
        record: The server that has; if another one runs meanwhile, that one is returned.

    Raises:
        DatabaseFailed: The graph does not open; the message has the reason.
        DiskFull: The disk has too little room for a server.
    """
    with _lock_lifecycle(settings):
        if (current := read_record(settings)) and current != record:
            return current
        _stop(settings)
        return _start(settings)


def rotate_password(settings: Settings) -> ServerRecord:
    """Gives the server of this home a new random password; starts the server if it does not run.

    A command that runs meanwhile reads the new password for its next connection.

    Raises:
        InputError: Other users have access to the home.
        ServerError: The server does not start, or did not take the password.
        Locked: Another command is starting or stopping it for too long.
    """
    start(settings)
    with _lock_lifecycle(settings):
        record = _running_record(settings) or _start(settings)
        change_password(settings, record)
        return record


@contextlib.contextmanager
def lifecycle_lock(settings: Settings) -> Iterator[ServerRecord | None]:
    """Yields the running server of this home or None, and blocks other starts and stops meanwhile.

    Raises:
        ServerError: A server is running, but does not answer.
    """
    with _lock_lifecycle(settings):
        record = _running_record(settings)
        state = record and database_state(settings, record)
        if state and state.failed:  # it may be about to be replaced; otherwise the next start helps
            _stop(settings)
            record = None
        yield record


@contextlib.contextmanager
def pause(settings: Settings, restart: bool = True) -> Iterator[Folders]:
    """Stops the server of this home during the block and yields its folders.

    The caller holds `lifecycle_lock`.

    Args:
        settings: Settings of the home.
        restart: Start the server again after the block, also after an error, if it was running.

    Raises:
        FetchError: The jars of Neo4j are missing and cannot be downloaded.
        DiskFull: The disk has no room to start it again; it is not stopped.
        ServerError: The server does not start again; the message has the reason from its log.
    """
    if restart:  # a server that could not start again goes on running
        disk.check_room(settings.home, disk.ROOM_TO_START)
        check_connectors(settings)
    was_running = _stop(settings)
    try:
        yield prepare_folders(settings)
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


def _stop(settings: Settings) -> bool:
    server = _find_process(settings)
    record_path(settings).unlink(missing_ok=True)
    if server is None:
        return False
    identity.resume(server)
    seconds = SECONDS_TO_STOP if _make_room_to_stop(settings, server.pid) else SECONDS_WITHOUT_ROOM
    with contextlib.suppress(psutil.NoSuchProcess):
        server.terminate()
        if not process.wait_for_exit(server.pid, seconds):
            logger.warning("Neo4j did not stop within %.0f s and is killed.", seconds)
            identity.kill(server)
            process.wait_for_exit(server.pid, SECONDS_TO_STOP)
    return True


def _make_room_to_stop(settings: Settings, pid: int) -> bool:
    """Frees the reserve if the disk is full; returns whether the server has room to stop cleanly.

    It is a moment at which a graph that was given up is noticed: its log may need a repair.
    """
    with contextlib.suppress(IsthmusError, OSError):  # a home that lacks a file can be stopped, too
        record = make_record(settings, pid)
        state = database_state(settings, record) if record else None
        if state and state.failed and saw_full_disk(home_folders(settings), state.message):
            mark_full_disk(home_folders(settings))
    if disk.free_bytes(settings.home) < disk.RESERVE_BYTES:
        disk.free_reserve(settings.home)
    return disk.free_bytes(settings.home) > disk.RESERVE_BYTES // 2


def _find_process(settings: Settings) -> psutil.Process | None:
    """Returns the process of this home's server: that of the record, or from the process list."""
    home, record = home_folders(settings).home, read_record(settings)
    recorded = identity.server_process(record.pid, home) if record else None
    return recorded or identity.find_server(home)


def find(settings: Settings) -> ServerRecord | None:
    """Returns the running server of this home, or None; starts and writes nothing."""
    if record := read_record(settings):
        return record
    folders = home_folders(settings)
    server = identity.find_server(folders.home)
    record = make_record(settings, server.pid) if server else None
    if record and process.answers_query(record.pid, record.uri, record.password()):
        return record
    return None


def _running_record(settings: Settings) -> ServerRecord | None:
    """Returns the running server or None, after a change of its password that was killed."""
    record = read_record(settings) or _recover_record(settings)
    if record:
        settle_password(settings, record.pid, record.uri)
    return record


def _recover_record(settings: Settings) -> ServerRecord | None:
    """Writes the record of a running server whose start command was killed before it did so."""
    folders = home_folders(settings)
    server = identity.find_server(folders.home)
    record = make_record(settings, server.pid) if server else None
    if record is None:
        return None
    try:
        _wait_for_query(settings, record.pid, record.uri, record.password())
    except DatabaseFailed:
        _stop(settings)
        return None
    except ServerError:
        if identity.server_process(record.pid, folders.home):
            raise
        return None  # it was shutting down
    return write_record(settings, record)


def _start(settings: Settings) -> ServerRecord:
    check_connectors(settings)
    folders = prepare_folders(settings)
    if disk.free_bytes(settings.home) < disk.ROOM_TO_START:
        disk.free_reserve(settings.home)
    disk.check_room(settings.home, disk.ROOM_TO_START)
    if full_disk_mark(folders).exists():  # to fail first takes Neo4j one to three minutes
        record = _spawn_after_full_disk(settings, folders)
    else:
        try:
            record = _spawn(settings, folders)
        except ServerError as error:
            if not has_torn_log(folders, error):
                raise
            mark_full_disk(folders)  # for the next start, if this one is killed
            record = _spawn_after_full_disk(settings, folders)
    full_disk_mark(folders).unlink(missing_ok=True)
    with contextlib.suppress(ServerError):  # the next write says that there is no room
        disk.keep_reserve(settings.home)
    if not aot_cache.aot_options(settings.home) or aot_cache.cache_was_refused(folders.console):
        aot_cache.make_in_background(settings.home, folders.logs)
    return record


def _spawn_after_full_disk(settings: Settings, folders: Folders) -> ServerRecord:
    """Starts a server that cuts a torn end off the log of transactions, and then one as usual.

    A torn entry can state a length of up to 2 GiB, for which the first of them needs the memory.
    """
    logger.warning(
        "The disk was full when Neo4j wrote last; what it may have written of a last transaction, "
        "which was not committed, is removed from its log."
    )
    _spawn(settings, folders, process.CUT_TORN_LOG, process.HEAP_TO_CUT)
    _stop(settings)
    return _spawn(settings, folders)


def _spawn(
    settings: Settings, folders: Folders, more: str = "", java_options: Sequence[str] = ()
) -> ServerRecord:
    """Starts a server and writes its record; ends the server again if it cannot open the graph.

    Args:
        settings: Settings of the home.
        folders: Its folders.
        more: Lines to add to the configuration.
        java_options: Options that override those of the settings.
    """
    heap, cache = settings.server_heap, page_cache_size(settings)
    connectors = choose_connectors(settings, folders)
    for attempts_left in range(MAX_PORT_ATTEMPTS, 0, -1):
        process.configure(folders, connectors, heap, cache, settings.server_query_seconds, more)
        password = ensure_password(settings)
        options = (*aot_cache.aot_options(settings.home), *java_options)
        pid = process.spawn(folders, heap, *options, browser=connectors.browser)
        try:
            _wait_for_query(settings, pid, connectors.uri, password)
            break
        except DatabaseFailed:
            identity.kill_server(folders.home)
            raise
        except PortTakenError:
            if attempts_left == 1:
                raise
            connectors = choose_connectors(settings, folders)
    record = make_record(settings, pid)
    assert record is not None  # noqa: S101 the configuration was just written
    return write_record(settings, record)


def _wait_for_query(settings: Settings, pid: int, uri: str, password: str) -> None:
    """Waits until the server answers, by its password or the one of a change that was killed."""
    try:
        process.wait_for_query(home_folders(settings), pid, uri, password)
    except PasswordRefused:
        if not settle_password(settings, pid, uri):
            raise
    except ServerError as error:
        named = isinstance(error, DatabaseFailed | PortTakenError)
        if not named and disk.free_bytes(settings.home) < disk.RESERVE_BYTES:
            identity.kill_server(home_folders(settings).home)  # it hangs, or has ended
            disk.check_room(settings.home, disk.ROOM_TO_START)
        raise
    else:
        settle_password(settings, pid, uri)


def prepare_folders(settings: Settings) -> Folders:
    """Fetches missing jars, cleans up after killed commands and returns the folders of the home."""
    folders = home_folders(settings)
    admin_tool.kill_abandoned(folders.home)
    jars.fetch(folders.jars, jars.locked_jars(settings.server_web == "browser"))
    folders.recover_data()
    return folders


@contextlib.contextmanager
def _lock_lifecycle(settings: Settings) -> Iterator[None]:
    """Lets one command at a time start or stop the server of a home."""
    lock = settings.home / "locks" / "server.lock"
    with explain_file_errors(settings), hold_lock(lock, settings.wait_seconds):
        yield
