"""Retraining: one at a time, only after changes, and gated on held-out users."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from isthmus.errors import InputError, Locked, NothingToDo, Refused
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.lock import retraining_lock
from isthmus.graph.database.session import connect
from isthmus.graph.events.record import record_interaction
from isthmus.graph.generations.promotion_gate import HELD_OUT_RULE, held_out_users
from isthmus.graph.generations.publish import (
    Provenance,
    activate,
    list_generations,
    publish_generation,
    roll_back,
    show_generation,
    write_candidate,
)
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest.load import ingest_dataset, update_popularity
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.serving.recommend import rank_items, recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.scripts.retrain import command
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain

ROOT = Path(__file__).resolve().parents[2]
USERS, ITEMS = 800, 12
# Even users like even items, odd users odd items. This swaps it for some users in a domain.
SWAP_LIKES = (
    "MATCH (u:User)-[r:INTERACTED]->(i:Item {domain: $domain}) WHERE NOT u.id IN $spared "
    "WITH u, collect(toInteger(i.item_id)) AS liked, collect(r) AS old "
    "FOREACH (r IN old | DELETE r) "
    "WITH u, liked UNWIND liked AS k "
    "MATCH (j:Item {key: $domain + ':' + toString(k + 1 - 2 * (k % 2))}) "
    "CREATE (u)-[:INTERACTED {weight: 1.0, count: 1}]->(j)"
)
EDGES = "MATCH ()-[e:TRANSFERS_TO|CO_LIKED]->() RETURN DISTINCT e.generation AS n ORDER BY n"


@pytest.fixture
def checkerboard(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    """Two domains without titles; each user likes four of the six items of their parity in each."""
    rng = np.random.default_rng(5)
    items, interactions = ["item_id,domain"], ["user_id,item_id,domain"]
    for domain in "ab":
        items += [f"{k},{domain}" for k in range(ITEMS)]
        for user in range(USERS):
            liked = rng.choice(np.arange(user % 2, ITEMS, 2), 4, replace=False)
            interactions += [f"u{user},{k},{domain}" for k in liked]
    (tmp_path / "items.csv").write_text("\n".join(items))
    (tmp_path / "interactions.csv").write_text("\n".join(interactions))
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    return graph


def swap_likes(graph: Graph) -> None:
    """Swaps the likes in b of all users but the held-out ones; a second call undoes the first."""
    data = read_snapshot(graph)
    held_out = data.users[np.concatenate(held_out_users(data))].tolist()
    graph.run(SWAP_LIKES, {"domain": "b", "spared": held_out})
    update_popularity(graph, 365)


def parity_edges(data: InterestGraph, sign: float = 1.0) -> LearnedEdges:
    """Edges between items of one parity, and from interests to their items, without training."""
    number = np.array([int(key.split(":")[1]) for key in data.items.tolist()])
    alike = number[:, None] % 2 == number % 2
    across = data.item_domain[:, None] != data.item_domain

    def edges(which: np.ndarray, strength: np.ndarray) -> EdgeList:
        sources, targets = np.nonzero(which)
        weights = sign * strength[sources, targets]
        return EdgeList(sources, targets, weights.astype(np.float32))

    nearness = 1 / (1 + abs(number[:, None] - number)) + number / 100
    about = data.item_interests.toarray().T
    return LearnedEdges(
        transfer=edges(alike & across, nearness),
        interest=edges(about > 0, about * (1 + number / 7)),
        co_liked=edges(alike & ~across, nearness),
        merge={name: MergeWeights(1.0, 0.7, 0.5, 0.1) for name in data.domains},
    )


def publish(graph: Graph, sign: float = 1.0) -> int:
    data = read_snapshot(graph)
    return publish_generation(graph, data, parity_edges(data, sign), Provenance("", {}))


def states(graph: Graph) -> list[tuple[int, str]]:
    return [(row["number"], row["state"]) for row in list_generations(graph)]


def recommend(graph: Graph, settings: Settings) -> list[dict[str, Any]]:
    return [recommend_for_user(graph, f"u{k}", "b", 3, settings) for k in range(6)]


def run_command(settings: Settings, *options: str) -> Result:
    home = ["--home", str(settings.home)]
    return CliRunner().invoke(command, [*home, *options], catch_exceptions=True)


def test_a_worse_challenger_is_refused_and_the_champion_stays_active(
    checkerboard: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = retrain(checkerboard, server_settings)
    assert first["promoted"]
    assert "Compared with the answers by content and popularity" in first["reason"]
    assert first["challenger"]["held-out users"] > 50
    swap_likes(checkerboard)
    before = recommend(checkerboard, server_settings)
    number = first["generation"]
    monkeypatch.setenv("ISTHMUS_LOG_FORMAT", "json")
    result = run_command(server_settings, "--json")
    assert result.exit_code == Refused.exit_code
    document = json.loads(result.stdout)
    assert not document["promoted"]
    assert "a significant loss" in document["reason"]
    champion, challenger = (
        document[role]["held-out ndcg@10"] for role in ("champion", "challenger")
    )
    assert champion > challenger + 0.1
    assert (document["generation"], document["edges"]) == (number, first["edges"])
    assert recommend(checkerboard, server_settings) == before
    assert states(checkerboard) == [(number, "active")]
    refused, active = list_generations(checkerboard, refused=True)
    assert (refused["state"], active["state"]) == ("refused", "active")
    assert refused["reason"] == document["reason"]
    assert refused["seconds"] > 0 < refused["peak_mb"]
    assert refused["metrics"]["held-out ndcg@10"] == challenger
    assert (document["refusals"], document["refusals_in_a_row"]) == (1, 1)
    with pytest.raises(InputError, match="cannot be rolled back to"):
        roll_back(checkerboard, refused["number"])
    assert [row["n"] for row in checkerboard.run(EDGES, {})] == [number]

    # The log has one JSON document a line, among them the steps with their seconds.
    log = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    steps = [line for line in log if "step" in line]
    assert [line["step"] for line in steps[:-1]] == [step["name"] for step in document["steps"]]
    assert steps[-1]["step"] == "all"
    assert steps[-1]["peak_mb"] == document["peak_mb"]
    assert all(line["seconds"] >= 0 for line in steps)


def test_a_better_challenger_is_promoted_and_the_number_of_a_refused_one_is_not_reused(
    checkerboard: Graph, server_settings: Settings
) -> None:
    data = read_snapshot(checkerboard)
    comparable = Provenance("", {"held_out": HELD_OUT_RULE})
    worse = publish_generation(checkerboard, data, parity_edges(data, -1), comparable)
    better = retrain(checkerboard, server_settings)
    assert better["promoted"]
    assert better["challenger"]["held-out ndcg@10"] > better["champion"]["held-out ndcg@10"] + 0.1
    metrics = show_generation(checkerboard, better["generation"])["metrics"]
    assert metrics["held-out ndcg@10"] == better["challenger"]["held-out ndcg@10"]
    assert states(checkerboard) == [
        (better["generation"], "active"),
        (worse, "retired"),
    ]
    swap_likes(checkerboard)
    assert not retrain(checkerboard, server_settings)["promoted"]
    assert publish(checkerboard) == better["generation"] + 2


def test_a_first_generation_worse_than_content_and_popularity_is_refused(
    checkerboard: Graph, server_settings: Settings
) -> None:
    swap_likes(checkerboard)
    before = recommend(checkerboard, server_settings)
    result = run_command(server_settings, "--json")
    assert result.exit_code == Refused.exit_code
    document = json.loads(result.stdout)
    assert "content and popularity" in document["reason"]
    assert "a significant loss" in document["reason"]
    assert (document["promoted"], document["generation"], document["edges"]) == (False, None, 0)
    assert states(checkerboard) == []
    assert recommend(checkerboard, server_settings) == before


def test_an_unchanged_graph_is_not_trained_again_unless_forced(
    checkerboard: Graph, server_settings: Settings
) -> None:
    first = retrain(checkerboard, server_settings)["generation"]
    with pytest.raises(NothingToDo, match=f"since the active generation {first} was trained"):
        retrain(checkerboard, server_settings)
    result = run_command(server_settings, "--json")
    assert isinstance(result.exception, NothingToDo)
    assert states(checkerboard) == [(first, "active")]
    forced = retrain(checkerboard, server_settings, force=True)
    assert forced["promoted"]
    assert "no significant loss" in forced["reason"]
    assert forced["champion"] == forced["challenger"]
    assert states(checkerboard) == [(forced["generation"], "active"), (first, "retired")]
    other = server_settings.model_copy(update={"edges_per_node": 10})
    assert retrain(checkerboard, other)["generation"] > forced["generation"]


def test_tuned_parameters_are_reused_until_the_graph_has_grown(
    checkerboard: Graph, server_settings: Settings
) -> None:
    first = retrain(checkerboard, server_settings)
    assert not first["choices_kept"]
    record_interaction(checkerboard, "u1", "a", "4", server_settings)
    second = retrain(checkerboard, server_settings)
    assert second["choices_kept"]
    assert second["promoted"]
    tuning = {key: value for key, value in first["challenger"].items() if "held-out" not in key}
    assert tuning.items() <= second["challenger"].items()
    numbers = [run["generation"] for run in (first, second)]
    merges = [show_generation(checkerboard, number)["merge"] for number in numbers]
    for before, after in zip(*merges, strict=True):
        assert before == {**after, "popularity": pytest.approx(after["popularity"])}
    record_interaction(checkerboard, "u1", "a", "6", server_settings)
    always_tune = server_settings.model_copy(update={"choose_again": 0.0})
    assert not retrain(checkerboard, always_tune)["choices_kept"]
    assert not retrain(checkerboard, server_settings, force=True)["choices_kept"]
    unknown_document = '{"reading": {"half_life_days": 365}, "epochs": 3}'
    checkerboard.run(
        "MATCH (g:Generation {state: 'active'}) SET g.choices = $choices",
        {"choices": unknown_document},
    )
    record_interaction(checkerboard, "u1", "a", "8", server_settings)
    assert not retrain(checkerboard, server_settings)["choices_kept"]


def test_the_two_generations_active_before_can_be_rolled_back_to(checkerboard: Graph) -> None:
    numbers = [publish(checkerboard) for _ in range(4)]
    assert states(checkerboard) == [
        (numbers[3], "active"),
        (numbers[2], "retired"),
        (numbers[1], "retired"),
    ]
    with pytest.raises(InputError, match="cannot be rolled back"):
        roll_back(checkerboard, numbers[0])
    roll_back(checkerboard, numbers[1])
    last = publish(checkerboard)
    # The generation that was rolled back to was active last, so it is kept although it is older.
    assert states(checkerboard) == [
        (last, "active"),
        (numbers[3], "retired"),
        (numbers[1], "retired"),
    ]
    assert [row["n"] for row in checkerboard.run(EDGES, {})] == [numbers[1], numbers[3], last]


def test_one_of_many_concurrent_runs_gets_the_lock(graph: Graph) -> None:
    start, end, owners, refused = threading.Barrier(6), threading.Barrier(6), [], []

    def take() -> None:
        start.wait()
        try:
            with retraining_lock(graph, 60) as lease:
                owners.append(lease.owner)
                end.wait()
        except Locked as error:
            refused.append(str(error))
            end.wait()

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(owners), len(refused)) == (1, 5)
    assert all("has held the lock since 20" in error and ", process " in error for error in refused)


def test_a_second_retraining_exits_with_75_and_an_interrupted_one_releases_the_lock(
    graph: Graph, server_settings: Settings
) -> None:
    def interrupt() -> None:
        with retraining_lock(graph, 60):
            result = run_command(server_settings)
            assert isinstance(result.exception, Locked)
            assert result.exception.exit_code == 75
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    with pytest.raises(NothingToDo, match="no items"):
        retrain(graph, server_settings)
    with retraining_lock(graph, 60):
        pass


def test_a_running_retraining_renews_its_lock_and_that_of_a_killed_one_expires(
    graph: Graph, server_settings: Settings
) -> None:
    code = (
        "import sys, time; from pathlib import Path; "
        "from isthmus.graph.database.session import connect; "
        "from isthmus.graph.database.lock import retraining_lock; "
        "from isthmus.settings import Settings\n"
        "with connect(Settings(home=Path(sys.argv[1]))) as graph, retraining_lock(graph, 3):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    call = [sys.executable, "-c", code, str(server_settings.home)]
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            time.sleep(4)  # longer than the lease, which is renewed
            with pytest.raises(Locked), retraining_lock(graph, 3):
                pass
        finally:
            process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    while True:
        try:
            with retraining_lock(graph, 3):
                break
        except Locked:
            assert time.monotonic() - killed < 10
            time.sleep(0.2)


def start_retraining(settings: Settings) -> tuple[threading.Thread, list[Exception]]:
    """Starts a retraining in a thread; the list receives the error if it fails."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            with connect(settings) as own:
                retrain(own, settings)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_a_retraining_that_lost_the_lock_promotes_nothing(
    checkerboard: Graph, server_settings: Settings
) -> None:
    champion = publish(checkerboard)
    before = recommend(checkerboard, server_settings)
    # Such a long lease is not renewed within the test: only the last transaction can notice.
    thread, errors = start_retraining(server_settings.model_copy(update={"lock_seconds": 3600}))
    take_over = "MATCH (l:Lock {name: 'retrain'}) WHERE l.owner IS NOT NULL SET l.owner = 'other' "
    while not checkerboard.run(take_over + "RETURN l.owner AS owner", {}):
        assert thread.is_alive()
        time.sleep(0.01)
    thread.join()
    assert isinstance(errors[0], Locked)
    assert "nothing was promoted" in str(errors[0])
    assert states(checkerboard)[-1] == (champion, "active")
    assert recommend(checkerboard, server_settings) == before
    owner = checkerboard.run("MATCH (l:Lock) RETURN l.owner AS owner", {})
    assert owner == [{"owner": "other"}]  # it does not release the lock of another run


def test_a_rollback_during_a_retraining_prevents_the_promotion(
    checkerboard: Graph, server_settings: Settings
) -> None:
    first, second = publish(checkerboard), publish(checkerboard)
    thread, errors = start_retraining(server_settings)
    while states(checkerboard)[0][1] != "candidate":
        assert thread.is_alive()
        time.sleep(0.01)
    roll_back(checkerboard, first)
    before = recommend(checkerboard, server_settings)
    thread.join()
    assert isinstance(errors[0], NothingToDo)
    assert f"Generation {first} was activated while" in str(errors[0])
    assert states(checkerboard) == [(second, "retired"), (first, "active")]
    assert [row["n"] for row in checkerboard.run(EDGES, {})] == [first, second]
    assert recommend(checkerboard, server_settings) == before
    assert retrain(checkerboard, server_settings)["promoted"]  # compared with the active generation


def test_tables_without_changes_do_not_call_for_a_retraining(
    checkerboard: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    def needs_retraining() -> bool:
        return bool(checkerboard.read("admin/active_generation")[0]["other_tables"])

    retrain(checkerboard, server_settings)
    assert not needs_retraining()
    ingest_dataset(checkerboard, read_dataset(tmp_path), tmp_path, server_settings)
    assert not needs_retraining()
    part = tmp_path / "part"
    part.mkdir()
    lines = (tmp_path / "interactions.csv").read_text().splitlines(keepends=True)
    (part / "interactions.csv").write_text("".join(lines[:50]))
    (part / "items.csv").write_text((tmp_path / "items.csv").read_text())
    ingest_dataset(checkerboard, read_dataset(part), part, server_settings)
    assert needs_retraining()  # their changes are unknown so far
    with pytest.raises(NothingToDo, match="Nothing changed"):
        retrain(checkerboard, server_settings)
    assert not needs_retraining()


def test_the_renewal_notices_a_lost_lock_too(graph: Graph) -> None:
    with retraining_lock(graph, 1) as lease:
        lease.check()
        graph.run("MATCH (l:Lock) SET l.owner = 'other'", {})
        assert lease.lost.wait(20)
        with pytest.raises(Locked, match="took the lock over"):
            lease.check()


def test_nothing_is_written_into_a_candidate_that_another_run_deleted(checkerboard: Graph) -> None:
    data = read_snapshot(checkerboard)
    deleted = write_candidate(checkerboard, data, parity_edges(data), Provenance("", {}))
    last = publish(checkerboard)  # deletes the candidate first
    assert last > deleted
    row = {"source": "a:0", "targets": ["b:0"], "weights": [1.0]}
    for number in (deleted, last):
        checkerboard.write("generations/write_transfer", rows=[row], generation=number)
    assert [row["n"] for row in checkerboard.run(EDGES, {})] == [last]
    assert states(checkerboard) == [(last, "active")]
    with pytest.raises(InputError, match="was deleted"):
        activate(checkerboard, deleted, 1)


def test_as_if_cold_recommends_as_if_interactions_in_the_domain_did_not_exist(
    checkerboard: Graph, server_settings: Settings
) -> None:
    checkerboard.run(
        "CREATE (:Encoder {version: 1, state: 'active', name: 'none', fingerprint: ''})", {}
    )
    checkerboard.run(
        "UNWIND range(0, 2) AS k CREATE (n:Interest {id: 'i' + k, version: 1, name: 'i' + k}) "
        "WITH n, k MATCH (i:Item) WHERE toInteger(i.item_id) % 3 = k "
        "CREATE (i)-[:ABOUT {weight: 0.5 + k}]->(n)",
        {},
    )
    # Dates and dislikes affect the score too.
    checkerboard.run(
        "MATCH (u:User)-[r:INTERACTED]->(i:Item) WITH r, toInteger(i.item_id) AS k "
        "SET r.last_at = datetime({epochSeconds: 1700000000 - k * 5000000}), "
        "r.weight = CASE WHEN k % 5 = 0 THEN -1.0 ELSE 1.0 END",
        {},
    )
    derive_user_interests(checkerboard, server_settings.half_life_days, 1)
    number = publish(checkerboard)
    publish(checkerboard, -1)

    def rankings(**options: Any) -> list[list[tuple[str, float]]]:
        return [
            [
                (row["item_id"], pytest.approx(row["score"], abs=1e-6))
                for row in rank_items(checkerboard, f"u{k}", "b", ITEMS, server_settings, **options)
            ]
            for k in range(8)
        ]

    cold = rankings(generation=number, as_if_cold=True)
    assert all(len(ranking) == ITEMS for ranking in cold)
    assert cold != rankings(as_if_cold=True)
    checkerboard.run("MATCH (:User)-[r:INTERACTED]->(:Item {domain: 'b'}) DELETE r", {})
    derive_user_interests(checkerboard, server_settings.half_life_days, 1)
    assert cold == rankings(generation=number)
    roll_back(checkerboard, number)
    assert cold == rankings()


def test_as_if_cold_derives_interests_from_the_newest_interactions_alone(
    graph: Graph, server_settings: Settings
) -> None:
    graph.run(
        "CREATE (u:User {id: 'u'}), (:Domain {name: 'a'}), (:Domain {name: 'b'}), "
        "(:Encoder {version: 1, state: 'active'}) WITH u UNWIND [0, 1] AS k "
        "CREATE (n:Interest {id: 'i' + k, version: 1, name: 'i' + k}), "
        "(u)-[:INTERACTED {weight: 1.0, "
        "last_at: datetime('2024-01-01') + duration({days: 365 * k})}]->"
        "(:Item {key: 'a:' + k, item_id: '' + k, domain: 'a', popularity: 0.0})"
        "-[:ABOUT {weight: 1.0}]->(n), "
        "(:Item {key: 'b:' + k, item_id: '' + k, domain: 'b', popularity: 0.0})"
        "-[:ABOUT {weight: 1.0}]->(n)",
        {},
    )

    def scores(limit: int) -> dict[str, float]:
        settings = server_settings.model_copy(update={"history_limit": limit})
        rows = rank_items(graph, "u", "b", 2, settings, as_if_cold=True)
        return {row["item_id"]: row["score"] for row in rows}

    # Without a generation a score is the user's interest in what an item is about: the mean of the
    # weights of the history that is read, which halve in 365 days.
    assert scores(2) == pytest.approx({"0": 0.25, "1": 0.5})
    assert scores(1) == pytest.approx({"0": 0.0, "1": 1.0})


def learned_shares(answer: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    """Shares of learned paths by item, kind and source."""
    return {
        (item["item_id"], path["kind"], path["from"]): path["share"]
        for item in answer["items"]
        for path in item["paths"]
        if path["kind"] != "popularity"
    }


def test_readers_during_publishing_get_all_edges_of_exactly_one_generation(
    checkerboard: Graph, server_settings: Settings
) -> None:
    users, finished = [f"u{k}" for k in range(4)], threading.Event()
    strengths = {publish(checkerboard, 1.0): 1.0}
    expected = {
        user: learned_shares(recommend_for_user(checkerboard, user, "b", ITEMS, server_settings))
        for user in users
    }
    answers: list[tuple[str, int, dict[tuple[str, str, str], float]]] = []

    def read(user: str) -> None:
        while not finished.is_set():
            answer = recommend_for_user(checkerboard, user, "b", ITEMS, server_settings)
            answers.append((user, answer["generation"], learned_shares(answer)))

    with ThreadPoolExecutor(len(users)) as clients:
        reading = [clients.submit(read, user) for user in users]
        try:
            # Each is written beside the active generation, and from the third on deletes another.
            strengths |= {
                publish(checkerboard, strength): strength for strength in (2.0, 3.0, 4.0, 5.0)
            }
        finally:
            finished.set()
        for reader in reading:
            reader.result()
    assert {generation for _, generation, _ in answers} >= set(list(strengths)[1:4])
    for user, generation, shares in answers:
        assert shares.keys() == expected[user].keys()
        for path, share in shares.items():
            assert share == pytest.approx(strengths[generation] * expected[user][path], rel=1e-6)
