"""`isthmus doctor` reports the problems of a real Neo4j, and none if there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.graph.database.connection import Graph
from isthmus.graph.database.migrations import expected_indexes, read_migrations
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.embeddings import delete_orphans, encode
from isthmus.graph.interests.find import find_interests
from isthmus.graph.operations.doctor import Check, run_checks
from isthmus.graph.server import lifecycle as server
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings
from tests.unit.tiny import tiny_bert

ITEMS = "item_id,domain,title,categories\n1,books,red book,novels\n2,films,blue film,dramas\n"


@pytest.fixture(scope="module")
def settings(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("encoder")
    model = tiny_bert(folder, ("red", "blue", "book", "film"))
    return server_settings.model_copy(update={"encoder": str(model)})


def checks_by_name(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in run_checks(settings)}


def load(graph: Graph, settings: Settings, folder: Path) -> None:
    (folder / "items.csv").write_text(ITEMS)
    (folder / "interactions.csv").write_text("user_id,item_id\nana,1\nben,2\n")
    ingest_dataset(graph, read_dataset(folder), folder, settings)


def test_an_empty_graph_passes_with_advice_for_the_first_command(
    graph: Graph, settings: Settings
) -> None:
    found = checks_by_name(settings)
    assert [check for check in found.values() if not check.ok] == []
    assert graph.capabilities.version in found["server"].found
    assert "isthmus ingest" in found["graph"].advice
    assert "not compared with an 8-bit ONNX graph" in found["runtime"].found
    assert "--compare-runtimes" in found["runtime"].advice
    assert not (settings.home / "encoders" / ".onnx").exists()


def test_runtimes_are_compared_only_if_asked_and_then_known(
    settings: Settings, tmp_path: Path
) -> None:
    alone = settings.model_copy(update={"home": tmp_path})
    for compare in (True, False):  # the first one measures
        found = {check.name: check for check in run_checks(alone, compare)}["runtime"]
        assert "texts per second" in found.found
    assert (tmp_path / "encoders" / ".onnx" / "compared.json").exists()


def test_each_missing_step_is_reported_with_its_command(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    found = checks_by_name(settings)
    assert (found["embeddings"].ok, found["embeddings"].advice) == (False, "Run `isthmus encode`.")
    encode(graph, settings)
    find_interests(graph, settings)
    found = checks_by_name(settings)
    assert [check for check in found.values() if not check.ok] == []
    assert "2 items, 2 interactions" in found["graph"].found
    assert found["embeddings"].ok
    assert "isthmus retrain" in found["generation"].advice
    other = checks_by_name(settings.model_copy(update={"encoder": "somebody/other"}))["embeddings"]
    assert "somebody/other" in other.advice


def test_remains_of_interrupted_runs_are_reported(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    graph.run(
        "CREATE (:Generation {number: 1, state: 'active', edges: 5, created_at: datetime()}), "
        "(:Generation {number: 2, state: 'candidate', created_at: datetime()}), "
        "(:Interest {id: 'of nothing', name: 'of nothing'})",
        {},
    )
    graph.run(  # a parent interest is in use if an item is about one of its children
        "MATCH (i:Item) WITH i LIMIT 1 CREATE (i)-[:ABOUT {weight: 1.0}]->"
        "(:Interest {id: 'part', name: 'part'})-[:PART_OF]->"
        "(:Interest {id: 'family', name: 'family'})",
        {},
    )
    graph.run("MATCH (g:Generation), (d:Dataset) SET g.tables = [d.fingerprint]", {})
    found = checks_by_name(settings)
    assert found["generation"].found == "Generation 1 is active, created just now: 5 edges."
    assert not found["leftovers"].ok
    assert "Unfinished generations: 2." in found["leftovers"].found
    assert "Interests without items and texts: 1." in found["leftovers"].found


def test_tables_newer_than_the_edges_lead_to_the_advice_to_retrain(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    graph.run(
        "CREATE (:Generation {number: 1, state: 'active', edges: 5, "
        "created_at: datetime() - duration({days: 3})})",
        {},
    )
    load(graph, settings, tmp_path)
    found = checks_by_name(settings)["generation"]
    assert "created 3 days ago" in found.found
    assert found.advice == "Run `isthmus retrain`."
    graph.run("MATCH (g:Generation), (d:Dataset) SET g.tables = [d.fingerprint]", {})
    load(graph, settings, tmp_path)  # the same tables
    assert checks_by_name(settings)["generation"].advice == ""


def test_nodes_that_deletions_by_hand_orphaned_are_reported(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    encode(graph, settings)
    assert checks_by_name(settings)["orphans"].ok
    graph.run("MATCH (i:Item {key: 'books:1'}) DETACH DELETE i", {})
    graph.run("MATCH (:Item {key: 'films:2'})-[r:IN_DOMAIN]->() DELETE r", {})
    found = checks_by_name(settings)["orphans"]
    assert (found.ok, found.found) == (
        False,
        "1 vectors without an item or text, 1 items without a domain.",
    )
    assert "isthmus retrain" in found.advice


def test_orphans_are_deleted_and_other_nodes_stay(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    graph.run(
        "CREATE (:ItemVector {item: 'gone', version: 1}), (:Account {key: 'shop:1'}), "
        "(:Text {id: '1'})-[:ENCODED_AS]->(:TextVector {text: '1', version: 1}) "
        "WITH 1 AS one MATCH (u:User {id: 'ana'}) "
        "CREATE (u)-[:WROTE]->(t:Text {id: '2'}), "
        "(t)-[:ENCODED_AS]->(:TextVector {text: '2', version: 1}), "
        "(:Account {key: 'shop:2'})-[:OF]->(u)",
        {},
    )
    orphans = {"vectors": 1, "texts": 1, "accounts": 1, "items": 0}
    assert graph.read("admin/orphans") == [orphans]
    delete_orphans(graph)
    assert graph.read("admin/orphans") == [dict.fromkeys(orphans, 0)]
    remaining = (
        "MATCH (n:ItemVector|TextVector|Text|Account) RETURN coalesce(n.key, n.text, n.id) AS key"
    )
    assert sorted(row["key"] for row in graph.run(remaining, {})) == ["2", "2", "shop:2"]


def test_an_encoder_whose_files_changed_is_a_different_encoder(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    encode(graph, settings)
    assert checks_by_name(settings)["embeddings"].advice == ""
    graph.run("MATCH (e:Encoder) SET e.fingerprint = 'of other files'", {})
    found = checks_by_name(settings)["embeddings"]
    assert (found.ok, "isthmus retrain" in found.advice) == (True, True)


def test_a_dropped_index_is_reported(graph: Graph, settings: Settings) -> None:
    assert "item_title" in expected_indexes(graph.capabilities)
    graph.run("DROP INDEX item_title", {})
    try:
        found = checks_by_name(settings)["indexes"]
    finally:
        migration = next(m for m in read_migrations() if m.name.endswith("item_title"))
        graph.run(migration.text, {})
        graph.write("admin/await_indexes")
    assert (found.ok, found.found) == (False, "Missing: item_title.")
    assert checks_by_name(settings)["indexes"].ok


def test_a_pending_migration_is_reported(graph: Graph, settings: Settings) -> None:
    deleted = graph.run(
        "MATCH (m:Migration {name: 'V0009__item_id'}) WITH m, m.checksum AS checksum "
        "DETACH DELETE m RETURN checksum",
        {},
    )
    try:
        found = checks_by_name(settings)["migrations"]
    finally:
        graph.write("admin/record_migration", name="V0009__item_id", **deleted[0])
    assert (found.ok, found.advice) == (False, "Run `isthmus migrate`.")
    assert "V0009__item_id" in found.found


def test_a_server_that_does_not_answer_is_reported_and_none_is_started(
    settings: Settings, tmp_path: Path
) -> None:
    external = settings.model_copy(
        update={"home": tmp_path, "neo4j_uri": "bolt://127.0.0.1:9", "encoder": "/no/such/folder"}
    )
    found = checks_by_name(external)["server"]
    assert not found.ok
    assert "NEO4J_URI" in found.advice
    own = external.model_copy(update={"neo4j_uri": None})
    (tmp_path / "server").mkdir()
    found = checks_by_name(own)["server"]
    assert found.ok
    assert "isthmus server start" in found.advice
    assert server.find(own) is None
