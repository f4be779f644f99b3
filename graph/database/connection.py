"""An open connection to one database: capabilities, reads, writes, batches.

Statements return values, lists and maps, never nodes or relationships: so rows are passed on as the
driver gives them, which halves its part of an answer with paths.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError, TransientError

from isthmus.graph.database import statements as queries
from isthmus.graph.database.errors import ServerTooOld, explain
from isthmus.progress import progress

if TYPE_CHECKING:
    import polars as pl

OLDEST_VERSION = (5, 26)
CONNECTION_TIMEOUT = 10.0
ROWS_A_BATCH = 20_000
SECONDS_BETWEEN_TRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # as long as the driver tries in all
SECONDS_IN_TRANSACTIONS = 6 * 3600.0  # the server's own limit is meant for single questions
Row = dict[str, Any]


logging.getLogger("neo4j").setLevel(logging.CRITICAL)  # what it would say is raised as well


@dataclass(frozen=True)
class Capabilities:
    """What a server can do, asked once a connection.

    Attributes:
        version: As the server says it, `2026.09.0`.
        edition: `community` or `enterprise`.
        cypher_25: Statements may begin with `CYPHER 25`.
        search: The SEARCH clause filters inside a vector index.
    """

    version: str
    edition: str
    cypher_25: bool
    search: bool

    @classmethod
    def of(cls, version: str, edition: str) -> Capabilities:
        """Knows by the version number: Cypher 25 since 2025.06, SEARCH since 2026.01.

        Raises:
            ServerTooOld: The version is below 5.26.
        """
        found = re.match(r"(\d+)\.(\d+)", version)
        number = (int(found[1]), int(found[2])) if found else (0, 0)
        if number < OLDEST_VERSION:
            raise ServerTooOld(
                f"The server runs Neo4j {version}; isthmus needs 5.26 or newer.",
                "Upgrade it, or unset NEO4J_URI to use the server of our own.",
            )
        return cls(version, edition, number >= (2025, 6), number >= (2026, 1))


class Graph:
    """An open connection to one database; statements go by their name in `cypher/`."""

    def __init__(
        self, driver: neo4j.Driver, database: str, uri: str, capabilities: Capabilities
    ) -> None:
        self.driver = driver
        self.database = database
        self.uri = uri
        self.capabilities = capabilities

    def read(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement of the catalogue on a server that may read; returns its rows."""
        return self.run(queries.load(name).text, parameters, neo4j.RoutingControl.READ)

    def write(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement of the catalogue in one transaction, retried as the driver does."""
        return self.run(queries.load(name).text, parameters, neo4j.RoutingControl.WRITE)

    def run(
        self, text: str, parameters: Row, routing: neo4j.RoutingControl = neo4j.RoutingControl.WRITE
    ) -> list[Row]:
        """Runs a text in one managed transaction; returns its rows."""
        with self._explained():
            result = self.driver.execute_query(
                text, parameters, routing_=routing, database_=self.database
            )
        return [dict(record) for record in result.records]

    def write_in_transactions(self, name: str, /, **parameters: Any) -> list[Row]:
        """Runs a statement that commits in small steps by itself (CALL … IN TRANSACTIONS).

        The driver does not try these again where another writer was in the way of a step; this
        does, from the start: run twice, each of them leaves what it leaves once.
        """
        query = neo4j.Query(queries.load(name).text, timeout=SECONDS_IN_TRANSACTIONS)
        with self._explained(), self.driver.session(database=self.database) as session:
            for wait in SECONDS_BETWEEN_TRIES:
                with suppress(TransientError):
                    return [dict(record) for record in session.run(query, parameters)]
                time.sleep(wait)
            return [dict(record) for record in session.run(query, parameters)]

    def write_batches(
        self, name: str, rows: pl.DataFrame, task: str, size: int = ROWS_A_BATCH, **parameters: Any
    ) -> None:
        """Writes the rows of a frame, `size` a transaction, as the parameter `rows`."""
        with progress(task, len(rows), "rows") as advance:
            for batch in rows.iter_slices(size):
                self.write(name, rows=batch.to_dicts(), **parameters)
                advance(len(batch))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (Neo4jError, DriverError) as error:
            raise explain(error, self.uri) from error


@contextmanager
def open_graph(uri: str, user: str, password: str, database: str) -> Iterator[Graph]:
    """Opens a database and asks what its server can do."""
    try:
        driver = neo4j.GraphDatabase.driver(
            uri,
            auth=(user, password),
            connection_timeout=CONNECTION_TIMEOUT,
            notifications_min_severity="OFF",
        )
    except (DriverError, ValueError) as error:
        from isthmus.errors import InputError

        raise InputError(
            f"NEO4J_URI cannot be {uri!r}: {error}", "Give bolt://HOST:PORT or neo4j://HOST:PORT."
        ) from error
    with driver:
        try:
            driver.verify_connectivity()  # a query would be tried again for half a minute
            components = driver.execute_query(
                queries.load("admin/components").text,
                database_="system",
                routing_=neo4j.RoutingControl.READ,
            ).records
        except (Neo4jError, DriverError) as error:
            raise explain(error, uri) from error
        kernel = next(one for one in components if one["name"] == "Neo4j Kernel")
        capabilities = Capabilities.of(kernel["version"], kernel["edition"])
        yield Graph(driver, database, uri, capabilities)
