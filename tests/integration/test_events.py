"""Interactions as they happen, on a real Neo4j: one at a time, and from a stream."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.database import statements as queries
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.events import record as feedback
from isthmus.graph.events.record import forget_events, record_events, record_interaction
from isthmus.graph.ingest.load import ingest, update_popularity
from isthmus.graph.ingest.rows import items_called
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.serving.recommend import recommend
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.events import read_events
from isthmus.settings import Settings
from tests.conftest import EMPTY

ROOT = Path(__file__).resolve().parents[2]
ITEMS = [("books", f"b{k}") for k in range(6)] + [("films", f"f{k}") for k in range(6)]
# b0 leads to f1, b2 to f3; item k is about interest k % 3, which leads nowhere by itself.
LEARNED = """
CREATE (:Encoder {version: 1, state: 'active'})
CREATE (g:Generation {number: 1, state: 'active'})
WITH g MATCH (d:Domain)
CREATE (g)-[m:MERGES {transfer: 1.0, collaborative: 1.0, interest: 1.0, popularity: 0.1}]->(d)
SET m.power = 0.5
WITH DISTINCT g
UNWIND [['books:b0', 'films:f1'], ['books:b2', 'films:f3']] AS edge
MATCH (i:Item {key: edge[0]}), (j:Item {key: edge[1]})
CREATE (i)-[:TRANSFERS_TO {generation: 1, weight: 2.0}]->(j)
"""
INTERESTS = """
UNWIND range(0, 2) AS k
CREATE (n:Interest {id: 'interest ' + k, version: 1})
WITH n, k
MATCH (i:Item) WHERE toInteger(substring(i.item_id, 1)) % 3 = k
CREATE (i)-[:ABOUT {weight: 0.5 + k / 4.0}]->(n)
"""
INTERACTED = (
    "MATCH (u:User)-[r:INTERACTED]->(i:Item) "
    "RETURN u.id AS user, i.key AS item, properties(r) AS r ORDER BY user, item"
)
INTERESTED = (
    "MATCH (u:User)-[s:INTERESTED_IN]->(n:Interest) "
    "RETURN u.id AS user, n.id AS interest, s {.*, updated_at: null} AS s ORDER BY user, interest"
)
POPULARITY = (
    "MATCH (i:Item) RETURN i.key AS item, i.likes AS likes, i.popularity AS popularity "
    "ORDER BY item"
)
EVERYTHING = (
    "MATCH (a) OPTIONAL MATCH (a)-[b]->(c) WITH labels(a)[0] AS label, properties(a) AS p, "
    "type(b) AS type, properties(b) AS q, properties(c) AS r RETURN label, p, type, q, r "
    "ORDER BY label, coalesce(p.key, p.id, p.name), type, coalesce(r.key, r.id, r.name)"
)


def load(graph: Graph, folder: Path, settings: Settings, rows: list[Row] | None = None) -> None:
    """The items with what they are about, and interactions by a load of a table."""
    load_tables(graph, folder, settings, rows or [])
    graph.run(INTERESTS, {})


def load_tables(graph: Graph, folder: Path, settings: Settings, rows: list[Row]) -> None:
    """The items and interactions."""
    (folder / "items.csv").write_text(
        "item_id,domain,title\n" + "".join(f"{item},{domain},{item}\n" for domain, item in ITEMS)
    )
    with (folder / "interactions.csv").open("w", newline="") as file:
        table = csv.DictWriter(
            file, ["user_id", "domain", "item_id", "weight", "timestamp", "kind"]
        )
        table.writeheader()
        table.writerows({name: row.get(name) for name in table.fieldnames} for row in rows)
    ingest(graph, read_dataset(folder), folder, settings)


def record(graph: Graph, rows: list[Row], settings: Settings) -> int:
    """Events one after the other in one batch; how many changed the graph."""
    checked = read_events([json.dumps(row).encode() for row in rows])
    assert checked.rejected.is_empty()
    return record_events(graph, checked.frame, settings).changed


def drawn(number: int, users: int) -> list[Row]:
    """Events in no order of time, several of many a pair, no two at one instant."""
    rng = Random(7)
    instants = rng.sample(range(1_700_000_000, 1_790_000_000), number)
    return [
        {
            "user_id": f"u{rng.randrange(users)}",
            "domain": domain,
            "item_id": item,
            "weight": rng.choice([1.0, 1.0, 0.5, -1.0]),
            "timestamp": instants[k],
            "kind": rng.choice(["rating", "view", None]),
            "event_id": f"e{k}",
        }
        for k, (domain, item) in enumerate(rng.choices(ITEMS, k=number))
    ]


def apart(rows: list[Row]) -> list[Row]:
    """Rows whose numbers compare to twelve decimals or so."""
    return [json.loads(json.dumps(row, default=str), parse_float=_approximate) for row in rows]


def _approximate(text: str) -> Any:
    return pytest.approx(float(text), rel=1e-9, abs=1e-9)


def test_a_like_and_a_dislike_change_the_next_answer(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    graph.run(LEARNED, {})

    def answer() -> list[str]:
        found = recommend(graph, "ana", "films", 6, server_settings)["items"]
        return [item["item_id"] for item in found]

    done = record_interaction(graph, "ana", "books", "b0", server_settings)
    assert done["recorded"]
    best = recommend(graph, "ana", "films", 6, server_settings)["items"][0]
    assert (best["item_id"], best["paths"][0]["from"]) == ("f1", "books:b0")
    record_interaction(graph, "ana", "books", "b2", server_settings, weight=3.0)
    assert answer()[:2] == ["f3", "f1"]
    record_interaction(graph, "ana", "books", "b2", server_settings, weight=-1.0)
    assert (answer()[0], answer()[-1]) == ("f1", "f3")
    record_interaction(graph, "ana", "films", "f1", server_settings)
    assert "f1" not in answer()
    # Popular for somebody who did nothing there, and no more once its one reader is displeased.
    record_interaction(graph, "bo", "films", "f5", server_settings)
    assert answer()[0] == "f5"
    record_interaction(graph, "bo", "films", "f5", server_settings, weight=-1.0)
    popularity = {row["item"]: row["popularity"] for row in graph.run(POPULARITY, {})}
    assert popularity["films:f5"] == 0
    assert popularity["books:b0"] == popularity["films:f1"] == 1


def test_events_leave_what_loading_and_deriving_leave(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    newest = {"user_id": "z", "item_id": "b0", "timestamp": 1_800_000_000}
    others = [newest | {"domain": domain, "item_id": item} for domain, item in ITEMS[::6]]
    rows = drawn(150, users=5)
    load(graph, tmp_path, server_settings, others)
    derive_user_interests(graph, server_settings.half_life_days, 1)
    assert record(graph, rows[:1], server_settings) == 1
    assert record(graph, rows, server_settings) == len(rows) - 1
    live = {text: graph.run(text, {}) for text in (INTERACTED, POPULARITY, INTERESTED)}
    derive_user_interests(graph, server_settings.half_life_days, 1)
    assert apart(live[INTERESTED]) == json.loads(json.dumps(graph.run(INTERESTED, {}), default=str))
    with graph.driver.session(database=graph.database) as session:
        session.run(EMPTY).consume()
    load(graph, tmp_path, server_settings, [*others, *rows])
    assert live[INTERACTED] == graph.run(INTERACTED, {})
    update_popularity(graph, server_settings.half_life_days)
    loaded = graph.run(POPULARITY, {})
    assert [row["likes"] for row in live[POPULARITY]] == pytest.approx(
        [row["likes"] for row in loaded]
    )
    # Between two recounts popularity stays in its order, and near to 1 at the most.
    by_likes = sorted(live[POPULARITY], key=lambda row: (row["item"][:5], row["likes"]))
    for domain in ("books", "films"):
        values = [row["popularity"] for row in by_likes if row["item"].startswith(domain)]
        assert values == sorted(values)
        assert 0 <= values[0] < values[-1] <= 2


def test_without_an_id_what_is_not_newer_is_known_already_as_in_a_load(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    rows = sorted(drawn(40, users=2), key=lambda row: row["timestamp"])
    for row in rows:
        del row["event_id"]
    load(graph, tmp_path, server_settings, rows[:20])
    assert record(graph, rows, server_settings) == 20
    assert record(graph, rows, server_settings) == 0
    live = graph.run(INTERACTED, {})
    with graph.driver.session(database=graph.database) as session:
        session.run(EMPTY).consume()
    load(graph, tmp_path, server_settings, rows)
    assert live == graph.run(INTERACTED, {})
    ingest(graph, read_dataset(tmp_path), tmp_path, server_settings)
    assert live == graph.run(INTERACTED, {})


def test_the_same_event_id_twice_changes_nothing_the_second_time(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    once = ("ana", "books", "b0", server_settings, 1.0, "e 1")
    assert record_interaction(graph, *once)["recorded"]
    before = graph.run(EVERYTHING, {})
    assert not record_interaction(graph, *once)["recorded"]
    again = {"user_id": "bo", "item_id": "f0", "weight": -2, "event_id": "e 1"}
    assert record(graph, [again, again], server_settings) == 0
    assert graph.run(EVERYTHING, {}) == before
    fresh = again | {"event_id": "e 2"}
    assert record(graph, [fresh, fresh], server_settings) == 1
    assert "e 1" not in str(graph.run("MATCH (e:Event) RETURN e.id AS id", {}))
    forget_events(graph, days=1)
    assert graph.run("MATCH (e:Event) RETURN count(e) AS n", {})[0]["n"] == 2
    graph.run("MATCH (e:Event) SET e.at = e.at - duration({days: 2})", {})
    forget_events(graph, days=1)
    assert graph.run("MATCH (e:Event) RETURN count(e) AS n", {})[0]["n"] == 0


def test_writers_at_once_lose_no_count(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)

    def like(number: int) -> bool:
        event = str(number % 40)
        done = record_interaction(graph, "ana", "books", "b0", server_settings, event_id=event)
        return bool(done["recorded"])

    with ThreadPoolExecutor(4) as writers:
        assert sum(writers.map(like, range(80))) == 40
    rows = graph.run(INTERACTED, {})
    assert [row["r"]["count"] for row in rows] == [40]
    assert graph.run(POPULARITY, {})[0] == {"item": "books:b0", "likes": 1.0, "popularity": 1.0}
    assert [row["s"]["evidence"] for row in graph.run(INTERESTED, {})] == [1]


def test_users_who_change_their_minds_at_once_lose_no_like(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)

    def turn(user: int) -> None:
        rng = Random(user)
        for _ in range(10):
            some = rng.sample(ITEMS, 4)  # in an order that others do not share
            rows = [{"user_id": f"u{user % 3}", "domain": d, "item_id": item} for d, item in some]
            record(graph, [row | {"weight": rng.choice((1, -1))} for row in rows], server_settings)

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(turn, range(6)))
    live = graph.run(POPULARITY, {})
    update_popularity(graph, server_settings.half_life_days)
    counted = graph.run(POPULARITY, {})
    assert [row["likes"] for row in live] == pytest.approx([row["likes"] for row in counted])
    assert sum(row["r"]["count"] for row in graph.run(INTERACTED, {})) == 6 * 10 * 4


def test_a_load_waits_for_an_event_of_the_same_user_and_loses_no_count(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    row = {"user_id": "ana", "domain": "books", "item_id": "b0", "weight": 1.0, "timestamp": 1e9}
    load(graph, tmp_path, server_settings, [row])
    event = {"event": "e", "user_id": "ana", "key": "books:b0", "weight": 1.0, "kind": None}
    told = {"half_life_days": 365.0, "most": 20, "decimals": 6}
    with ThreadPoolExecutor(1) as pool, graph.driver.session(database="neo4j") as session:
        with session.begin_transaction() as writer:
            at = {"at": 1_100_000_000_000, "now": 1_100_000_000_000}
            writer.run(queries.load("feedback/record").text, rows=[event | at], **told).consume()
            newer = [row, row | {"timestamp": 1.2e9}]
            loading = pool.submit(load_tables, graph, tmp_path, server_settings, newer)
            time.sleep(2)
            assert not loading.done()
            writer.commit()
        loading.result()
    [found] = graph.run(INTERACTED, {})
    assert found["r"]["count"] == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("ana", "books", "f0"), "it stands in films"),
        (("ana", "books", "nothing"), "there is no such item"),
        (("a\nb", "books", "b0"), "user_id holds a control character"),
        (("ana", "books", "b0", float("nan")), "weight is not a finite number"),
    ],
)
def test_what_cannot_be_recorded_is_a_sentence_and_leaves_no_user(
    graph: Graph, server_settings: Settings, tmp_path: Path, given: tuple[Any, ...], says: str
) -> None:
    load(graph, tmp_path, server_settings)
    with pytest.raises(InputError, match=says):
        record_interaction(graph, *given[:3], server_settings, *given[3:])
    assert graph.run("MATCH (u:User) RETURN count(u) AS n", {})[0]["n"] == 0


@pytest.mark.parametrize("domain", ["books", None])
def test_a_batch_records_the_items_it_knows_and_names_the_others(
    graph: Graph, server_settings: Settings, tmp_path: Path, domain: str | None
) -> None:
    load(graph, tmp_path, server_settings)
    rows = [
        {"user_id": user, "domain": domain, "item_id": item, "event_id": user}
        for user, item in (("ana", "b0"), ("bo", "nothing"), ("cy", "b1"))
    ]
    for changed in (2, 0):
        events = read_events([json.dumps(row).encode() for row in rows]).frame
        recorded = record_events(graph, events, server_settings)
        assert recorded.changed == changed
        assert recorded.rejected.select("line", "value").rows() == [(2, "nothing")]
        users = graph.run("MATCH (u:User) RETURN collect(u.id) AS ids", {})[0]["ids"]
        assert sorted(users) == ["ana", "cy"]


def test_an_item_that_is_loaded_meanwhile_loses_no_event(
    graph: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(graph, tmp_path, server_settings)

    def loaded_first(graph: Graph, item_ids: pl.Series) -> pl.DataFrame:
        graph.run("MERGE (:Item {key: 'books:new', item_id: 'new', domain: 'books'})", {})
        return items_called(graph, item_ids)

    monkeypatch.setattr(feedback, "items_called", loaded_first)
    rows = [{"user_id": "ana", "domain": "books", "item_id": item} for item in ("b0", "new")]
    events = read_events([json.dumps(row).encode() for row in rows]).frame
    recorded = record_events(graph, events, server_settings)
    assert (recorded.changed, recorded.rejected.height) == (2, 0)
    counts = "MATCH (:User {id: 'ana'})-[r:INTERACTED]->(i) RETURN i.item_id AS item, r.count AS n"
    assert {row["item"]: row["n"] for row in graph.run(counts, {})} == {"b0": 1, "new": 1}


def test_an_account_stands_for_its_person_and_without_a_time_each_event_counts(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "accounts.csv").write_text("platform,account_id,user_id\nshop,77,ana\n")
    load(graph, tmp_path, server_settings)
    row = {"user_id": "77", "platform": "shop", "item_id": "b0"}
    assert record(graph, [row, row], server_settings) == 2
    found = graph.run(INTERACTED, {})
    assert [(row["user"], row["r"]["count"]) for row in found] == [("ana", 2)]
    assert found[0]["r"]["first_at"] < found[0]["r"]["last_at"]


class Stream:
    """A running `isthmus ingest --follow --json`."""

    def __init__(self, home: Path) -> None:
        code = "from isthmus.scripts.main import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "ingest", "--follow", "--json", "--home", str(home), "-q"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=home,
        )

    def send(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def acknowledged(self) -> dict[str, int]:
        assert self.process.stdout is not None
        said: dict[str, int] = json.loads(self.process.stdout.readline())
        return said

    def until(self, line: int) -> dict[str, int]:
        """The acknowledgement that reaches a line."""
        said = self.acknowledged()
        while said["line"] < line:
            said = self.acknowledged()
        return said

    def ended(self) -> tuple[int, list[dict[str, int]]]:
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in err
        return self.process.returncode, [json.loads(line) for line in out.splitlines()]


def event(number: int) -> str:
    row = {"user_id": f"u{number}", "item_id": "b0", "event_id": f"e{number}"}
    return json.dumps(row)


def people(graph: Graph) -> int:
    return int(graph.run("MATCH (u:User)-[:INTERACTED]->() RETURN count(u) AS n", {})[0]["n"])


def test_a_stream_goes_on_over_wrong_lines_and_ends_with_its_input(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    stream.send(event(1), "no json", "", '{"user_id": "u2", "item_id": "nothing"}', event(3))
    assert stream.until(5) == {"line": 5, "safe": 2, "rejected": 2}
    assert people(graph) == 2
    stream.send(event(1), event(4))
    assert stream.process.stdin is not None
    stream.process.stdin.write(event(5))
    code, said = stream.ended()
    assert code == 0
    assert said[-1] == {"line": 8, "safe": 5, "rejected": 2}
    assert people(graph) == 4
    wrong = [
        json.loads(line)
        for line in (server_settings.home / "rejected.jsonl").read_text().splitlines()
    ]
    assert [(row["file"], row["line"], row["column"]) for row in wrong] == [
        ("standard input", 2, None),
        ("standard input", 4, "item_id"),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_stream_commits_what_it_read_and_ends_with_0(
    graph: Graph, server_settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    stream.send(*map(event, range(10)))
    stream.until(10)
    stream.send(*map(event, range(10, 3_000)))
    first = stream.acknowledged()
    stream.process.send_signal(number)
    code, said = stream.ended()
    assert code == 0
    assert people(graph) == [first, *said][-1]["safe"] > 10


def test_kill_9_loses_nothing_that_was_acknowledged_and_sending_again_doubles_nothing(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    lines = [event(number) for number in range(3_000)]
    stream.send(*lines[:1_500])
    reached = stream.acknowledged()
    stream.process.kill()
    stream.process.communicate()
    assert people(graph) >= reached["safe"] > 0
    stream = Stream(server_settings.home)
    stream.send(*lines[reached["line"] :])
    code, said = stream.ended()
    assert code == 0
    assert said[-1]["safe"] == len(lines) - reached["line"]
    counts = graph.run("MATCH ()-[r:INTERACTED]->() RETURN count(r) AS n, sum(r.count) AS m", {})
    assert counts == [{"n": 3_000, "m": 3_000}]
