"""Retraining as a service: one at a time, only where something changed, never for the worse."""

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

from isthmus.errors import InputError, Locked, NothingToDo
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.lock import retraining_lock
from isthmus.graph.database.session import connect
from isthmus.graph.events.record import record_interaction
from isthmus.graph.generations.promotion_gate import held_out
from isthmus.graph.generations.publish import (
    Provenance,
    activate,
    generations,
    publish,
    roll_back,
    show,
    write_candidate,
)
from isthmus.graph.generations.snapshot import snapshot
from isthmus.graph.ingest.load import ingest, update_popularity
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.serving.recommend import ranked, recommend
from isthmus.graph.sources import read_dataset
from isthmus.scripts.retrain import command
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain

ROOT = Path(__file__).resolve().parents[2]
USERS, ITEMS = 800, 12
# Even users like even items and odd ones odd ones; this turns what some users like in a domain.
TURN = (
    "MATCH (u:User)-[r:INTERACTED]->(i:Item {domain: $domain}) WHERE NOT u.id IN $spared "
    "WITH u, collect(toInteger(i.item_id)) AS liked, collect(r) AS old "
    "FOREACH (r IN old | DELETE r) "
    "WITH u, liked UNWIND liked AS k "
    "MATCH (j:Item {key: $domain + ':' + toString(k + 1 - 2 * (k % 2))}) "
    "CREATE (u)-[:INTERACTED {weight: 1.0, count: 1}]->(j)"
)
EDGES = "MATCH ()-[e:TRANSFERS_TO|CO_LIKED]->() RETURN DISTINCT e.generation AS n ORDER BY n"


@pytest.fixture
def board(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    """Two domains and no words; each user likes four of the six items of their colour in each."""
    rng = np.random.default_rng(5)
    items, done = ["item_id,domain"], ["user_id,item_id,domain"]
    for domain in "ab":
        items += [f"{k},{domain}" for k in range(ITEMS)]
        for user in range(USERS):
            liked = rng.choice(np.arange(user % 2, ITEMS, 2), 4, replace=False)
            done += [f"u{user},{k},{domain}" for k in liked]
    (tmp_path / "items.csv").write_text("\n".join(items))
    (tmp_path / "interactions.csv").write_text("\n".join(done))
    ingest(graph, read_dataset(tmp_path), tmp_path, server_settings)
    return graph


def turned(graph: Graph) -> None:
    """Turns the likes in b of all but those who judge; turned twice they are as before."""
    data = snapshot(graph)
    judges = data.users[np.concatenate(held_out(data))].tolist()
    graph.run(TURN, {"domain": "b", "spared": judges})
    update_popularity(graph, 365)


def by_hand(data: InterestGraph, sign: float = 1.0) -> LearnedEdges:
    """Edges between items of one colour, and what interests there are to all that is about them."""
    number = np.array([int(key.split(":")[1]) for key in data.items.tolist()])
    alike = number[:, None] % 2 == number % 2
    across = data.item_domain[:, None] != data.item_domain

    def edges(which: np.ndarray, strength: np.ndarray) -> Edges:
        sources, targets = np.nonzero(which)
        weights = sign * strength[sources, targets]
        return Edges(sources, targets, weights.astype(np.float32))

    nearness = 1 / (1 + abs(number[:, None] - number)) + number / 100
    about = data.item_interests.toarray().T
    return LearnedEdges(
        transfer=edges(alike & across, nearness),
        interest=edges(about > 0, about * (1 + number / 7)),
        co_liked=edges(alike & ~across, nearness),
        merge={name: MergeWeights(1.0, 0.7, 0.5, 0.1) for name in data.domains},
    )


def published(graph: Graph, sign: float = 1.0) -> int:
    data = snapshot(graph)
    return publish(graph, data, by_hand(data, sign), Provenance("", {}))


def states(graph: Graph) -> list[tuple[int, str]]:
    return [(row["number"], row["state"]) for row in generations(graph)]


def shown(graph: Graph, settings: Settings) -> list[dict[str, Any]]:
    return [recommend(graph, f"u{k}", "b", 3, settings) for k in range(6)]


def isthmus_retrain(settings: Settings, *options: str) -> Result:
    home = ["--home", str(settings.home)]
    return CliRunner().invoke(command, [*home, *options], catch_exceptions=True)


def test_a_worse_challenger_is_refused_and_the_champion_answers_as_before(
    board: Graph, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = retrain(board, server_settings)
    assert first["promoted"]
    assert first["reason"] == "There was no champion to compare with."
    assert first["challenger"]["held-out users"] > 50
    turned(board)
    before = shown(board, server_settings)
    number = first["generation"]
    monkeypatch.setenv("ISTHMUS_LOG_FORMAT", "json")
    done = isthmus_retrain(server_settings, "--json")
    assert done.exit_code == NothingToDo.exit_code
    document = json.loads(done.stdout)
    assert not document["promoted"]
    assert "a significant loss" in document["reason"]
    worth = [document[who]["held-out ndcg@10"] for who in ("champion", "challenger")]
    assert worth[0] > worth[1] + 0.1
    assert (document["generation"], document["edges"]) == (number, first["edges"])
    assert shown(board, server_settings) == before
    assert states(board) == [(number, "active")]
    assert [row["n"] for row in board.run(EDGES, {})] == [number]

    # What was said meanwhile: one JSON document a line, the steps with their seconds.
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    steps = [line for line in said if "step" in line]
    assert [line["step"] for line in steps[:-1]] == [step["name"] for step in document["steps"]]
    assert steps[-1]["step"] == "all"
    assert steps[-1]["peak_mb"] == document["peak_mb"]
    assert all(line["seconds"] >= 0 for line in steps)


def test_a_better_challenger_takes_over_and_the_number_of_a_refused_one_is_not_used_again(
    board: Graph, server_settings: Settings
) -> None:
    turned(board)
    worse = retrain(board, server_settings)
    turned(board)
    better = retrain(board, server_settings)
    assert better["promoted"]
    assert better["challenger"]["held-out ndcg@10"] > better["champion"]["held-out ndcg@10"] + 0.1
    kept = show(board, better["generation"])["metrics"]
    assert kept["held-out ndcg@10"] == better["challenger"]["held-out ndcg@10"]
    assert states(board) == [(better["generation"], "active"), (worse["generation"], "retired")]
    turned(board)
    assert not retrain(board, server_settings)["promoted"]
    assert published(board) == better["generation"] + 2


def test_nothing_is_learned_again_where_nothing_changed_unless_forced(
    board: Graph, server_settings: Settings
) -> None:
    first = retrain(board, server_settings)["generation"]
    with pytest.raises(NothingToDo, match=f"since generation {first} was learned"):
        retrain(board, server_settings)
    done = isthmus_retrain(server_settings, "--json")
    assert isinstance(done.exception, NothingToDo)
    assert states(board) == [(first, "active")]
    forced = retrain(board, server_settings, force=True)
    assert forced["promoted"]
    assert "no significant loss" in forced["reason"]
    assert forced["champion"] == forced["challenger"]
    assert states(board) == [(forced["generation"], "active"), (first, "retired")]
    other = server_settings.model_copy(update={"edges_per_node": 10})
    assert retrain(board, other)["generation"] > forced["generation"]


def test_what_validation_users_chose_is_kept_until_the_graph_has_grown(
    board: Graph, server_settings: Settings
) -> None:
    first = retrain(board, server_settings)
    assert not first["choices_kept"]
    record_interaction(board, "u1", "a", "4", server_settings)
    second = retrain(board, server_settings)
    assert second["choices_kept"]
    assert second["promoted"]
    asked = {key: value for key, value in first["challenger"].items() if "held-out" not in key}
    assert asked.items() <= second["challenger"].items()
    numbers = [run["generation"] for run in (first, second)]
    merges = [show(board, number)["merge"] for number in numbers]
    assert merges[0] == merges[1]
    record_interaction(board, "u1", "a", "6", server_settings)
    each_time = server_settings.model_copy(update={"choose_again": 0.0})
    assert not retrain(board, each_time)["choices_kept"]
    assert not retrain(board, server_settings, force=True)["choices_kept"]
    of_another_release = '{"reading": {"half_life_days": 365}, "epochs": 3}'
    board.run(
        "MATCH (g:Generation {state: 'active'}) SET g.choices = $choices",
        {"choices": of_another_release},
    )
    record_interaction(board, "u1", "a", "8", server_settings)
    assert not retrain(board, server_settings)["choices_kept"]


def test_the_two_generations_that_answered_last_can_be_rolled_back_to(board: Graph) -> None:
    numbers = [published(board) for _ in range(4)]
    assert states(board) == [
        (numbers[3], "active"),
        (numbers[2], "retired"),
        (numbers[1], "retired"),
    ]
    with pytest.raises(InputError, match="cannot be rolled back"):
        roll_back(board, numbers[0])
    roll_back(board, numbers[1])
    last = published(board)
    # The one that was gone back to answered last, and stays though it is older.
    assert states(board) == [(last, "active"), (numbers[3], "retired"), (numbers[1], "retired")]
    assert [row["n"] for row in board.run(EDGES, {})] == [numbers[1], numbers[3], last]


def test_of_many_who_take_the_lock_at_once_one_gets_it(graph: Graph) -> None:
    start, end, held, refused = threading.Barrier(6), threading.Barrier(6), [], []

    def take() -> None:
        start.wait()
        try:
            with retraining_lock(graph, 60) as lease:
                held.append(lease.owner)
                end.wait()
        except Locked as error:
            refused.append(str(error))
            end.wait()

    takers = [threading.Thread(target=take) for _ in range(6)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert (len(held), len(refused)) == (1, 5)
    assert all("holds the lock since 20" in said and ", process " in said for said in refused)


def test_a_second_retraining_ends_with_75_and_the_first_releases_even_if_interrupted(
    graph: Graph, server_settings: Settings
) -> None:
    def interrupted() -> None:
        with retraining_lock(graph, 60):
            done = isthmus_retrain(server_settings)
            assert isinstance(done.exception, Locked)
            assert done.exception.exit_code == 75
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(NothingToDo, match="no items"):
        retrain(graph, server_settings)
    with retraining_lock(graph, 60):
        pass


def test_the_lock_of_a_killed_run_is_free_after_its_lease_and_a_living_one_keeps_it(
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
            time.sleep(4)  # longer than the lease: it is renewed
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


def retraining(settings: Settings) -> tuple[threading.Thread, list[Exception]]:
    """A retraining that runs beside the test, and what it ends with where it fails."""
    ended: list[Exception] = []

    def run() -> None:
        try:
            with connect(settings) as own:
                retrain(own, settings)
        except Exception as error:
            ended.append(error)

    running = threading.Thread(target=run)
    running.start()
    return running, ended


def test_who_lost_the_lock_activates_nothing(board: Graph, server_settings: Settings) -> None:
    champion = published(board)
    before = shown(board, server_settings)
    # So long a lease is not renewed within the test: only the last transaction can notice.
    running, ended = retraining(server_settings.model_copy(update={"lock_seconds": 3600}))
    taken = "MATCH (l:Lock {name: 'retrain'}) WHERE l.owner IS NOT NULL SET l.owner = 'other' "
    while not board.run(taken + "RETURN l.owner AS owner", {}):
        assert running.is_alive()
        time.sleep(0.01)
    running.join()
    assert isinstance(ended[0], Locked)
    assert "nothing was activated" in str(ended[0])
    assert states(board)[-1] == (champion, "active")
    assert shown(board, server_settings) == before
    owner = board.run("MATCH (l:Lock) RETURN l.owner AS owner", {})
    assert owner == [{"owner": "other"}]  # it does not release what is another's


def test_a_rollback_during_a_retraining_wins(board: Graph, server_settings: Settings) -> None:
    first, second = published(board), published(board)
    running, ended = retraining(server_settings)
    while states(board)[0][1] != "candidate":
        assert running.is_alive()
        time.sleep(0.01)
    roll_back(board, first)
    before = shown(board, server_settings)
    running.join()
    assert isinstance(ended[0], NothingToDo)
    assert f"Somebody let generation {first} answer" in str(ended[0])
    assert states(board) == [(second, "retired"), (first, "active")]
    assert [row["n"] for row in board.run(EDGES, {})] == [first, second]
    assert shown(board, server_settings) == before
    assert retrain(board, server_settings)["promoted"]  # judged against what answers now


def test_tables_that_changed_nothing_call_for_no_retraining(
    board: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    def called_for() -> bool:
        return bool(board.read("admin/active_generation")[0]["other_tables"])

    retrain(board, server_settings)
    assert not called_for()
    ingest(board, read_dataset(tmp_path), tmp_path, server_settings)
    assert not called_for()
    part = tmp_path / "part"
    part.mkdir()
    lines = (tmp_path / "interactions.csv").read_text().splitlines(keepends=True)
    (part / "interactions.csv").write_text("".join(lines[:50]))
    (part / "items.csv").write_text((tmp_path / "items.csv").read_text())
    ingest(board, read_dataset(part), part, server_settings)
    assert called_for()  # nobody knows yet what they change
    with pytest.raises(NothingToDo, match="Nothing changed"):
        retrain(board, server_settings)
    assert not called_for()


def test_a_loss_is_noticed_by_the_renewal_too(graph: Graph) -> None:
    with retraining_lock(graph, 1) as lease:
        lease.check()
        graph.run("MATCH (l:Lock) SET l.owner = 'other'", {})
        assert lease.lost.wait(20)
        with pytest.raises(Locked, match="took the lock over"):
            lease.check()


def test_nothing_is_written_into_a_candidate_that_another_run_cleared_away(board: Graph) -> None:
    data = snapshot(board)
    cleared = write_candidate(board, data, by_hand(data), Provenance("", {}))
    last = published(board)  # clears it away first
    assert last > cleared
    row = {"source": "a:0", "targets": ["b:0"], "weights": [1.0]}
    for number in (cleared, last):
        board.write("generations/write_transfer", rows=[row], generation=number)
    assert [row["n"] for row in board.run(EDGES, {})] == [last]
    assert states(board) == [(last, "active")]
    with pytest.raises(InputError, match="is gone"):
        activate(board, cleared, 1)


def test_asked_as_if_cold_a_user_is_answered_as_without_what_they_did_in_the_domain(
    board: Graph, server_settings: Settings
) -> None:
    board.run("CREATE (:Encoder {version: 1, state: 'active', name: 'none', fingerprint: ''})", {})
    board.run(
        "UNWIND range(0, 2) AS k CREATE (n:Interest {id: 'i' + k, version: 1, name: 'i' + k}) "
        "WITH n, k MATCH (i:Item) WHERE toInteger(i.item_id) % 3 = k "
        "CREATE (i)-[:ABOUT {weight: 0.5 + k}]->(n)",
        {},
    )
    # Dates and dislikes count too.
    board.run(
        "MATCH (u:User)-[r:INTERACTED]->(i:Item) WITH r, toInteger(i.item_id) AS k "
        "SET r.last_at = datetime({epochSeconds: 1700000000 - k * 5000000}), "
        "r.weight = CASE WHEN k % 5 = 0 THEN -1.0 ELSE 1.0 END",
        {},
    )
    derive_user_interests(board, server_settings.half_life_days, 1)
    number = published(board)
    published(board, -1)

    def answers(**told: Any) -> list[list[tuple[str, float]]]:
        return [
            [
                (row["item_id"], pytest.approx(row["score"], abs=1e-6))
                for row in ranked(board, f"u{k}", "b", ITEMS, server_settings, **told)
            ]
            for k in range(8)
        ]

    cold = answers(generation=number, as_if_cold=True)
    assert all(len(answer) == ITEMS for answer in cold)
    assert cold != answers(as_if_cold=True)
    board.run("MATCH (:User)-[r:INTERACTED]->(:Item {domain: 'b'}) DELETE r", {})
    derive_user_interests(board, server_settings.half_life_days, 1)
    assert cold == answers(generation=number)
    roll_back(board, number)
    assert cold == answers()


def learned_shares(answer: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    """What each learned path adds to which item."""
    return {
        (item["item_id"], path["kind"], path["from"]): path["share"]
        for item in answer["items"]
        for path in item["paths"]
        if path["kind"] != "popularity"
    }


def test_readers_during_publishing_get_every_edge_of_one_generation_and_of_no_other(
    board: Graph, server_settings: Settings
) -> None:
    users, ended = [f"u{k}" for k in range(4)], threading.Event()
    strengths = {published(board, 1.0): 1.0}
    once = {
        user: learned_shares(recommend(board, user, "b", ITEMS, server_settings)) for user in users
    }
    seen: list[tuple[str, int, dict[tuple[str, str, str], float]]] = []

    def read(user: str) -> None:
        while not ended.is_set():
            answer = recommend(board, user, "b", ITEMS, server_settings)
            seen.append((user, answer["generation"], learned_shares(answer)))

    with ThreadPoolExecutor(len(users)) as clients:
        reading = [clients.submit(read, user) for user in users]
        try:
            # Each is written beside the one that answers, and from the third on deletes another.
            strengths |= {published(board, strength): strength for strength in (2.0, 3.0, 4.0, 5.0)}
        finally:
            ended.set()
        for reader in reading:
            reader.result()
    assert {generation for _, generation, _ in seen} >= set(list(strengths)[1:4])
    for user, generation, shares in seen:
        assert shares.keys() == once[user].keys()
        for path, share in shares.items():
            assert share == pytest.approx(strengths[generation] * once[user][path], rel=1e-6)
