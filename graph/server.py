"""The Neo4j server of our own: one a home, started once, found by every later command."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from graph import administration, aot, jars, process
from graph.folders import DATABASE, Folders
from graph.process import ServerError
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.server")

SECONDS_TO_STOP = 120.0
SECONDS_TO_GO = 5.0
TRIES_FOR_A_PORT = 3
LEAST_DISK = 64 << 20  # one transaction log; with less, Neo4j neither comes up nor ends


@dataclass(frozen=True)
class ServerRecord:
    """Where the running server stands; kept in `HOME/server/record.json`."""

    uri: str
    username: str
    password_file: Path
    pid: int
    home: Path
    version: str

    def password(self) -> str:
        """Reads the password from its file."""
        return self.password_file.read_text().strip()


def start(settings: Settings) -> ServerRecord:
    """Starts the server of this home, or finds the one that runs; returns when a query works.

    Raises:
        FetchError: Neo4j is not there and cannot be fetched.
        ServerError: The server does not start, with the reason from its log.
    """
    if found := _recorded(settings):
        return found
    with _locked(settings):
        return _recorded(settings) or _adopt(settings) or _start(settings)


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
        yield _recorded(settings) or _adopt(settings)


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
    folders = _folders(settings)
    return (folders.data / "databases" / DATABASE).exists() or folders.replaced.exists()


def page_cache(settings: Settings) -> str:
    """What the server of this home caches of its files, as Neo4j is told it: `640m`."""
    return settings.server_page_cache or _folders(settings).page_cache()


def import_database(settings: Settings, arguments: list[str], log: Path) -> None:
    """Makes the graph of a home that has none from files; starts no server.

    Args:
        settings: Of the home, which only this command uses.
        arguments: Of `database import full`, as `graph.import_files` makes them.
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
    administration.end_abandoned(_folders(settings).home)


def copy_database(settings: Settings, other: Settings) -> None:
    """Gives a home that has none the graph, the users and the password of this one's.

    Args:
        settings: Of this home, whose server is `stopped`.
        other: Of the other home.
    """
    new = _folders(other)
    shutil.copytree(_folders(settings).data, new.data)
    shutil.copy2(_password_file(settings), _password_file(other))


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
    folders, new = _folders(settings), _folders(other)
    if folders.data.exists():
        folders.copy_users(new)
    folders.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folders.take_data(new)


def _stop(settings: Settings) -> bool:
    import psutil

    recorded = _recorded(settings)
    pid = recorded.pid if recorded else process.running_server(_folders(settings).home)
    _record_file(settings).unlink(missing_ok=True)
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
    if found := _recorded(settings):
        return found
    pid = process.running_server(_folders(settings).home)
    found = _record(settings, pid) if pid else None
    if found and process.answers(_port(found), found.password()):
        return found
    return None


def _recorded(settings: Settings) -> ServerRecord | None:
    """What the record says, where its process lives and is the server of this home."""
    try:
        with _sentence_for_files(settings):
            file = _record_file(settings)
            stored = json.loads(file.read_text()) if file.exists() else {}
        stored |= {"password_file": Path(stored["password_file"]), "home": Path(stored["home"])}
        record = ServerRecord(**stored)
    except (ValueError, KeyError, TypeError):
        return None
    return record if process.is_server(record.pid, _folders(settings).home) else None


def _adopt(settings: Settings) -> ServerRecord | None:
    """Takes over a server whose starting command was killed before it wrote the record."""
    folders = _folders(settings)
    pid = process.running_server(folders.home)
    record = _record(settings, pid) if pid else None
    if record is None:
        return None
    try:
        process.wait_for_query(folders, record.pid, _port(record), record.password())
    except ServerError:
        if process.is_server(record.pid, folders.home):
            raise
        return None  # it was on its way down
    return _keep(settings, record)


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
    record = _record(settings, pid)
    assert record is not None  # noqa: S101 the configuration was just written
    _keep(settings, record)
    if not aot.options(settings.home) or aot.was_refused(folders.console):
        aot.make_in_background(settings.home, folders.logs)
    return record


def _fetched(settings: Settings) -> Folders:
    """The folders of this home with all jars, without what a killed command left half done."""
    folders = _folders(settings)
    administration.end_abandoned(folders.home)
    jars.fetch(folders.jars)
    folders.settle_data()
    return folders


def password_file(settings: Settings) -> Path:
    """The file of the password of this home's Neo4j, made where there is none and no data.

    Raises:
        ServerError: There is data, but no password for it.
    """
    file = _password_file(settings)
    if not file.exists():
        if _folders(settings).has_users:
            raise ServerError(
                f"The Neo4j of this home has data, but its password file {file} is gone.",
                "Put the file back, or start with another home.",
            )
        descriptor, part = tempfile.mkstemp(dir=file.parent)  # for its owner alone, from the start
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(16))
            stream.flush()
            os.fsync(descriptor)
        Path(part).replace(file)
    return file


def _password(settings: Settings) -> str:
    """The server's password, made before its first start.

    It is on disk before the data is, and given again as long as there is no data: a start that is
    killed anywhere leaves a home that the next one completes.
    """
    folders = _folders(settings)
    file = password_file(settings)
    if not folders.has_users:
        administration.set_initial_password(folders, file)
    return file.read_text().strip()


def _keep(settings: Settings, record: ServerRecord) -> ServerRecord:
    file = _record_file(settings)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(record), default=str))
    part.replace(file)
    return record


def _record(settings: Settings, pid: int) -> ServerRecord | None:
    folders = _folders(settings)
    port = process.configured_port(folders)
    file = _password_file(settings)
    if port is None or not file.exists():
        return None
    return ServerRecord(
        uri=f"bolt://127.0.0.1:{port}",
        username=process.USERNAME,
        password_file=file,
        pid=pid,
        home=settings.home,
        version=jars.NEO4J_VERSION,
    )


def _port(record: ServerRecord) -> int:
    return int(record.uri.rpartition(":")[2])


def _folders(settings: Settings) -> Folders:
    home = settings.home.resolve()
    return Folders(home=home / "server", jars=(home / "jars").resolve(), logs=home / "logs")


def _record_file(settings: Settings) -> Path:
    return settings.home / "server" / "record.json"


def _password_file(settings: Settings) -> Path:
    return settings.home / "server" / "password"


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Lets one command at a time start or stop the server of a home."""
    folder = settings.home / "locks"
    with _sentence_for_files(settings):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "server.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("Waiting for another command that starts or stops Neo4j.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def _sentence_for_files(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"The home {settings.home} cannot be used: {error}.",
            "Give it back to the user who runs isthmus, or set ISTHMUS_HOME to another folder.",
        ) from error
