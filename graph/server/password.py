"""The server's password: its creation, and its change, which a kill at any moment cannot lose.

The new password is written to a file beside the current one, taken by the server, and then given
the name of the current one. What a killed change left behind is settled by the next command: the
server knows which of the two is its password.
"""

from __future__ import annotations

import secrets

from neo4j.exceptions import DriverError, Neo4jError

from isthmus.files import sync_folder, write_file
from isthmus.graph.server import process
from isthmus.graph.server.admin_tool import set_initial_password
from isthmus.graph.server.failures import NotOurServer, PasswordRefused, ServerError
from isthmus.graph.server.record import (
    ServerRecord,
    home_folders,
    new_password_path,
    password_file,
    password_path,
)
from isthmus.settings import Settings

CHANGE = "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED"


def ensure_password(settings: Settings) -> str:
    """Returns the server's password, and creates and sets it before the first start.

    The password file is written before the data exist, and the password is set again as long as
    there are no data. If a start is killed at any point, the next one can complete it.
    """
    folders, file = home_folders(settings), password_file(settings)
    if not folders.has_users:
        set_initial_password(folders, file)
    return file.read_text().strip()


def change_password(settings: Settings, record: ServerRecord) -> None:
    """Gives the server of this home a new random password, and writes it to its file.

    The caller holds the lock of starts and stops.

    Raises:
        ServerError: The server did not take it; the message says which password holds.
    """
    settle_password(settings, record.pid, record.uri)
    new = secrets.token_hex(16)
    write_file(new_password_path(settings), new)
    try:
        with process.open_driver(record.pid, record.uri, record.password()) as driver:
            driver.execute_query(CHANGE, password=new, database_="system")
    except (DriverError, Neo4jError, NotOurServer, OSError) as error:
        if settle_password(settings, record.pid, record.uri):
            return
        raise ServerError(
            f"Neo4j did not take a new password: {error}. The current one stays.",
            "Run `isthmus server status` to see how it is, and the command again.",
        ) from error
    _take_new(settings)


def settle_password(settings: Settings, pid: int, uri: str) -> bool:
    """Finds out which password holds after a change that was killed.

    A password is deleted only if the server has taken the other one.

    Returns:
        Whether the file of the password has now another content, which the server takes.
    """
    new, current = new_password_path(settings), password_path(settings)
    if not new.exists():
        return False
    if _is_taken(pid, uri, new.read_text().strip()):
        _take_new(settings)
        return True
    if _is_taken(pid, uri, current.read_text().strip()):
        new.unlink()
    return False


def _is_taken(pid: int, uri: str, password: str) -> bool:
    """Whether the server takes a password, also one whose graph does not open."""
    try:
        return (
            process.answers_query(pid, uri, password)
            or process.database_state(pid, uri, password) is not None
        )
    except PasswordRefused:
        return False


def _take_new(settings: Settings) -> None:
    new = new_password_path(settings)
    new.replace(password_path(settings))
    sync_folder(new.parent)
