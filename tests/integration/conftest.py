"""A clean, migrated graph for each test, on the one server of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graph.connection import Graph, connect
from isthmus.settings import Settings

# Tests alone empty a graph, so this statement has no place in the product's catalogue.
EMPTY = "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS"


@pytest.fixture
def graph(server_settings: Settings) -> Iterator[Graph]:
    """The graph with its constraints and indexes, and nothing in it."""
    with connect(server_settings) as graph:
        with graph.driver.session(database=graph.database) as session:
            session.run(EMPTY).consume()
        yield graph
