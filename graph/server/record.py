"""The files that a home has for its server: the record of the running one and the password."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isthmus.files import protect_home, write_file
from isthmus.graph.server import disk, identity, jars, process
from isthmus.graph.server.connectors import read_connectors
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process_start import start_time
from isthmus.settings import Settings

NEW = ".new"
SECONDS_TO_CHANGE, POLL_SECONDS = 5.0, 0.05


@dataclass(frozen=True)
class ServerRecord:
    """Address and process of the running server, stored in `HOME/server/record.json`.

    Attributes:
        uri: Bolt address.
        username: Database user.
        password_file: File with the password of the database user.
        pid: Process id.
        home: Home of the installation.
        version: Version of Neo4j.
        started: When the process started; with the pid it names one process, and no later one.
        web: Address of its HTTP API or of Neo4j Browser; None without them.
    """

    uri: str
    username: str
    password_file: Path
    pid: int
    home: Path
    version: str
    started: str = ""
    web: str | None = None

    def password(self) -> str:
        """Reads the password from its file.

        Raises:
            InputError: Other users have access to the home.
        """
        protect_home(self.home)
        return self.password_file.read_text().strip()

    def driver_options(self) -> dict[str, Any]:
        """Returns options of the driver by which the password is sent to this process only.

        Raises:
            InputError: Other users have access to the home.
        """
        self.password()  # says now if other users have access
        return process.driver_options(self.pid, self.uri, self.username, self._settled_password)

    def _settled_password(self) -> str:
        """Reads the password; waits a moment for one that is being changed."""
        deadline = time.monotonic() + SECONDS_TO_CHANGE
        while self.password_file.with_suffix(NEW).exists() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return self.password()


def read_record(settings: Settings) -> ServerRecord | None:
    """Reads the record; None if it is missing or damaged, or if its server is not running.

    It is the one of the record if its pid and its start are, and it is a server of this home.
    """
    try:
        with explain_file_errors(settings):
            file = record_path(settings)
            stored = json.loads(file.read_text()) if file.exists() else {}
        stored |= {"password_file": Path(stored["password_file"]), "home": Path(stored["home"])}
        record = ServerRecord(**stored)
    except (ValueError, KeyError, TypeError):
        return None
    if identity.server_process(record.pid, home_folders(settings).home) is None:
        return None
    return record if start_time(record.pid) == record.started else None


def password_file(settings: Settings) -> Path:
    """Returns the password file of this home's server; creates it if there are no data yet.

    Raises:
        InputError: Other users have access to the home.
        ServerError: There are data, but their password file is missing.
    """
    with explain_file_errors(settings):
        protect_home(settings.home)
    file = password_path(settings)
    if not file.exists():
        if home_folders(settings).has_users:
            raise ServerError(
                f"The Neo4j server of this home has data, but its password file {file} is missing.",
                "Restore the file, or use another home.",
            )
        write_file(file, secrets.token_hex(16))
    return file


def write_record(settings: Settings, record: ServerRecord) -> ServerRecord:
    """Writes the record of the running server atomically and returns it."""
    write_file(record_path(settings), json.dumps(asdict(record), default=str))
    return record


def make_record(settings: Settings, pid: int) -> ServerRecord | None:
    """Returns a record for the process `pid`, or None if the home has no port or password yet."""
    folders = home_folders(settings)
    connectors = read_connectors(folders)
    file = password_path(settings)
    if connectors is None or not file.exists():
        return None
    return ServerRecord(
        uri=connectors.uri,
        username=process.USERNAME,
        password_file=file,
        pid=pid,
        home=settings.home,
        version=jars.NEO4J_VERSION,
        started=start_time(pid),
        web=connectors.web_uri,
    )


def home_folders(settings: Settings) -> Folders:
    """Returns the folders of the Neo4j server of a home."""
    home = settings.home.resolve()
    return Folders(home=home / "server", jars=(home / "jars").resolve(), logs=home / "logs")


def record_path(settings: Settings) -> Path:
    """Returns the path of the record."""
    return settings.home / "server" / "record.json"


def password_path(settings: Settings) -> Path:
    """Returns the path of the password file, which need not exist."""
    return settings.home / "server" / "password"


def new_password_path(settings: Settings) -> Path:
    """Returns the path of the password that the server is about to take; mostly there is none."""
    return password_path(settings).with_suffix(NEW)


@contextlib.contextmanager
def explain_file_errors(settings: Settings) -> Iterator[None]:
    """Turns an OSError on the files of the home into a ServerError with advice."""
    try:
        yield
    except OSError as error:
        raise disk.explain_disk_error(error.errno, settings.home) or ServerError(
            f"The home {settings.home} cannot be used: {error}.",
            "Change its owner to the user who runs isthmus, or set ISTHMUS_HOME to another folder.",
        ) from error
