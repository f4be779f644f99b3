"""The whole pipeline from tables to recommendations, on a real Neo4j with the real encoder."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.vector_cache import VectorCache
from isthmus.errors import InputError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import train_edges
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.generations.promotion_gate import held_out_users, hide_held_out
from isthmus.graph.generations.publish import (
    Provenance,
    create_candidate,
    list_generations,
    roll_back,
)
from isthmus.graph.generations.snapshot import read_snapshot, snapshot_fingerprint
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.embeddings import encode
from isthmus.graph.interests.find import find_interests
from isthmus.graph.server.lifecycle import find
from isthmus.graph.serving.recommend import (
    recent_interactions,
    recommend_for_user,
    recommend_for_users,
)
from isthmus.graph.serving.texts import judge_text, recommend_for_text
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings
from isthmus.workflows.demo import recovered_transfers
from isthmus.workflows.retrain import retrain
from tests.conftest import delete_all


@pytest.fixture(scope="module")
def trained(
    server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Graph, dict[str, Any]]]:
    """The synthetic data after the whole pipeline, for tests that only read."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder)
    with (folder / "texts.csv").open("a", encoding="utf-8") as texts:
        texts.write("zoe,我最喜欢的就是太空和科幻，太棒了！,,1700000000,zh,post\n")
    with connect(server_settings) as graph:
        delete_all(graph)
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
        encode(graph, server_settings)
        find_interests(graph, server_settings)
        before = recommend_for_user(graph, "ana", "films", 5, server_settings)
        yield graph, retrain(graph, server_settings) | {"before": before}


def test_an_answer_before_the_first_retraining_has_a_note(
    trained: tuple[Graph, dict[str, Any]],
) -> None:
    before = trained[1]["before"]
    assert before["generation"] is None
    assert "No edges are learned yet" in before["note"]
    assert {path["kind"] for item in before["items"] for path in item["paths"]} == {
        "content",
        "popularity",
    }


def test_a_reader_of_science_fiction_gets_science_fiction_in_films_and_goods(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    graph, _ = trained
    for domain in ("films", "goods"):
        answer = recommend_for_user(graph, "ana", domain, 5, server_settings)
        for item in answer["items"]:
            categories = graph.run(
                "MATCH (i:Item {key: $key}) RETURN i.categories AS categories",
                {"key": f"{domain}:{item['item_id']}"},
            )[0]["categories"]
            assert "science fiction" in categories


def test_a_user_with_texts_only_gets_items_of_the_text_interest_in_every_domain(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    for domain in ("books", "films", "goods", "music"):
        for item in recommend_for_user(trained[0], "zoe", domain, 5, server_settings)["items"]:
            assert item["paths"][0]["kind"] == "interest"
            assert item["paths"][0]["from"] == "category:science fiction"


def test_the_shares_of_the_paths_add_up_to_the_score(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    for user in ("ana", "lin", "wei"):
        for item in recommend_for_user(trained[0], user, "films", 10, server_settings)["items"]:
            total = sum(path["share"] for path in item["paths"])
            assert total == pytest.approx(item["score"], abs=1e-6)


def test_the_learned_edges_recover_the_planted_transfers(
    trained: tuple[Graph, dict[str, Any]],
) -> None:
    recovered, planted = recovered_transfers(trained[0])
    assert recovered >= 0.9 * planted > 0


def test_at_most_fifty_learned_edges_leave_an_item_or_interest(
    trained: tuple[Graph, dict[str, Any]],
) -> None:
    # An interest with all its items in one domain leads to up to fifty of them besides.
    rows = trained[0].run(
        "MATCH (n:Item|Interest)-[e:TRANSFERS_TO]->(j) "
        "WITH n, e.generation AS g, n:Interest AND NOT EXISTS { "
        "(n)<-[:ABOUT]-(i:Item) WHERE i.domain <> j.domain } AS own, count(*) AS edges "
        "RETURN own, max(edges) AS most ORDER BY own",
        {},
    )
    assert [row["own"] for row in rows] == [False, True]
    assert all(0 < row["most"] <= 50 for row in rows)


def test_an_error_on_an_unknown_name_suggests_similar_names(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    with pytest.raises(InputError, match="'films'"):
        recommend_for_user(trained[0], "ana", "flims", 5, server_settings)
    with pytest.raises(InputError, match="'ana'"):
        recommend_for_user(trained[0], "anna", "films", 5, server_settings)


def test_answers_for_many_users_keep_the_order_of_the_users(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    users = ["wei", "nobody", "ana"]
    answers = list(recommend_for_users(trained[0], users, "music", 3, server_settings))
    assert [answer["user"] for answer in answers] == users
    assert "There is no user 'nobody'" in answers[1]["note"]
    assert (
        answers[2]["items"]
        == recommend_for_user(trained[0], "ana", "music", 3, server_settings)["items"]
    )


@pytest.fixture(scope="module")
def learned(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> tuple[InterestGraph, LearnedEdges]:
    """The snapshot, and the edges of the same training in memory."""
    data = read_snapshot(trained[0])
    training_set = hide_held_out(data, held_out_users(data), server_settings.half_life_days)
    return data, train_edges(training_set, TrainingConfig(seed=server_settings.seed)).edges


@pytest.mark.parametrize("history_limit", [200, 5])
def test_cypher_and_numpy_compute_the_same_score(
    trained: tuple[Graph, dict[str, Any]],
    learned: tuple[InterestGraph, LearnedEdges],
    server_settings: Settings,
    history_limit: int,
) -> None:
    data, edges = learned
    settings = server_settings.model_copy(update={"history_limit": history_limit})
    target = data.domains.index("films")
    # zoe has texts only, so domain popularity is a part of her scores.
    users = np.append(np.arange(0, len(data.users), 50), np.flatnonzero(data.users == "zoe"))
    weighting = HistoryWeighting(settings.half_life_days, history_limit)
    scores = score_users(data, edges, target, users, weighting)
    place = {key: k for k, key in enumerate(data.items[data.items_of(target)].tolist())}
    compared = 0
    for row, user in zip(scores, data.users[users].tolist(), strict=True):
        for item in recommend_for_user(trained[0], user, "films", 10, settings)["items"]:
            expected = row[place[f"films:{item['item_id']}"]]
            assert item["score"] == pytest.approx(expected, rel=1e-4, abs=1e-4)
            compared += 1
    assert compared > 300


def test_py2neo_reads_our_graph(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    record = find(server_settings)
    assert record is not None
    code = (
        "import sys, py2neo; uri, file = sys.argv[1:]; "
        "graph = py2neo.Graph(uri, auth=('neo4j', open(file).read().strip())); "
        "query = 'MATCH (:User {id: $id})-[r:INTERACTED]->() RETURN count(r)'; "
        "print(graph.evaluate(query, id='ana'))"
    )
    arguments = [sys.executable, "-W", "ignore", "-c", code, record.uri, str(record.password_file)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(recent_interactions(trained[0], "ana", 100)) == 14


def test_an_unfinished_candidate_is_never_used_and_is_deleted(
    trained: tuple[Graph, dict[str, Any]],
    learned: tuple[InterestGraph, LearnedEdges],
    server_settings: Settings,
) -> None:
    graph, first = trained
    data, edges = learned
    create_candidate(graph, edges, Provenance(snapshot_fingerprint(data), {}, 1, []))
    answer = recommend_for_user(graph, "ana", "films", 3, server_settings)
    assert answer["generation"] == first["generation"]
    second = retrain(graph, server_settings, force=True)
    states = {row["number"]: row["state"] for row in list_generations(graph)}
    assert states == {first["generation"]: "retired", second["generation"]: "active"}
    again = recommend_for_user(graph, "ana", "films", 3, server_settings)
    assert [i["item_id"] for i in again["items"]] == [i["item_id"] for i in answer["items"]]
    roll_back(graph, first["generation"])
    states = {row["number"]: row["state"] for row in list_generations(graph)}
    assert states[first["generation"]] == "active"


def test_an_answer_to_a_text_includes_domain_popularity(
    trained: tuple[Graph, dict[str, Any]], server_settings: Settings
) -> None:
    encoder = load_encoder(server_settings.encoder, server_settings.home, None)
    cache = VectorCache(server_settings.home / "vectors")
    answer = recommend_for_text(trained[0], encoder, cache, "太空和科幻，太棒了！", "films", 10)
    shares = {
        path["share"]
        for item in answer["items"]
        for path in item["paths"]
        if (path["via"], path["from"]) == ("TRANSFERS_TO", "films")
    }
    stored = trained[0].run(
        "MATCH (:Domain {name: 'films'})-[e:TRANSFERS_TO]->(j) WHERE j.item_id IN $items "
        "AND e.generation = $generation RETURN collect(e.weight) AS weights",
        {
            "items": [item["item_id"] for item in answer["items"]],
            "generation": answer["generation"],
        },
    )
    assert shares == set(stored[0]["weights"]) != set()
    for item in answer["items"]:
        assert sum(path["share"] for path in item["paths"]) == pytest.approx(item["score"])


def test_the_query_of_the_readme_finds_films_of_the_interest(
    trained: tuple[Graph, dict[str, Any]],
) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (query,) = re.findall(r"^```cypher\n(.*?)^```", page, re.M | re.S)
    films = [row["film"] for row in trained[0].run(query, {})]
    found = trained[0].run(
        "MATCH (i:Item {domain: 'films'}) WHERE i.title IN $films RETURN i.categories AS about",
        {"films": films},
    )
    assert len(found) >= len(films) == 5
    assert all("science fiction" in row["about"] for row in found)


def test_a_text_that_likes_historical_novels_ranks_the_historical_novel_first(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    titles = (
        "这个商品是历史小说。",
        "这个商品是科幻小说。",
        "这个商品是电影。",
        "这个商品是音乐。",
    )
    rows = "".join(f"{k},goods,{title}\n" for k, title in enumerate(titles))
    (tmp_path / "items.csv").write_text("item_id,domain,title\n" + rows, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    encode(graph, server_settings)
    encoder = load_encoder(server_settings.encoder, server_settings.home, None)
    cache = VectorCache(server_settings.home / "vectors")
    answer = recommend_for_text(graph, encoder, cache, "我喜欢阅读历史小说。", "goods", 4)
    assert answer["items"][0]["title"] == titles[0]
    assert answer["items"][0]["verdict"] == "喜欢"
    judged = judge_text(graph, encoder, cache, "我喜欢阅读历史小说。", "goods")
    assert judged["items"][0]["title"] == titles[0]
    verdicts = [item["verdict"] for item in judged["items"]]
    assert verdicts == ["喜欢", "不喜欢", "不喜欢", "不喜欢"]
