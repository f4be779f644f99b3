"""Nodes of somebody else under isthmus's labels are found before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.errors import InputError
from isthmus.graph.database import migrate
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.errors import ForeignNodes
from isthmus.graph.database.migrations import read_migrations
from isthmus.graph.database.ownership import count_foreign_nodes, foreign_nodes_error
from isthmus.graph.database.session import connect
from isthmus.graph.events.record import record_interaction
from isthmus.graph.generations import list_generations
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.operations.doctor import run_checks
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

CONTENTS = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties ORDER BY elementId(n)"
MOVIES = (
    "CREATE (:User {name: 'Tom'}), (:User {name: 'Tom'}), (:Movie {title: 'The Matrix'}), "
    "(:Item {id: 7})"
)


@pytest.fixture
def unmigrated(graph: Graph) -> Iterator[Graph]:
    """A graph in which no migration is recorded, as a database that isthmus never saw."""
    graph.run("MATCH (m:Migration) DELETE m", {})
    yield graph
    graph.run("MATCH (n) DETACH DELETE n", {})
    migrate(graph)


def write_tables(folder: Path) -> Path:
    (folder / "items.csv").write_text("item_id,domain,title\n1,books,Dune\n2,films,Alien\n")
    (folder / "interactions.csv").write_text("user_id,item_id\na,1\nb,2\n")
    return folder


def test_a_database_of_somebody_else_is_left_as_it_is(
    unmigrated: Graph, server_settings: Settings
) -> None:
    unmigrated.run(MOVIES, {})
    before = unmigrated.run(CONTENTS, {})
    with pytest.raises(ForeignNodes, match="2 User, 1 Item") as raised, connect(server_settings):
        pass
    assert raised.value.exit_code == 2
    assert "empty database" in raised.value.advice
    assert unmigrated.run(CONTENTS, {}) == before


def test_nodes_with_our_keys_are_foreign_where_nothing_was_loaded(unmigrated: Graph) -> None:
    unmigrated.run("CREATE (:User {id: 'ana'}), (:Migration {version: 1})", {})
    with pytest.raises(ForeignNodes, match="1 User, 1 Migration"):
        migrate(unmigrated)


def test_a_bulk_load_before_the_first_migration_is_our_own(unmigrated: Graph) -> None:
    unmigrated.run("CREATE (:User {id: 'ana'}), (:Dataset {path: '/tables', fingerprint: 'f'})", {})
    assert len(migrate(unmigrated)) == sum(
        migration.applies_to(unmigrated.capabilities) for migration in read_migrations()
    )


def test_other_labels_may_stay_in_the_database(unmigrated: Graph) -> None:
    unmigrated.run("CREATE (:Movie {title: 'The Matrix'})", {})
    assert migrate(unmigrated)


def test_foreign_nodes_beside_ours_stop_a_load(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path)
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    graph.run("CREATE (:User {name: 'Tom'}), (:User {id: 5}), (:Item {sku: 3}), (:Domain)", {})
    before = graph.run(CONTENTS, {})
    with connect(server_settings) as other:
        with pytest.raises(ForeignNodes, match="2 User, 1 Item, 1 Domain"):
            ingest_dataset(other, read_dataset(folder), folder, server_settings)
        assert recommend_for_user(other, "a", "films", 1, server_settings)["items"]
        assert list_generations(other) == []
        assert record_interaction(other, "a", "films", "2", server_settings)["recorded"]
    graph.run("MATCH (:User {id: 'a'})-[r:INTERACTED]->(:Item {key: 'films:2'}) DELETE r", {})
    assert len(graph.run(CONTENTS, {})) == len(before)


def test_an_unexpected_error_names_the_foreign_nodes(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path)
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    graph.run("CREATE (:Domain {url: 'x'})", {})
    with (
        pytest.raises(ForeignNodes, match="1 Domain"),
        connect(server_settings) as other,
    ):
        recommend_for_user(other, "a", "nothing", 1, server_settings)


def test_an_error_of_a_clean_graph_stays_what_it_is(
    graph: Graph, server_settings: Settings
) -> None:
    with pytest.raises(ZeroDivisionError), connect(server_settings):
        _ = 1 / 0
    with (
        pytest.raises(InputError, match="The graph is empty"),
        connect(server_settings) as other,
    ):
        recommend_for_user(other, "a", "films", 1, server_settings)


def test_doctor_gives_no_advice_for_a_graph_that_is_not_ours(
    unmigrated: Graph, server_settings: Settings
) -> None:
    unmigrated.run(MOVIES, {})
    checks = {check.name: check for check in run_checks(server_settings)}
    assert not checks["graph"].ok
    assert "2 User, 1 Item" in checks["graph"].found
    assert {"migrations", "indexes", "embeddings"} & checks.keys() == set()
    assert not any("isthmus migrate" in check.advice for check in checks.values())


def test_a_graph_of_ours_is_searched_by_counts_and_indexes(graph: Graph) -> None:
    graph.run("UNWIND range(1, 50) AS n CREATE (:User {id: toString(n)})", {})
    assert count_foreign_nodes(graph.read) == {}
    profile = graph.driver.execute_query(
        "EXPLAIN RETURN COUNT { MATCH (n:User) WHERE n.id STARTS WITH '' } AS users"
    ).summary.plan
    assert profile is not None
    assert "IndexSeek" in str(profile)


@pytest.mark.parametrize(("edition", "names"), [("community", False), ("enterprise", True)])
def test_another_database_is_advised_where_there_can_be_one(edition: str, names: bool) -> None:
    counts: dict[str, Any] = {"User": 3}
    advice = foreign_nodes_error(counts, "neo4j at bolt://h", edition).advice
    assert ("NEO4J_DATABASE" in advice) is names
