"""Errors of a Neo4j server, each with advice on what to do."""

from __future__ import annotations

import neo4j.exceptions as neo4j_errors

from isthmus.errors import InputError, IsthmusError


class ServerRefused(IsthmusError):
    """No server answers at the address, or the connection failed."""


class WrongPassword(IsthmusError):
    """The server does not accept the user name and password."""


class ServerTooOld(IsthmusError):
    """The version of the server is older than isthmus supports."""


class MissingMigration(IsthmusError):
    """A constraint or index is missing, or a migration file differs from the applied one."""


class DatabaseUnusable(IsthmusError):
    """The database is full, read-only, missing or not online."""


class QueryFailed(IsthmusError):
    """The server rejected a statement."""


_READ_ONLY_CODES = (
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.Cluster.NotALeader",
)
_DISK_FULL_PHRASES = ("no space left", "disk is full", "file system", "out of disk")


def translate_error(
    error: neo4j_errors.Neo4jError | neo4j_errors.DriverError, uri: str
) -> IsthmusError:
    """Turns an error of the driver into one with advice."""
    if isinstance(error, neo4j_errors.AuthError):
        return WrongPassword(
            f"The server at {uri} does not accept this user name and password.",
            "Set NEO4J_USERNAME and NEO4J_PASSWORD.",
        )
    if isinstance(error, neo4j_errors.ServiceUnavailable | neo4j_errors.SessionExpired):
        return ServerRefused(
            f"No Neo4j server answers at {uri}: {error}.",
            "Start it or correct NEO4J_URI; without NEO4J_URI isthmus runs its own server.",
        )
    if isinstance(error, neo4j_errors.Neo4jError):
        return _translate_server_error(error, uri)
    return ServerRefused(f"The connection to {uri} failed: {error}.", "Try again.")


def _translate_server_error(error: neo4j_errors.Neo4jError, uri: str) -> IsthmusError:
    code, message = error.code or "", error.message or str(error)
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return DatabaseUnusable(
            f"The server at {uri} has no such database: {message}", "Set NEO4J_DATABASE."
        )
    if code in _READ_ONLY_CODES:
        return DatabaseUnusable(
            f"The database at {uri} is read-only: {message}",
            "Point NEO4J_URI at a server that accepts writes.",
        )
    if code.startswith("Neo.TransientError.Database") or "DatabaseUnavailable" in code:
        return DatabaseUnusable(
            f"The database at {uri} is not available: {message}",
            "Wait until it is online, or check the server's log.",
        )
    if any(phrase in message.lower() for phrase in _DISK_FULL_PHRASES):
        return DatabaseUnusable(
            f"The server at {uri} cannot write: {message}",
            "Free some disk space and run the command again.",
        )
    if "TransactionTimedOut" in code:
        return QueryFailed(
            f"A statement exceeded its time limit: {message}",
            "Request less, or increase db.transaction.timeout.",
        )
    if code == "Neo.ClientError.Statement.SyntaxError":
        return InputError(f"The statement is not valid Cypher: {message}")
    if code == "Neo.ClientError.Statement.ParameterMissing":
        return InputError(message, "Provide every parameter of the statement.")
    return QueryFailed(f"{message} ({code})")
