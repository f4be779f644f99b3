"""What a home keeps of its server: the record of the running one, its password, its folders."""

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
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process import ServerError
from isthmus.settings import Settings


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


def read_record(settings: Settings) -> ServerRecord | None:
    """What the record says, where its process lives and is the server of this home."""
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
    """The file of the password of this home's Neo4j, made where there is none and no data.

    Raises:
        ServerError: There is data, but no password for it.
    """
    file = password_path(settings)
    if not file.exists():
        if home_folders(settings).has_users:
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


def write_record(settings: Settings, record: ServerRecord) -> ServerRecord:
    """Writes the record of the running server, whole or not at all, and returns it."""
    file = record_path(settings)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(record), default=str))
    part.replace(file)
    return record


def make_record(settings: Settings, pid: int) -> ServerRecord | None:
    """The record of the process `pid`, or None where the home has no port or password yet."""
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
    """The Bolt port of a server."""
    return int(record.uri.rpartition(":")[2])


def home_folders(settings: Settings) -> Folders:
    """The folders of the Neo4j of a home."""
    home = settings.home.resolve()
    return Folders(home=home / "server", jars=(home / "jars").resolve(), logs=home / "logs")


def record_path(settings: Settings) -> Path:
    """The file of the record."""
    return settings.home / "server" / "record.json"


def password_path(settings: Settings) -> Path:
    """The file of the password, whether it is there or not."""
    return settings.home / "server" / "password"


@contextlib.contextmanager
def explain_file_errors(settings: Settings) -> Iterator[None]:
    """Turns an OSError on the files of the home into a ServerError with a way out."""
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"The home {settings.home} cannot be used: {error}.",
            "Give it back to the user who runs isthmus, or set ISTHMUS_HOME to another folder.",
        ) from error
