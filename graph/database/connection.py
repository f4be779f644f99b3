"""A connection to one database: server capabilities, reads, writes and batches.

Statements return values, lists and maps, never nodes or relationships. Rows are therefore passed
on as the driver returns them, which halves the driver's share of the time for answers with paths.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import neo4j
from neo4j.exceptions import DriverError, Neo4jError, TransientError

from isthmus.errors import InputError, IsthmusError
from isthmus.graph.database import statements
from isthmus.graph.database.batches import cut_batches
from isthmus.graph.database.errors import (
    AlreadyExists,
    ServerRefused,
    ServerTooOld,
    translate_error,
)
from isthmus.graph.database.ownership import count_foreign_nodes, foreign_nodes_error
from isthmus.graph.server import NotOurServer
from isthmus.progress import progress

if TYPE_CHECKING:
    import polars as pl

    from isthmus.graph.database.own_server import OwnServer
    from isthmus.graph.server import ServerRecord

MIN_VERSION = (5, 26)
CONNECTION_TIMEOUT_SECONDS = 10.0
BATCH_ROWS = 20_000
RETRY_WAIT_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # in total as long as the driver retries
# The server's default limit is meant for single statements.
BATCHED_TIMEOUT_SECONDS = 6 * 3600.0
# Statements that write without a search for nodes of somebody else: events, in milliseconds, and
# records of isthmus itself.
UNCHECKED = ("feedback/", "admin/", "lock/")
# Deletes a node: a retraining on a full disk leaves no lock behind.
ROOMLESS = ("lock/release",)
Row = dict[str, Any]
Result = TypeVar("Result")


class Write(Protocol):
    """Runs a statement of the catalogue within a transaction, and returns its rows."""

    def __call__(self, name: str, /, **parameters: Any) -> list[Row]: ...  # noqa: D102


logging.getLogger("neo4j").setLevel(logging.CRITICAL)  # the driver also raises what it logs


@dataclass(frozen=True)
class Capabilities:
    """Version and features of a server, queried once per connection.

    Attributes:
        version: Version of the server, for example `2026.09.0`.
        edition: `community` or `enterprise`.
        cypher_25: Whether statements may begin with `CYPHER 25`.
        search: Whether the SEARCH clause can filter inside a vector index.
    """

    version: str
    edition: str
    cypher_25: bool
    search: bool

    @classmethod
    def from_version(cls, version: str, edition: str) -> Capabilities:
        """Derives the features from the version: Cypher 25 since 2025.06, SEARCH since 2026.01.

        Raises:
            ServerTooOld: The version is older than 5.26.
        """
        match = re.match(r"(\d+)\.(\d+)", version)
        number = (int(match[1]), int(match[2])) if match else (0, 0)
        if number < MIN_VERSION:
            raise ServerTooOld(
                f"The server runs Neo4j {version}; isthmus needs 5.26 or newer.",
                "Upgrade the server, or unset NEO4J_URI so that isthmus runs its own.",
            )
        return cls(version, edition, number >= (2025, 6), number >= (2026, 1))


class Graph:
    """An open connection to one database; statements are named by their path in `cypher/`."""

    def __init__(
        self, driver: neo4j.Driver, database: str, uri: str, capabilities: Capabilities
    ) -> None:
        self.driver = driver
        self.database = database
        self.uri = uri
        self.capabilities = capabilities
        self.own_server: OwnServer | None = None
        self._is_own = False

    def check_is_own(self) -> None:
        """Checks once that no nodes of somebody else have the labels of isthmus.

        Raises:
            ForeignNodes: There are such nodes; the message has their numbers.
        """
        if self._is_own:
            return
        if counts := count_foreign_nodes(self.read):
            where = f"{self.database} at {self.uri}"
            raise foreign_nodes_error(counts, where, self.capabilities.edition)
        self._is_own = True

    def read(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement of the catalogue in one read transaction; returns its rows."""
        return self.run(statements.load_statement(name).text, parameters, neo4j.RoutingControl.READ)

    def read_where(self, name: str, predicate: str, hint: str, /, **parameters: Any) -> list[Row]:
        """Runs a reading statement with a predicate in its places for a filter.

        Args:
            name: The statement.
            predicate: Cypher that `isthmus.graph.filters` makes, never a text of the user.
            hint: Which index to begin with, likewise, or "".
            **parameters: Those of the statement and of the predicate.
        """
        text = statements.fill_place(name, "filter", predicate, hint)
        return self.run(text, parameters, neo4j.RoutingControl.READ)

    def write(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement of the catalogue in one write transaction; returns its rows.

        Raises:
            ForeignNodes: The database has nodes of somebody else.
        """
        self._check_before_write(name)
        if name not in ROOMLESS:
            self._check_room(parameters)
        text = statements.load_statement(name).text
        return self._execute(text, parameters, neo4j.RoutingControl.WRITE)

    def write_together(self, work: Callable[[Write], Result]) -> Result:
        """Runs several statements of the catalogue in one write transaction.

        Args:
            work: Writes by the function that it is given, which has the parameters of `write`. The
                driver may call it more than once, until the transaction is committed.
        """

        def run_in(transaction: neo4j.ManagedTransaction) -> Result:
            def write(name: str, /, **parameters: Any) -> list[Row]:
                self._check_room(parameters)
                result = transaction.run(statements.load_statement(name).text, parameters)
                return [dict(record) for record in result]

            return work(write)

        with self._translate_errors(), self.driver.session(database=self.database) as session:
            return session.execute_write(run_in)

    def run(
        self, text: str, parameters: Row, routing: neo4j.RoutingControl = neo4j.RoutingControl.WRITE
    ) -> list[Row]:
        """Runs Cypher text in one transaction that the driver retries; returns its rows."""
        if routing == neo4j.RoutingControl.WRITE:
            self._check_room(parameters)
        return self._execute(text, parameters, routing)

    @contextmanager
    def read_result(self, text: str, parameters: Row, seconds: float) -> Iterator[neo4j.Result]:
        """Runs Cypher text, of anybody, in a session that cannot write.

        Ctrl-C ends the statement in the server, too.

        Args:
            text: One statement.
            parameters: Values of its parameters.
            seconds: Time after which the server ends it.

        Yields:
            The result, from which rows are read as they come.
        """
        mark = uuid.uuid4().hex
        query = neo4j.Query(text, metadata={"mark": mark}, timeout=seconds)
        access = neo4j.READ_ACCESS
        with (
            self._translate_errors(),
            self.driver.session(database=self.database, default_access_mode=access) as session,
        ):
            try:
                yield session.run(query, parameters)
            except KeyboardInterrupt:
                with suppress(IsthmusError):  # closing the session would wait for the statement
                    self.read("admin/end_statement", mark=mark)
                raise

    def _execute(self, text: str, parameters: Row, routing: neo4j.RoutingControl) -> list[Row]:
        with self._translate_errors():
            result = self.driver.execute_query(
                text, parameters, routing_=routing, database_=self.database
            )
        return [dict(record) for record in result.records]

    def change_schema(self, text: str, **parameters: Any) -> None:
        """Runs a statement such as CREATE INDEX … IF NOT EXISTS, of which a repetition is harmless.

        Where several processes run it at once, the server refuses all but one, and finds only in a
        repetition that the index exists.
        """
        try:
            self.run(text, parameters)
        except AlreadyExists:
            self.run(text, parameters)

    def write_in_transactions(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement that commits in batches by itself (CALL … IN TRANSACTIONS).

        The driver does not retry such statements when another writer blocks a batch. This method
        retries them from the start, since all of them are idempotent.
        """
        self._check_before_write(name)
        self._check_room(parameters)
        query = neo4j.Query(statements.load_statement(name).text, timeout=BATCHED_TIMEOUT_SECONDS)
        with self._translate_errors(), self.driver.session(database=self.database) as session:
            for wait in RETRY_WAIT_SECONDS:
                with suppress(TransientError):
                    return [dict(record) for record in session.run(query, parameters)]
                time.sleep(wait)
            return [dict(record) for record in session.run(query, parameters)]

    def write_batches(
        self, name: str, rows: pl.DataFrame, task: str, size: int = BATCH_ROWS, **parameters: Any
    ) -> list[Row]:
        """Writes a frame as the parameter `rows` of a statement, in transactions of `cut_batches`.

        Returns:
            The rows that the statement returned, of all transactions.
        """
        results: list[Row] = []
        if rows.is_empty():
            return results
        with progress(task, len(rows), "rows") as advance:
            for batch in cut_batches(rows, size):
                results += self.write(name, rows=batch.to_dicts(), **parameters)
                advance(len(batch))
        return results

    def _check_before_write(self, name: str) -> None:
        if not name.startswith(UNCHECKED):
            self.check_is_own()

    def _check_room(self, parameters: Row) -> None:
        if self.own_server is not None:
            self.own_server.check_room(parameters)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turns errors of the driver in the block into those of `isthmus.graph.database.errors`."""
        try:
            yield
        except (Neo4jError, DriverError) as error:
            translated = translate_error(error, self.uri)
            own = self.own_server
            raise (own.explain(translated) if own else translated) from error


def open_graph(
    uri: str, user: str, password: str, database: str, options: Row | None = None
) -> AbstractContextManager[Graph]:
    """Opens a database and queries the capabilities of its server.

    Args:
        uri: Address of the server.
        user: Name of the user.
        password: Their password.
        database: Name of the database.
        options: Further options of the driver, such as the size of its pool; None for its own.

    Raises:
        InputError: The address or the database is invalid.
        IsthmusError: The server refuses the connection or is too old.
    """
    return _open(uri, database, {"auth": (user, password)} | (options or {}))


def open_own_graph(
    record: ServerRecord, database: str, options: Row | None = None
) -> AbstractContextManager[Graph]:
    """Opens a database of isthmus's own server, whose process alone is sent the password.

    Args:
        record: The server.
        database: Name of the database.
        options: As of `open_graph`.

    Raises:
        InputError: The database is invalid, or other users have access to the home.
        IsthmusError: The server refuses the connection, or is another.
    """
    return _open(record.uri, database, record.driver_options() | (options or {}))


@contextmanager
def _open(uri: str, database: str, options: dict[str, Any]) -> Iterator[Graph]:
    """Opens a database by the driver's options, those for the credentials among them.

    Raises:
        InputError: The address or the database is invalid.
        IsthmusError: The server refuses the connection or is too old.
    """
    if database == "system":
        raise InputError(
            "NEO4J_DATABASE is system, which holds no graph.", "Name another, as neo4j."
        )
    try:
        driver = neo4j.GraphDatabase.driver(
            uri,
            **options,
            connection_timeout=CONNECTION_TIMEOUT_SECONDS,
            notifications_min_severity="OFF",
        )
    except (DriverError, ValueError) as error:
        raise InputError(
            f"NEO4J_URI {uri!r} is invalid: {error}", "Use bolt://HOST:PORT or neo4j://HOST:PORT."
        ) from error
    with driver:
        try:
            driver.verify_connectivity()  # the driver would retry a query for half a minute
            components = driver.execute_query(
                statements.load_statement("admin/components").text,
                database_="system",
                routing_=neo4j.RoutingControl.READ,
            ).records
        except (Neo4jError, DriverError) as error:
            raise translate_error(error, uri) from error
        except NotOurServer as error:
            raise ServerRefused(error.message, error.advice) from error
        kernel = next(row for row in components if row["name"] == "Neo4j Kernel")
        capabilities = Capabilities.from_version(kernel["version"], kernel["edition"])
        yield Graph(driver, database, uri, capabilities)
