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


class ForeignNodes(InputError):
    """The database has nodes of somebody else under the labels of isthmus."""


class QueryFailed(IsthmusError):
    """The server rejected a statement."""


class ValueRefused(QueryFailed):
    """A parameter has a value that the statement does not take, such as LIMIT -1."""


class AlreadyExists(QueryFailed):
    """An index or constraint exists, which another process has just created."""


_READ_ONLY_CODES = (
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    "Neo.ClientError.Cluster.NotALeader",
)
_EXISTS_CODES = tuple(
    f"Neo.ClientError.Schema.{name}AlreadyExists"
    for name in ("EquivalentSchemaRule", "Index", "Constraint")
)
_VALUE_CODES = tuple(f"Neo.ClientError.Statement.{name}Error" for name in ("Argument", "Type"))
_DISK_FULL_PHRASES = (
    "no space left",
    "disk is full",
    "file system",
    "out of disk",
    "quota exceeded",
    "could not append transaction",
    "critical error, and needs to be restarted",
)


def translate_error(
    error: neo4j_errors.Neo4jError | neo4j_errors.DriverError, uri: str
) -> IsthmusError:
    """Turns an error of the driver into one with advice."""
    if _code(error) == "Neo.ClientError.Security.Forbidden":
        return DatabaseUnusable(
            f"The user of NEO4J_USERNAME may not do this at {uri}: {_sentence(error)}",
            "Give it the rights to read, write and create indexes, or set NEO4J_USERNAME to "
            "another user.",
        )
    if _code(error) == "Neo.ClientError.Security.CredentialsExpired":
        return WrongPassword(
            f"The password of the user at {uri} has to be changed before its first use.",
            "Change it in Neo4j Browser or by ALTER CURRENT USER, then set NEO4J_PASSWORD.",
        )
    if _code(error) == "Neo.ClientError.Security.AuthenticationRateLimit":
        return WrongPassword(
            f"The server at {uri} had too many wrong passwords in a row.",
            "Wait some seconds, and set NEO4J_USERNAME and NEO4J_PASSWORD.",
        )
    if isinstance(error, neo4j_errors.AuthError):
        return WrongPassword(
            f"The server at {uri} does not accept this user name and password.",
            "Set NEO4J_USERNAME and NEO4J_PASSWORD.",
        )
    if isinstance(error, neo4j_errors.ServiceUnavailable | neo4j_errors.SessionExpired):
        if "routing" in str(error) and uri.startswith("neo4j"):
            return ServerRefused(
                f"The server at {uri} does not name servers that can be reached: {error}.",
                f"For a single server, write NEO4J_URI=bolt{uri.removeprefix('neo4j')}.",
            )
        return ServerRefused(
            f"No Neo4j server answers at {uri}: {error}.",
            "Start it or correct NEO4J_URI; without NEO4J_URI isthmus runs its own server.",
        )
    if isinstance(error, neo4j_errors.Neo4jError):
        return _translate_server_error(error, uri)
    return ServerRefused(f"The connection to {uri} failed: {error}.", "Try again.")


def _code(error: Exception) -> str:
    """Returns the server's code of an error, or nothing."""
    return (
        (getattr(error, "code", None) or "") if isinstance(error, neo4j_errors.Neo4jError) else ""
    )


def _sentence(error: Exception) -> str:
    text = " ".join((getattr(error, "message", None) or str(error)).split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _translate_server_error(error: neo4j_errors.Neo4jError, uri: str) -> IsthmusError:
    code, message = _code(error), _sentence(error)
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return DatabaseUnusable(
            f"The server at {uri} has no such database: {message}", "Set NEO4J_DATABASE."
        )
    if code == "Neo.ClientError.Schema.ConstraintCreationFailed":
        return DatabaseUnusable(
            f"A constraint cannot be created at {uri}: {message}",
            "Remove the nodes that are there twice, or give isthmus an empty database.",
        )
    if "MemoryPoolOutOfMemory" in code or "OutOfMemory" in code:
        return DatabaseUnusable(
            f"The server at {uri} has too little memory: {message}",
            "Raise ISTHMUS_SERVER_HEAP and start the server again, or the limits of your server.",
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
            "Free some disk space, start the server again if it asks for it, and run the "
            "command again.",
        )
    if code == "Neo.ClientError.Statement.AccessMode":
        return InputError(
            "The statement writes, and may only read.",
            "Run the command of isthmus that writes this, or write with a driver of your own.",
        )
    if code == "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration":
        return QueryFailed(
            "The statement took longer than its time limit, and was ended.",
            "Request less, or increase the limit, as by --timeout.",
        )
    if "TransactionTimedOut" in code:
        return QueryFailed(
            f"A statement exceeded its time limit: {message}",
            "Request less, or increase ISTHMUS_SERVER_QUERY_SECONDS and start the server again; on "
            "a server of yours, increase db.transaction.timeout.",
        )
    if code == "Neo.ClientError.Statement.SyntaxError":
        return InputError(f"The statement is not valid Cypher: {message}")
    if code == "Neo.ClientError.Statement.ParameterMissing":
        return InputError(message, "Provide every parameter of the statement.")
    if code in _VALUE_CODES:
        return ValueRefused(f"{message} ({code})")
    failed = AlreadyExists if code in _EXISTS_CODES else QueryFailed
    return failed(f"{message} ({code})")
