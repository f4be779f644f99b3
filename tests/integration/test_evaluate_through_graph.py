"""The graph answers what the evaluation in memory says that it would, on a real Neo4j."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import likes_of
from isthmus.gnn.data.splits import cold_users, done_by, without
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.generations.dataset_snapshot import (
    snapshot_of_tables,
    snapshot_without,
    tables_without,
)
from isthmus.graph.generations.publish import Provenance, publish
from isthmus.graph.generations.snapshot import snapshot
from isthmus.graph.server import lifecycle as server
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings
from isthmus.workflows.evaluate_through_graph import Compared, compare, differences, learn, load

EMPTY = "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS"
TARGET = "films"
NOTHING = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Trained:
    """A graph that learned from what the evaluation may see, and the same in memory."""

    graph: Graph
    data: InterestGraph
    seen: InterestGraph
    learned: LearnedEdges
    apart: list[str]
    target: int
    users: np.ndarray
    liked: csr_array
    settings: Settings

    def compared(self, learned: LearnedEdges | None = None) -> Compared:
        edges = learned or self.learned
        parts = (self.target, self.users, self.liked, self.settings)
        return compare(self.graph, self.seen, edges, *parts)


@pytest.fixture(scope="module")
def trained(
    server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    """Synthetic people with dates, dislikes and texts; the cold ones' films are hidden."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, users=400, items=240)
    dataset = read_dataset(folder)
    data = snapshot_of_tables(dataset, server_settings)
    target = data.domains.index(TARGET)
    users = cold_users(data, target).test
    seen = snapshot_without(data, target, users, dataset, server_settings)
    visible = tables_without(dataset, set(data.users[users].tolist()), TARGET)
    with connect(server_settings) as graph:
        with graph.driver.session(database=graph.database) as session:
            session.run(EMPTY).consume()
        load(graph, visible, folder, server_settings)
        learned, apart = learn(graph, seen, 0, server_settings)
        liked = likes_of(data, target, users)
        yield Trained(graph, data, seen, learned, apart, target, users, liked, server_settings)


def test_tables_give_the_arrays_that_their_graph_gives(trained: Trained) -> None:
    assert trained.apart == []
    assert len(trained.users) > 20
    assert (trained.seen.interactions.data < 0).any()
    assert not np.isnan(trained.seen.last_at).any()


def test_texts_count_in_what_the_held_out_are_interested_in(trained: Trained) -> None:
    hidden = without(
        trained.data, done_by(trained.data, trained.target, trained.users), half_life_days=365
    )
    assert (trained.seen.interactions != hidden.interactions).nnz == 0
    assert (trained.seen.user_interests != hidden.user_interests)[trained.users].nnz > 0


def test_the_graph_lists_what_the_arrays_list(trained: Trained) -> None:
    compared = trained.compared()
    assert compared.lists_agree == 1
    assert compared.ndcg == pytest.approx(compared.ndcg_in_memory, abs=1e-9)
    assert compared.complaints() == []


def test_a_changed_edge_is_noticed(trained: Trained) -> None:
    changed = (
        "MATCH (:User {id: $user})-[:INTERACTED]->()-[e:TRANSFERS_TO]->(j:Item {domain: $domain}) "
        "WITH e ORDER BY e.weight DESC LIMIT 1 SET e.weight = e.weight * $times"
    )
    user = str(trained.seen.users[trained.users[0]])
    parameters = {"user": user, "domain": TARGET}
    trained.graph.run(changed, parameters | {"times": 3})
    try:
        compared = trained.compared()
    finally:
        trained.graph.run(changed, parameters | {"times": 1 / 3})
    assert compared.lists_agree < 0.99
    assert "of the users" in compared.complaints()[0]


def test_edges_that_were_not_published_are_noticed(trained: Trained) -> None:
    merge = trained.learned.merge[TARGET]
    other = {TARGET: replace(merge, transfer=-merge.transfer)}
    compared = trained.compared(replace(trained.learned, merge=other))
    assert compared.lists_agree < 0.5
    assert compared.ndcg > compared.ndcg_in_memory


def test_an_interaction_that_the_graph_lacks_is_noticed(trained: Trained) -> None:
    weights = trained.seen.interactions.copy()
    weights.data[0] += 1
    other = replace(trained.seen, interactions=weights)
    assert differences(trained.seen, trained.seen) == []
    assert differences(trained.seen, other) == [
        f"interactions differ in 1 of {weights.nnz} values, by 1 at most."
    ]
    assert "ana" in differences(trained.seen, replace(other, users=trained.seen.users[1:]))[0]


def test_what_speaks_against_all_popular_items_does_not_hide_the_others(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    films = range(260)
    rows = [f"f{film:03},films" for film in films] + ["b,books"]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,domain", *rows]))
    liked = [f"u{k:02},f{film:03},1" for k in range(26) for film in films[: 10 * (k + 1)]]
    (tmp_path / "interactions.csv").write_text(
        "\n".join(["user_id,item_id,weight", *liked, "critic,b,-1"])
    )
    load(graph, read_dataset(tmp_path), tmp_path, server_settings)
    data = snapshot(graph)
    place = {key: k for k, key in enumerate(data.items.tolist())}
    against = [place[f"films:f{film:03}"] for film in films[:230]]
    learned = LearnedEdges(
        transfer=Edges(
            np.full(230, place["books:b"]), np.array(against), np.full(230, 2, np.float32)
        ),
        interest=Edges(*NOTHING),
        co_liked=Edges(*NOTHING),
        merge={"films": MergeWeights(1, 1, 1, 1)},
    )
    publish(graph, data, learned, Provenance("", {}))
    answer = recommend(graph, "critic", "films", 10, server_settings)
    assert [item["item_id"] for item in answer["items"]] == [f"f{k:03}" for k in films[230:240]]


def test_awkward_tables_give_the_arrays_that_their_graph_gives(
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
    load(graph, dataset, tmp_path, server_settings)
    tables = snapshot_of_tables(dataset, server_settings)
    assert tables.users.tolist() == ["ana", "bo", "fan", "zoe", "É"]
    assert tables.user_interests.nnz > 10
    assert differences(snapshot(graph), tables) == []


def test_tables_lose_all_that_the_held_out_did_and_wrote_in_the_domain(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,domain\nx,books\nx,films\ny,films\n")
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,domain,platform\n"
        "ana,x,books,\nana,x,films,\nana,y,,\nana@shop,y,,shop\nana@shop,y,,forum\nbo,y,,\n"
    )
    (tmp_path / "texts.csv").write_text(
        "user_id,text,item_id,domain\nana,of y,y,\nana,of none,,\nana,of x,x,books\nbo,of y,y,\n"
    )
    (tmp_path / "accounts.csv").write_text("platform,account_id,user_id\nshop,ana@shop,ana\n")
    left = tables_without(read_dataset(tmp_path), {"ana"}, "films")
    assert left.interactions["user_id"].to_list() == ["ana", "ana@shop", "bo"]
    assert left.interactions["platform"].to_list() == [None, "forum", None]
    assert left.texts["text"].to_list() == ["of none", "of x", "of y"]


def test_an_interrupted_scratch_installation_leaves_nothing_behind(fresh_home: Path) -> None:
    settings = Settings(home=fresh_home, neo4j_uri="bolt://127.0.0.1:1", server_page_cache="64m")
    pids = []

    def interrupted() -> None:
        with scratch(settings) as own:
            assert own.neo4j_uri is None
            pids.append(server.start(own).pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not psutil.pid_exists(pids[0])
    assert list((fresh_home / "scratch").iterdir()) == []
    assert (fresh_home / "jars").exists()


def test_the_scratch_installation_of_a_killed_run_is_cleared_away(fresh_home: Path) -> None:
    settings = Settings(home=fresh_home, neo4j_uri=None)
    left = fresh_home / "scratch" / "left"
    left.mkdir(parents=True)
    (left / "held").touch()
    with scratch(settings) as one, scratch(settings) as other:
        assert set((fresh_home / "scratch").iterdir()) == {one.home, other.home}
