"""Guarantees of the graph, on a real Neo4j server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.database import migrations
from isthmus.graph.database.connection import Capabilities, Graph, open_graph
from isthmus.graph.database.errors import (
    MissingMigration,
    ServerRefused,
    ServerTooOld,
    WrongPassword,
)
from isthmus.graph.ingest.load import ingest_dataset, update_popularity
from isthmus.graph.server.lifecycle import find
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

COUNTS = (
    "MATCH (n) WHERE NOT n:Dataset OPTIONAL MATCH (n)-[r]->() "
    "RETURN count(DISTINCT n) AS n, count(r) AS r, sum(r.count) AS events"
)


def write_tables(folder: Path, interactions: str) -> Path:
    (folder / "items.csv").write_text("item_id,domain,title\n1,books,Dune\n2,films,Alien\n")
    (folder / "interactions.csv").write_text(interactions)
    return folder


def test_dot_products_are_computed_by_neo4j(graph: Graph) -> None:
    vectors = {"1": [0.4, 0.2, 0.1, 0.3], "2": [0.1, 0.5, 0.3, 0.1], "3": [0.3, 0.1, 0.5, 0.1]}
    graph.run("CREATE (:Encoder {version: 1, state: 'active'})", {})
    for item_id, vector in vectors.items():
        graph.run(
            "CREATE (i:Item {key: 'goods:' + $id, item_id: $id, domain: 'goods'}) "
            "CREATE (i)-[:ENCODED_AS]->(:ItemVector {item: i.key, version: 1, vector: $v})",
            {"id": item_id, "v": vector},
        )
    rows = graph.read("recommend/dot_product", domain="goods", vector=[0.3, 0.5, 0.2, 0.1], n=3)
    scores = {row["item_id"]: row["score"] for row in rows}
    assert rows[0]["item_id"] == "2"
    assert scores == pytest.approx({"1": 0.27, "2": 0.35, "3": 0.25})


def test_loading_the_same_tables_twice_changes_nothing(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(
        tmp_path,
        "user_id,item_id,weight,timestamp\na,1,1,2024-01-01\na,1,-1,2024-02-01\nb,2,1,\n",
    )
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    first = graph.run(COUNTS, {})
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    assert graph.run(COUNTS, {}) == first
    row = graph.run("MATCH (:User {id: 'a'})-[r]->() RETURN r.weight AS weight, r.count AS n", {})[
        0
    ]
    assert row == {"weight": -1.0, "n": 2}


def test_interactions_of_a_later_load_are_added(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    for day in ("2024-01-01", "2024-03-01"):
        folder = write_tables(tmp_path, f"user_id,item_id,timestamp\na,1,{day}\n")
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    row = graph.run(
        "MATCH ()-[r:INTERACTED]->() RETURN r.count AS n, toString(r.last_at) AS at", {}
    )
    assert row[0]["n"] == 2
    assert row[0]["at"].startswith("2024-03-01")


def test_a_user_without_history_gets_popular_items_and_a_note(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path, "user_id,item_id\nb,2\n")
    (folder / "follows.csv").write_text("user_id,follows_id\nnew,b\n")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    answer = recommend_for_user(graph, "new", "films", 5, server_settings)
    assert [item["title"] for item in answer["items"]] == ["Alien"]
    assert "new has no history yet" in answer["note"]


def test_a_user_who_interacted_with_every_item_gets_no_items_and_a_note(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path, "user_id,item_id\nall,2\n")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    answer = recommend_for_user(graph, "all", "films", 5, server_settings)
    assert answer["items"] == []
    assert answer["note"] == "all has interactions with every item of films."


def test_interactions_of_items_that_nobody_has_name_the_table_that_is_missing(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "interactions.csv").write_text("user_id,item_id,domain\nana,Fela Kuti,music\n")
    dataset = read_dataset(tmp_path)
    with pytest.raises(InputError, match=r"The tables have no items.*\n.*'Fela Kuti'"):
        ingest_dataset(graph, dataset, tmp_path, server_settings)
    # The way out that is advised.
    (tmp_path / "items.csv").write_text("item_id,domain\nFela Kuti,music\n")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    assert graph.run("MATCH (:User)-[:INTERACTED]->(i) RETURN i.key AS key", {}) == [
        {"key": "music:Fela Kuti"}
    ]


def test_too_many_rejected_rows_leave_the_graph_unchanged(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path, "user_id,item_id\na,nothing\n")
    before = graph.run(COUNTS, {})
    with pytest.raises(InputError, match=r"interactions\.csv, line 2: item_id 'nothing'"):
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    assert graph.run(COUNTS, {}) == before


def test_texts_are_not_stored(graph: Graph, server_settings: Settings, tmp_path: Path) -> None:
    folder = write_tables(tmp_path, "user_id,item_id\na,1\n")
    (folder / "texts.csv").write_text("user_id,text\na,my secret words\n")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    row = graph.run("MATCH (t:Text) RETURN properties(t) AS p", {})[0]["p"]
    assert "sha256" in row
    assert "my secret words" not in str(row)


def test_an_index_that_several_processes_create_at_once_is_no_error(graph: Graph) -> None:
    statement = "CREATE INDEX raced IF NOT EXISTS FOR (n:Raced) ON (n.number)"
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            list(pool.map(graph.change_schema, [statement] * 4))
            indexes = graph.run("SHOW INDEXES YIELD name, properties", {})
            assert {"name": "raced", "properties": ["number"]} in indexes
            graph.run("DROP INDEX raced", {})


def test_migrations_run_once_and_a_changed_file_is_an_error(graph: Graph) -> None:
    assert migrations.migrate(graph) == []
    graph.run(
        "MATCH (m:Migration {name: 'V0001__user_id'}) SET m.old = m.checksum, m.checksum = 'x'", {}
    )
    try:
        with pytest.raises(MissingMigration, match="V0001__user_id"):
            migrations.migrate(graph)
    finally:
        graph.run(
            "MATCH (m:Migration {name: 'V0001__user_id'}) SET m.checksum = m.old REMOVE m.old", {}
        )


def test_errors_of_a_wrong_password_and_a_closed_port_name_the_settings(
    graph: Graph, server_settings: Settings
) -> None:
    record = find(server_settings)
    assert record is not None
    with (
        pytest.raises(WrongPassword, match="NEO4J_PASSWORD"),
        open_graph(record.uri, "neo4j", "not the password", "neo4j"),
    ):
        pass
    with (
        pytest.raises(ServerRefused, match="NEO4J_URI"),
        open_graph("bolt://127.0.0.1:9", "neo4j", "x", "neo4j"),
    ):
        pass


def test_a_server_older_than_5_26_is_an_error() -> None:
    with pytest.raises(ServerTooOld, match=r"5\.26"):
        Capabilities.from_version("5.25.1", "community")
    assert not Capabilities.from_version("5.26.0", "enterprise").search
    assert Capabilities.from_version("2026.09.0", "community").search


def test_a_batched_statement_is_retried_beyond_the_lock_timeout_of_the_server(
    graph: Graph,
) -> None:
    graph.run("CREATE (:Item {key: 'a:1', likes: 1.0})-[:IN_DOMAIN]->(:Domain {name: 'a'})", {})
    with ThreadPoolExecutor(1) as pool, graph.driver.session(database="neo4j") as session:
        with session.begin_transaction() as writer:
            writer.run("MATCH (i:Item) SET i.likes = 3.0").consume()
            recount = pool.submit(update_popularity, graph, 365.0)
            time.sleep(11)  # db.lock.acquisition.timeout is 10 s
            assert not recount.done()
            writer.commit()
        recount.result()
    assert graph.run("MATCH (i:Item) RETURN i.likes AS likes", {}) == [{"likes": 0.0}]


def test_an_interest_deleted_during_a_query_gives_no_path(
    graph: Graph, server_settings: Settings
) -> None:
    graph.run(
        "CREATE (:Encoder {version: 1, state: 'active'}), (:Domain {name: 'a'})<-[:IN_DOMAIN]-"
        "(:Item {key: 'a:1', domain: 'a', item_id: '1', title: 'One', popularity: 0.5})"
        "-[:ABOUT {weight: 1.0}]->(n:Interest {id: 'tea', version: 1}), "
        "(:User {id: 'ana'})-[:INTERESTED_IN {weight: 1.0}]->(n)",
        {},
    )
    item = recommend_for_user(graph, "ana", "a", 1, server_settings)["items"][0]
    assert [path["kind"] for path in item["paths"]] == ["content", "popularity"]
    # The state that a query sees if it reaches the edge before the deletion is committed.
    graph.run("MATCH ()-[s:INTERESTED_IN]->() REMOVE s.weight", {})
    item = recommend_for_user(graph, "ana", "a", 1, server_settings)["items"][0]
    assert [path["kind"] for path in item["paths"]] == ["popularity"]
    assert item["score"] == item["paths"][0]["share"]


def test_a_zero_interest_weight_drops_interests_only_for_users_with_history(
    graph: Graph, server_settings: Settings
) -> None:
    graph.run(
        "CREATE (:Encoder {version: 1, state: 'active'}), "
        "(:Generation {number: 1, state: 'active'})-[:MERGES {transfer: 1.0, collaborative: 1.0, "
        "interest: 0.0, interest_alone: 2.0, popularity: 0.1, popularity_alone: 0.002, "
        "power: 0.5}]->(d:Domain {name: 'a'}), "
        "(d)<-[:IN_DOMAIN]-(i:Item {key: 'a:1', domain: 'a', item_id: '1', popularity: 0.5}), "
        "(d)-[:TRANSFERS_TO {generation: 1, weight: 0.7}]->(i), "
        "(d)-[:TRANSFERS_TO {generation: 0, weight: 0.9}]->(i), "
        "(n:Interest {id: 'tea', version: 1})-[:TRANSFERS_TO {generation: 1, weight: 3.0}]->(i), "
        "(:User {id: 'ana'})-[:INTERESTED_IN {weight: 1.0}]->(n), "
        "(o:Item {key: 'b:1', domain: 'b', item_id: '1', popularity: 0.5}), "
        "(bo:User {id: 'bo'})-[:INTERESTED_IN {weight: 1.0}]->(n), "
        "(bo)-[:INTERACTED {weight: 1.0}]->(o)",
        {},
    )
    texts_only, with_history = (
        recommend_for_user(graph, user, "a", 1, server_settings)["items"][0]
        for user in ("ana", "bo")
    )
    assert [(path["kind"], path["from"], path["via"]) for path in texts_only["paths"]] == [
        ("interest", "tea", "TRANSFERS_TO"),
        ("popularity", "a", "TRANSFERS_TO"),
        ("popularity", "a", "popularity"),
    ]
    assert texts_only["score"] == pytest.approx(6 + 0.7 + 0.001)
    assert [path["kind"] for path in with_history["paths"]] == ["popularity"]
    assert with_history["score"] == pytest.approx(0.05)
