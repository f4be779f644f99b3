"""Fixtures for all tests: a clean environment and one Neo4j server for the whole test run."""

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

# Only tests delete everything, so this statement is not in the catalogue of the product.
DELETE_ALL = (
    "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS"
)
SETTING_PREFIXES = ("NEO4J_", "ISTHMUS_", "OPENAI_")
CACHE = Path(
    os.environ.get("ISTHMUS_TEST_CACHE") or user_cache_path("isthmus-tests", appauthor=False)
)
# Only downloaded encoders are shared; encoders that a test trains stay in its own home.
SHARED_FOLDERS = ("jars", "aot", "encoders/intfloat", "vectors")

# Before any test or fixture runs, so that no setting of this machine reaches a test.
for name in [name for name in os.environ if name.startswith(SETTING_PREFIXES)]:
    del os.environ[name]


def share_caches(home: Path) -> Path:
    """Links the downloads and caches that all test runs share into a home."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SHARED_FOLDERS:
        (CACHE / name).mkdir(parents=True, exist_ok=True)
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).symlink_to(CACHE / name, target_is_directory=True)
    return home


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the home whose server is used by the whole run; `server.start` starts it once."""
    home = share_caches(tmp_path_factory.mktemp("isthmus-home"))
    # Explicit, so that an isthmus.toml next to the tests cannot select another database.
    settings = Settings(home=home, neo4j_uri=None, server_page_cache="256m")
    yield settings
    server.stop(settings)


def delete_all(graph: Graph) -> None:
    """Empties a graph, and leaves what migrations have made."""
    with graph.driver.session(database=graph.database) as session:
        session.run(DELETE_ALL).consume()


@pytest.fixture
def graph(server_settings: Settings) -> Iterator[Graph]:
    """The graph of the run, migrated and empty."""
    with connect(server_settings) as graph:
        delete_all(graph)
        yield graph


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """A home for one test, with the shared downloads and its own server."""
    return share_caches(tmp_path / "home")
