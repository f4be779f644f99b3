"""What `isthmus doctor` finds, on a real Neo4j that is well and on one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.encoders.text.runtime import with_chosen_encoder
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.migrations import indexes, migrations
from isthmus.graph.ingest.load import ingest
from isthmus.graph.interests.embeddings import delete_orphans, encode
from isthmus.graph.interests.find import find_interests
from isthmus.graph.operations.doctor import Check, examine
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


def checked(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine(settings)}


def load(graph: Graph, settings: Settings, folder: Path) -> None:
    (folder / "items.csv").write_text(ITEMS)
    (folder / "interactions.csv").write_text("user_id,item_id\nana,1\nben,2\n")
    ingest(graph, read_dataset(folder), folder, settings)


def test_an_empty_graph_is_well_and_is_told_what_comes_first(
    graph: Graph, settings: Settings
) -> None:
    found = checked(settings)
    assert [check for check in found.values() if not check.ok] == []
    assert graph.capabilities.version in found["server"].found
    assert "isthmus ingest" in found["graph"].advice
    assert "texts a second" in found["runtime"].found


def test_each_step_that_is_missing_is_named_with_its_command(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    found = checked(settings)
    assert (found["embeddings"].ok, found["embeddings"].advice) == (False, "Run `isthmus encode`.")
    encode(graph, settings)
    find_interests(graph, settings)
    found = checked(settings)
    assert [check for check in found.values() if not check.ok] == []
    assert "2 items, 2 interactions" in found["graph"].found
    assert found["embeddings"].ok
    assert "isthmus retrain" in found["generation"].advice
    other = checked(settings.model_copy(update={"encoder": "somebody/other"}))["embeddings"]
    assert "somebody/other" in other.advice


def test_what_interrupted_runs_left_is_named(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    graph.run(
        "CREATE (:Generation {number: 1, state: 'active', edges: 5, created_at: datetime()}), "
        "(:Generation {number: 2, state: 'candidate', created_at: datetime()}), "
        "(:Interest {id: 'of nothing', name: 'of nothing'})",
        {},
    )
    graph.run(  # an item is about the part of a family, which is thus of something
        "MATCH (i:Item) WITH i LIMIT 1 CREATE (i)-[:ABOUT {weight: 1.0}]->"
        "(:Interest {id: 'part', name: 'part'})-[:PART_OF]->"
        "(:Interest {id: 'family', name: 'family'})",
        {},
    )
    graph.run("MATCH (g:Generation), (d:Dataset) SET g.tables = [d.fingerprint]", {})
    found = checked(settings)
    assert found["generation"].found == "Generation 1 answers, made just now: 5 edges."
    assert not found["leftovers"].ok
    assert "half made: 2." in found["leftovers"].found
    assert "Interests that nothing is about: 1." in found["leftovers"].found


def test_tables_newer_than_the_edges_call_for_a_retraining(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    graph.run(
        "CREATE (:Generation {number: 1, state: 'active', edges: 5, "
        "created_at: datetime() - duration({days: 3})})",
        {},
    )
    load(graph, settings, tmp_path)
    found = checked(settings)["generation"]
    assert "made 3 days ago" in found.found
    assert found.advice == "Run `isthmus retrain`."
    graph.run("MATCH (g:Generation), (d:Dataset) SET g.tables = [d.fingerprint]", {})
    load(graph, settings, tmp_path)  # the same again
    assert checked(settings)["generation"].advice == ""


def test_what_was_deleted_by_hand_and_what_it_left_is_named(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    encode(graph, settings)
    assert checked(settings)["orphans"].ok
    graph.run("MATCH (i:Item {key: 'books:1'}) DETACH DELETE i", {})
    graph.run("MATCH (:Item {key: 'films:2'})-[r:IN_DOMAIN]->() DELETE r", {})
    found = checked(settings)["orphans"]
    assert (found.ok, found.found) == (False, "1 vectors of nothing, 1 items of no domain.")
    assert "isthmus retrain" in found.advice


def test_what_deletions_by_hand_left_is_deleted_and_the_rest_stays(
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
    found = {"vectors": 1, "texts": 1, "accounts": 1, "items": 0}
    assert graph.read("admin/orphans") == [found]
    delete_orphans(graph)
    assert graph.read("admin/orphans") == [dict.fromkeys(found, 0)]
    left = (
        "MATCH (n:ItemVector|TextVector|Text|Account) RETURN coalesce(n.key, n.text, n.id) AS key"
    )
    assert sorted(row["key"] for row in graph.run(left, {})) == ["2", "2", "shop:2"]


def test_an_encoder_whose_files_changed_is_another(
    graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    load(graph, settings, tmp_path)
    examine(settings)  # chooses between the model and its ONNX graph
    encode(graph, with_chosen_encoder(settings))
    assert checked(settings)["embeddings"].advice == ""
    graph.run("MATCH (e:Encoder) SET e.fingerprint = 'of other files'", {})
    found = checked(settings)["embeddings"]
    assert (found.ok, "isthmus retrain" in found.advice) == (True, True)


def test_an_index_that_somebody_dropped_is_missed(graph: Graph, settings: Settings) -> None:
    assert "item_title" in indexes(graph.capabilities)
    graph.run("DROP INDEX item_title", {})
    try:
        found = checked(settings)["indexes"]
    finally:
        made = next(m for m in migrations() if m.name.endswith("item_title"))
        graph.run(made.text, {})
        graph.write("admin/await_indexes")
    assert (found.ok, found.found) == (False, "Missing: item_title.")
    assert checked(settings)["indexes"].ok


def test_a_migration_that_did_not_run_is_named(graph: Graph, settings: Settings) -> None:
    ran = graph.run(
        "MATCH (m:Migration {name: 'V0009__item_id'}) WITH m, m.checksum AS checksum "
        "DETACH DELETE m RETURN checksum",
        {},
    )
    try:
        found = checked(settings)["migrations"]
    finally:
        graph.write("admin/record_migration", name="V0009__item_id", **ran[0])
    assert (found.ok, found.advice) == (False, "Run `isthmus migrate`.")
    assert "V0009__item_id" in found.found


def test_a_server_that_does_not_answer_is_said_and_none_is_started(
    settings: Settings, tmp_path: Path
) -> None:
    elsewhere = settings.model_copy(
        update={"home": tmp_path, "neo4j_uri": "bolt://127.0.0.1:9", "encoder": "/no/such/folder"}
    )
    found = checked(elsewhere)["server"]
    assert not found.ok
    assert "NEO4J_URI" in found.advice
    own = elsewhere.model_copy(update={"neo4j_uri": None})
    (tmp_path / "server").mkdir()
    found = checked(own)["server"]
    assert found.ok
    assert "isthmus server start" in found.advice
    assert server.find(own) is None
