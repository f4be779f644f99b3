"""A real Neo4j recommends what the evaluation in memory ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import domain_likes
from isthmus.gnn.data.splits import cold_start_users, hide_interactions, interactions_of_users
from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.generations.dataset_snapshot import (
    build_snapshot,
    hide_from_snapshot,
    hide_from_tables,
)
from isthmus.graph.generations.publish import Provenance, publish_generation
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings
from isthmus.workflows.evaluate_through_graph import (
    GraphComparison,
    compare_rankings,
    load_tables,
    snapshot_differences,
    train_and_publish,
)
from tests.conftest import delete_all

TARGET = "films"
NOTHING = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Trained:
    """A graph that was trained on the training set of the evaluation, and the same in memory."""

    graph: Graph
    data: InterestGraph
    training_set: InterestGraph
    learned: LearnedEdges
    differences: list[str]
    target: int
    users: np.ndarray
    liked: csr_array
    settings: Settings

    def compare(self, learned: LearnedEdges | None = None) -> GraphComparison:
        edges = learned or self.learned
        parts = (self.target, self.users, self.liked, self.settings)
        return compare_rankings(self.graph, self.training_set, edges, *parts)


@pytest.fixture(scope="module")
def trained(
    server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    """Synthetic users with dates, dislikes and texts; test users' history in films is hidden."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, users=400, items=240)
    dataset = read_dataset(folder)
    data = build_snapshot(dataset, server_settings)
    target = data.domains.index(TARGET)
    users = cold_start_users(data, target).test
    training_set = hide_from_snapshot(data, target, users, dataset, server_settings)
    visible = hide_from_tables(dataset, set(data.users[users].tolist()), TARGET)
    with connect(server_settings) as graph:
        delete_all(graph)
        load_tables(graph, visible, folder, server_settings)
        learned, differences = train_and_publish(graph, training_set, 0, server_settings)
        liked = domain_likes(data, target, users)
        yield Trained(
            graph, data, training_set, learned, differences, target, users, liked, server_settings
        )


def test_the_snapshot_of_tables_equals_the_snapshot_of_their_graph(trained: Trained) -> None:
    assert trained.differences == []
    assert len(trained.users) > 20
    assert (trained.training_set.interactions.data < 0).any()
    assert not np.isnan(trained.training_set.last_at).any()


def test_texts_contribute_to_the_interests_of_held_out_users(trained: Trained) -> None:
    hidden = hide_interactions(
        trained.data,
        interactions_of_users(trained.data, trained.target, trained.users),
        half_life_days=365,
    )
    assert (trained.training_set.interactions != hidden.interactions).nnz == 0
    assert (trained.training_set.user_interests != hidden.user_interests)[trained.users].nnz > 0
    assert trained.training_set.written_interests[trained.users].nnz > 0
    assert trained.learned.merge[TARGET].written > 0


def test_the_graph_recommends_what_memory_ranks(trained: Trained) -> None:
    comparison = trained.compare()
    assert comparison.lists_agree == 1
    assert comparison.ndcg == pytest.approx(comparison.ndcg_in_memory, abs=1e-9)
    assert comparison.disagreements() == []


def test_a_changed_edge_is_detected(trained: Trained) -> None:
    change = (
        "MATCH (:User {id: $user})-[:INTERACTED]->()-[e:TRANSFERS_TO]->(j:Item {domain: $domain}) "
        "WITH e ORDER BY e.weight DESC LIMIT 1 SET e.weight = e.weight * $times"
    )
    user = str(trained.training_set.users[trained.users[0]])
    parameters = {"user": user, "domain": TARGET}
    trained.graph.run(change, parameters | {"times": 3})
    try:
        comparison = trained.compare()
    finally:
        trained.graph.run(change, parameters | {"times": 1 / 3})
    assert comparison.lists_agree < 0.99
    assert "of the users" in comparison.disagreements()[0]


def test_unpublished_merge_weights_are_detected(trained: Trained) -> None:
    merge = trained.learned.merge[TARGET]
    other = {TARGET: replace(merge, transfer=-merge.transfer)}
    comparison = trained.compare(replace(trained.learned, merge=other))
    assert comparison.lists_agree < 0.5
    assert comparison.ndcg > comparison.ndcg_in_memory


def test_a_changed_interaction_is_detected(trained: Trained) -> None:
    weights = trained.training_set.interactions.copy()
    weights.data[0] += 1
    other = replace(trained.training_set, interactions=weights)
    assert snapshot_differences(trained.training_set, trained.training_set) == []
    assert snapshot_differences(trained.training_set, other) == [
        f"interactions differ in 1 of {weights.nnz} values, by 1 at most."
    ]
    assert (
        "ana"
        in snapshot_differences(
            trained.training_set, replace(other, users=trained.training_set.users[1:])
        )[0]
    )


def test_negative_edges_to_all_popular_items_do_not_hide_the_others(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    films = range(260)
    rows = [f"f{film:03},films" for film in films] + ["b,books"]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,domain", *rows]))
    liked = [f"u{k:02},f{film:03},1" for k in range(26) for film in films[: 10 * (k + 1)]]
    (tmp_path / "interactions.csv").write_text(
        "\n".join(["user_id,item_id,weight", *liked, "critic,b,-1"])
    )
    load_tables(graph, read_dataset(tmp_path), tmp_path, server_settings)
    data = read_snapshot(graph)
    place = {key: k for k, key in enumerate(data.items.tolist())}
    popular = [place[f"films:f{film:03}"] for film in films[:230]]
    learned = LearnedEdges(
        transfer=EdgeList(
            np.full(230, place["books:b"]), np.array(popular), np.full(230, 2, np.float32)
        ),
        interest=EdgeList(*NOTHING),
        co_liked=EdgeList(*NOTHING),
        merge={"films": MergeWeights(1, 1, 1, 1)},
    )
    publish_generation(graph, data, learned, Provenance("", {}))
    answer = recommend_for_user(graph, "critic", "films", 10, server_settings)
    assert [item["item_id"] for item in answer["items"]] == [f"f{k:03}" for k in films[230:240]]


def test_the_snapshot_of_unusual_tables_equals_the_snapshot_of_their_graph(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "items.csv").write_text(
        "item_id,domain,title,categories\n"
        "1,books,Dune,Science Fiction|classics|war\n2,books,,\n"
        "3,films,Alien,science fiction|horror\n4,films,Éowyn,\n5,films,Zorro,classics|horror|war\n"
    )
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,weight,timestamp,platform\n"
        "ana,1,0.2,1969-12-31T23:59:58.5Z,\nana,3,0.6,,\nana,5,-0.2,2024-01-01T00:00:00.123Z,\n"
        "ana,5,-0.6,2024-03-01,\nbo@shop,1,1,2024-01-01,shop\nbo,3,-1,2024-01-02,\nÉ,4,1,,\nÉ,2,0,,\n"
    )
    (tmp_path / "texts.csv").write_text(
        "user_id,text,item_id,timestamp\nana,I like war,,2024-02-01\nbo,Alien is dull,3,\n"
        "zoe,only words,,\nzoe,only words,,\n"
    )
    (tmp_path / "accounts.csv").write_text("platform,account_id,user_id\nshop,bo@shop,bo\n")
    (tmp_path / "follows.csv").write_text("user_id,follows_id\nfan,ana\n")
    dataset = read_dataset(tmp_path)
    load_tables(graph, dataset, tmp_path, server_settings)
    tables = build_snapshot(dataset, server_settings)
    assert tables.users.tolist() == ["ana", "bo", "fan", "zoe", "É"]
    assert tables.user_interests.nnz > 8
    assert snapshot_differences(read_snapshot(graph), tables) == []


def test_hiding_removes_all_interactions_and_texts_of_held_out_users_in_the_domain(
    tmp_path: Path,
) -> None:
    (tmp_path / "items.csv").write_text("item_id,domain\nx,books\nx,films\ny,films\n")
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,domain,platform\n"
        "ana,x,books,\nana,x,films,\nana,y,,\nana@shop,y,,shop\nana@shop,y,,forum\nbo,y,,\n"
    )
    (tmp_path / "texts.csv").write_text(
        "user_id,text,item_id,domain\nana,of y,y,\nana,of none,,\nana,of x,x,books\nbo,of y,y,\n"
    )
    (tmp_path / "accounts.csv").write_text("platform,account_id,user_id\nshop,ana@shop,ana\n")
    remaining = hide_from_tables(read_dataset(tmp_path), {"ana"}, "films")
    assert remaining.interactions["user_id"].to_list() == ["ana", "ana@shop", "bo"]
    assert remaining.interactions["platform"].to_list() == [None, "forum", None]
    assert remaining.texts["text"].to_list() == ["of none", "of x", "of y"]


def test_an_interrupted_temporary_installation_leaves_nothing_behind(fresh_home: Path) -> None:
    settings = Settings(home=fresh_home, neo4j_uri="bolt://127.0.0.1:1", server_page_cache="64m")
    pids = []

    def interrupt() -> None:
        with scratch(settings) as own:
            assert own.neo4j_uri is None
            pids.append(server.start(own).pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert not psutil.pid_exists(pids[0])
    assert list((fresh_home / "scratch").iterdir()) == []
    assert (fresh_home / "jars").exists()


def test_the_temporary_installation_of_a_killed_run_is_removed(fresh_home: Path) -> None:
    settings = Settings(home=fresh_home, neo4j_uri=None)
    left = fresh_home / "scratch" / "left"
    left.mkdir(parents=True)
    (left / "held").touch()
    with scratch(settings) as one, scratch(settings) as other:
        assert set((fresh_home / "scratch").iterdir()) == {one.home, other.home}
