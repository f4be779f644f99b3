"""What can go wrong with a Neo4j server, each with a sentence that says what to do."""

from __future__ import annotations

import neo4j.exceptions as neo4j_errors

from isthmus.errors import InputError, IsthmusError


class ServerRefused(IsthmusError):
    """Nothing answers at the address."""


class WrongPassword(IsthmusError):
    """The server does not accept the user name and password."""


class ServerTooOld(IsthmusError):
    """The server's version lacks what isthmus needs."""


class MissingMigration(IsthmusError):
    """The graph lacks a constraint or index, or was migrated by other files."""


class DatabaseUnusable(IsthmusError):
    """The database is full, read-only, missing or not online."""


class QueryFailed(IsthmusError):
    """The server refused a statement."""


_READ_ONLY = (
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.Cluster.NotALeader",
)
_FULL = ("no space left", "disk is full", "file system", "out of disk")


def explain(error: neo4j_errors.Neo4jError | neo4j_errors.DriverError, uri: str) -> IsthmusError:
    """Turns an error of the driver into one that says what to do."""
    if isinstance(error, neo4j_errors.AuthError):
        return WrongPassword(
            f"The server at {uri} does not accept this user name and password.",
            "Set NEO4J_USERNAME and NEO4J_PASSWORD.",
        )
    if isinstance(error, neo4j_errors.ServiceUnavailable | neo4j_errors.SessionExpired):
        return ServerRefused(
            f"No Neo4j server answers at {uri}: {error}.",
            "Start it, or correct NEO4J_URI; without NEO4J_URI isthmus runs its own.",
        )
    if isinstance(error, neo4j_errors.Neo4jError):
        return _explain_answer(error, uri)
    return ServerRefused(f"The connection to {uri} failed: {error}.", "Try again.")


def _explain_answer(error: neo4j_errors.Neo4jError, uri: str) -> IsthmusError:
    code, message = error.code or "", error.message or str(error)
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return DatabaseUnusable(
            f"The server at {uri} has no such database: {message}", "Set NEO4J_DATABASE."
        )
    if code in _READ_ONLY:
        return DatabaseUnusable(
            f"The database at {uri} is read-only: {message}",
            "Point NEO4J_URI at a server that accepts writes.",
        )
    if code.startswith("Neo.TransientError.Database") or "DatabaseUnavailable" in code:
        return DatabaseUnusable(
            f"The database at {uri} is not available: {message}",
            "Wait until it is online, or look into the server's log.",
        )
    if any(sign in message.lower() for sign in _FULL):
        return DatabaseUnusable(
            f"The server at {uri} cannot write: {message}", "Free some disk space and run it again."
        )
    if "TransactionTimedOut" in code:
        return QueryFailed(
            f"A statement ran past its time limit: {message}",
            "Ask for less, or raise db.transaction.timeout.",
        )
    if code == "Neo.ClientError.Statement.SyntaxError":
        return InputError(f"The statement is not valid Cypher: {message}")
    if code == "Neo.ClientError.Statement.ParameterMissing":
        return InputError(message, "Give each parameter of the statement.")
    return QueryFailed(f"{message} ({code})")
