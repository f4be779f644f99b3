"""What all tests share: a clean environment and one Neo4j of our own for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.server import lifecycle as server
from isthmus.settings import Settings

# Tests alone empty a graph, so this statement has no place in the product's catalogue.
EMPTY = "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS"
FOREIGN = ("NEO4J_", "ISTHMUS_")
CACHE = Path(
    os.environ.get("ISTHMUS_TEST_CACHE") or user_cache_path("isthmus-tests", appauthor=False)
)
# Of the encoders only those that were fetched: what a test trains is its own.
SHARED_FOLDERS = ("jars", "aot", "encoders/intfloat", "vectors")

# Before any test or fixture runs: no setting of this machine reaches a test.
for name in [name for name in os.environ if name.startswith(FOREIGN)]:
    del os.environ[name]


def _share_caches(home: Path) -> Path:
    """Gives a home of tests the downloads and caches that outlive the run."""
    home.mkdir(parents=True, exist_ok=True)
    for name in SHARED_FOLDERS:
        (CACHE / name).mkdir(parents=True, exist_ok=True)
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).symlink_to(CACHE / name, target_is_directory=True)
    return home


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the home whose Neo4j serves the whole run; `server.start` starts it once."""
    home = _share_caches(tmp_path_factory.mktemp("isthmus-home"))
    # Said here, so that not even an isthmus.toml beside the tests sends them to another database.
    settings = Settings(home=home, neo4j_uri=None, server_page_cache="256m")
    yield settings
    server.stop(settings)


@pytest.fixture
def graph(server_settings: Settings) -> Iterator[Graph]:
    """The run's graph with its constraints and indexes, and nothing in it."""
    with connect(server_settings) as graph:
        with graph.driver.session(database=graph.database) as session:
            session.run(EMPTY).consume()
        yield graph


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """A home that only one test uses, with the downloads of all and a server of its own."""
    return _share_caches(tmp_path / "home")
