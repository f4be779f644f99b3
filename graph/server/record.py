"""The files that a home has for its server: the record of the running one and the password."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from isthmus.graph.server import jars, process
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.folders import Folders
from isthmus.settings import Settings


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
    """

    uri: str
    username: str
    password_file: Path
    pid: int
    home: Path
    version: str

    def password(self) -> str:
        """Reads the password from its file."""
        return self.password_file.read_text().strip()


def read_record(settings: Settings) -> ServerRecord | None:
    """Reads the record; None if it is missing or damaged, or if its server is not running."""
    try:
        with explain_file_errors(settings):
            file = record_path(settings)
            stored = json.loads(file.read_text()) if file.exists() else {}
        stored |= {"password_file": Path(stored["password_file"]), "home": Path(stored["home"])}
        record = ServerRecord(**stored)
    except (ValueError, KeyError, TypeError):
        return None
    return record if process.is_server(record.pid, home_folders(settings).home) else None


def password_file(settings: Settings) -> Path:
    """Returns the password file of this home's server; creates it if there are no data yet.

    Raises:
        ServerError: There are data, but their password file is missing.
    """
    file = password_path(settings)
    if not file.exists():
        if home_folders(settings).has_users:
            raise ServerError(
                f"The Neo4j server of this home has data, but its password file {file} is missing.",
                "Restore the file, or use another home.",
            )
        descriptor, part = tempfile.mkstemp(dir=file.parent)  # mode 0600 from its creation
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(16))
            stream.flush()
            os.fsync(descriptor)
        Path(part).replace(file)
    return file


def write_record(settings: Settings, record: ServerRecord) -> ServerRecord:
    """Writes the record of the running server atomically and returns it."""
    file = record_path(settings)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(record), default=str))
    part.replace(file)
    return record


def make_record(settings: Settings, pid: int) -> ServerRecord | None:
    """Returns a record for the process `pid`, or None if the home has no port or password yet."""
    folders = home_folders(settings)
    port = process.configured_port(folders)
    file = password_path(settings)
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


def port_of(record: ServerRecord) -> int:
    """Returns the Bolt port of a server."""
    return int(record.uri.rpartition(":")[2])


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


@contextlib.contextmanager
def explain_file_errors(settings: Settings) -> Iterator[None]:
    """Turns an OSError on the files of the home into a ServerError with advice."""
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"The home {settings.home} cannot be used: {error}.",
            "Change its owner to the user who runs isthmus, or set ISTHMUS_HOME to another folder.",
        ) from error
