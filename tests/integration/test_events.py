"""Live interactions are recorded in a real Neo4j, one at a time and from a stream."""

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
from isthmus.graph.events import record as record_module
from isthmus.graph.events.record import expire_event_ids, record_events, record_interaction
from isthmus.graph.ingest.load import ingest_dataset, update_popularity
from isthmus.graph.ingest.rows import find_items
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.events import read_events
from isthmus.settings import Settings
from tests.conftest import delete_all

ROOT = Path(__file__).resolve().parents[2]
ITEMS = [("books", f"b{k}") for k in range(6)] + [("films", f"f{k}") for k in range(6)]
# Transfer edges b0 to f1 and b2 to f3; item k is about interest k % 3, which has no edges.
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
# Without the number of live events, which a load has none of.
INTERACTED = (
    "MATCH (u:User)-[r:INTERACTED]->(i:Item) "
    "RETURN u.id AS user, i.key AS item, r {.*, live: null} AS r ORDER BY user, item"
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
    """Loads items with interests, and interactions from a table."""
    load_tables(graph, folder, settings, rows or [])
    graph.run(INTERESTS, {})


def load_tables(graph: Graph, folder: Path, settings: Settings, rows: list[Row]) -> None:
    """Loads items and interactions from tables."""
    (folder / "items.csv").write_text(
        "item_id,domain,title\n" + "".join(f"{item},{domain},{item}\n" for domain, item in ITEMS)
    )
    with (folder / "interactions.csv").open("w", newline="") as file:
        table = csv.DictWriter(
            file, ["user_id", "domain", "item_id", "weight", "timestamp", "kind"]
        )
        table.writeheader()
        table.writerows({name: row.get(name) for name in table.fieldnames} for row in rows)
    ingest_dataset(graph, read_dataset(folder), folder, settings)


def record(graph: Graph, rows: list[Row], settings: Settings) -> int:
    """Records events in order in one batch; returns how many changed the graph."""
    events = read_events([json.dumps(row).encode() for row in rows])
    assert events.rejected.is_empty()
    return record_events(graph, events.frame, settings).changed


def random_events(number: int, users: int) -> list[Row]:
    """Events in random order of time, with several per pair and no two at one instant."""
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


def approximate(rows: list[Row]) -> list[Row]:
    """Rows whose numbers compare with a tolerance."""
    return [json.loads(json.dumps(row, default=str), parse_float=_approximate) for row in rows]


def _approximate(text: str) -> Any:
    return pytest.approx(float(text), rel=1e-9, abs=1e-9)


def test_a_like_and_a_dislike_change_the_next_recommendation(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    graph.run(LEARNED, {})

    def recommended() -> list[str]:
        items = recommend_for_user(graph, "ana", "films", 6, server_settings)["items"]
        return [item["item_id"] for item in items]

    result = record_interaction(graph, "ana", "books", "b0", server_settings)
    assert result["recorded"]
    best = recommend_for_user(graph, "ana", "films", 6, server_settings)["items"][0]
    assert (best["item_id"], best["paths"][0]["from"]) == ("f1", "books:b0")
    record_interaction(graph, "ana", "books", "b2", server_settings, weight=3.0)
    assert recommended()[:2] == ["f3", "f1"]
    record_interaction(graph, "ana", "books", "b2", server_settings, weight=-1.0)
    assert (recommended()[0], recommended()[-1]) == ("f1", "f3")
    record_interaction(graph, "ana", "films", "f1", server_settings)
    assert "f1" not in recommended()
    # The like of another user makes an item popular, until that user dislikes it.
    record_interaction(graph, "bo", "films", "f5", server_settings)
    assert recommended()[0] == "f5"
    record_interaction(graph, "bo", "films", "f5", server_settings, weight=-1.0)
    popularity = {row["item"]: row["popularity"] for row in graph.run(POPULARITY, {})}
    assert popularity["films:f5"] == 0
    assert popularity["books:b0"] == popularity["films:f1"] == 1


def test_events_make_the_same_graph_as_loading_and_deriving_interests(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    newest = {"user_id": "z", "item_id": "b0", "timestamp": 1_790_000_000}
    others = [newest | {"domain": domain, "item_id": item} for domain, item in ITEMS[::6]]
    rows = random_events(150, users=5)
    load(graph, tmp_path, server_settings, others)
    derive_user_interests(graph, server_settings.half_life_days, 1)
    assert record(graph, rows[:1], server_settings) == 1
    assert record(graph, rows, server_settings) == len(rows) - 1
    live = {text: graph.run(text, {}) for text in (INTERACTED, POPULARITY, INTERESTED)}
    derive_user_interests(graph, server_settings.half_life_days, 1)
    assert approximate(live[INTERESTED]) == json.loads(
        json.dumps(graph.run(INTERESTED, {}), default=str)
    )
    delete_all(graph)
    load(graph, tmp_path, server_settings, [*others, *rows])
    assert live[INTERACTED] == graph.run(INTERACTED, {})
    update_popularity(graph, server_settings.half_life_days)
    loaded = graph.run(POPULARITY, {})
    assert [row["likes"] for row in live[POPULARITY]] == pytest.approx(
        [row["likes"] for row in loaded]
    )
    # Until it is scaled again, popularity has the order of the likes, and is at most 2.
    by_likes = sorted(live[POPULARITY], key=lambda row: (row["item"][:5], row["likes"]))
    for domain in ("books", "films"):
        values = [row["popularity"] for row in by_likes if row["item"].startswith(domain)]
        assert values == sorted(values)
        assert 0 <= values[0] < values[-1] <= 2


def test_an_event_without_an_id_that_is_not_newer_counts_as_recorded_as_in_a_load(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    rows = sorted(random_events(40, users=2), key=lambda row: row["timestamp"])
    for row in rows:
        del row["event_id"]
    load(graph, tmp_path, server_settings, rows[:20])
    assert record(graph, rows, server_settings) == 20
    assert record(graph, rows, server_settings) == 0
    live = graph.run(INTERACTED, {})
    delete_all(graph)
    load(graph, tmp_path, server_settings, rows)
    assert live == graph.run(INTERACTED, {})
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    assert live == graph.run(INTERACTED, {})


def test_an_event_id_that_is_sent_twice_counts_once(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    interaction = ("ana", "books", "b0", server_settings, 1.0, "e 1")
    assert record_interaction(graph, *interaction)["recorded"]
    before = graph.run(EVERYTHING, {})
    assert not record_interaction(graph, *interaction)["recorded"]
    same_id = {"user_id": "bo", "item_id": "f0", "weight": -2, "event_id": "e 1"}
    assert record(graph, [same_id, same_id], server_settings) == 0
    assert graph.run(EVERYTHING, {}) == before
    other_id = same_id | {"event_id": "e 2"}
    assert record(graph, [other_id, other_id], server_settings) == 1
    assert "e 1" not in str(graph.run("MATCH (e:Event) RETURN e.id AS id", {}))
    expire_event_ids(graph, days=1)
    assert graph.run("MATCH (e:Event) RETURN count(e) AS n", {})[0]["n"] == 2
    graph.run("MATCH (e:Event) SET e.at = e.at - duration({days: 2})", {})
    expire_event_ids(graph, days=1)
    assert graph.run("MATCH (e:Event) RETURN count(e) AS n", {})[0]["n"] == 0


def test_concurrent_writers_lose_no_event(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)

    def like(number: int) -> bool:
        event_id = str(number % 40)
        result = record_interaction(graph, "ana", "books", "b0", server_settings, event_id=event_id)
        return bool(result["recorded"])

    with ThreadPoolExecutor(4) as writers:
        assert sum(writers.map(like, range(80))) == 40
    rows = graph.run(INTERACTED, {})
    assert [row["r"]["count"] for row in rows] == [40]
    assert graph.run(POPULARITY, {})[0] == {"item": "books:b0", "likes": 1.0, "popularity": 1.0}
    assert [row["s"]["evidence"] for row in graph.run(INTERESTED, {})] == [1]


def test_concurrent_changes_between_like_and_dislike_keep_likes_exact(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)

    def write(seed: int) -> None:
        rng = Random(seed)
        for _ in range(10):
            items = rng.sample(ITEMS, 4)  # in a different order from other writers
            rows = [{"user_id": f"u{seed % 3}", "domain": d, "item_id": item} for d, item in items]
            record(graph, [row | {"weight": rng.choice((1, -1))} for row in rows], server_settings)

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(write, range(6)))
    live = graph.run(POPULARITY, {})
    update_popularity(graph, server_settings.half_life_days)
    recomputed = graph.run(POPULARITY, {})
    assert [row["likes"] for row in live] == pytest.approx([row["likes"] for row in recomputed])
    assert sum(row["r"]["count"] for row in graph.run(INTERACTED, {})) == 6 * 10 * 4


def test_a_load_waits_for_an_event_of_the_same_user_and_loses_no_event(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    row = {"user_id": "ana", "domain": "books", "item_id": "b0", "weight": 1.0, "timestamp": 1e9}
    load(graph, tmp_path, server_settings, [row])
    event = {"event": "e", "user_id": "ana", "key": "books:b0", "weight": 1.0, "kind": None}
    parameters = {"half_life_days": 365.0, "most": 20, "decimals": 6}
    with ThreadPoolExecutor(1) as pool, graph.driver.session(database="neo4j") as session:
        with session.begin_transaction() as writer:
            at = {"at": 1_100_000_000_000, "now": 1_100_000_000_000}
            writer.run(
                queries.load_statement("feedback/record").text, rows=[event | at], **parameters
            ).consume()
            newer = [row, row | {"timestamp": 1.2e9}]
            loading = pool.submit(load_tables, graph, tmp_path, server_settings, newer)
            time.sleep(2)
            assert not loading.done()
            writer.commit()
        loading.result()
    [interaction] = graph.run(INTERACTED, {})
    assert interaction["r"]["count"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ana", "books", "f0"), "the id exists in films"),
        (("ana", "books", "nothing"), "there is no such item"),
        (("a\nb", "books", "b0"), "user_id contains a control character"),
        (("ana", "books", "b0", float("nan")), "weight is not a finite number"),
    ],
)
def test_an_invalid_interaction_is_an_error_and_creates_no_user(
    graph: Graph,
    server_settings: Settings,
    tmp_path: Path,
    arguments: tuple[Any, ...],
    message: str,
) -> None:
    load(graph, tmp_path, server_settings)
    with pytest.raises(InputError, match=message):
        record_interaction(graph, *arguments[:3], server_settings, *arguments[3:])
    assert graph.run("MATCH (u:User) RETURN count(u) AS n", {})[0]["n"] == 0


@pytest.mark.parametrize("domain", ["books", None])
def test_a_batch_records_events_with_known_items_and_rejects_the_others(
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


def test_an_event_of_an_item_that_is_loaded_meanwhile_is_recorded(
    graph: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(graph, tmp_path, server_settings)

    def load_and_find(graph: Graph, item_ids: pl.Series) -> pl.DataFrame:
        graph.run("MERGE (:Item {key: 'books:new', item_id: 'new', domain: 'books'})", {})
        return find_items(graph, item_ids)

    monkeypatch.setattr(record_module, "find_items", load_and_find)
    rows = [{"user_id": "ana", "domain": "books", "item_id": item} for item in ("b0", "new")]
    events = read_events([json.dumps(row).encode() for row in rows]).frame
    recorded = record_events(graph, events, server_settings)
    assert (recorded.changed, recorded.rejected.height) == (2, 0)
    counts = "MATCH (:User {id: 'ana'})-[r:INTERACTED]->(i) RETURN i.item_id AS item, r.count AS n"
    assert {row["item"]: row["n"] for row in graph.run(counts, {})} == {"b0": 1, "new": 1}


def test_an_account_counts_as_its_user_and_every_event_without_a_timestamp_counts(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "accounts.csv").write_text("platform,account_id,user_id\nshop,77,ana\n")
    load(graph, tmp_path, server_settings)
    row = {"user_id": "77", "platform": "shop", "item_id": "b0"}
    assert record(graph, [row, row], server_settings) == 2
    interactions = graph.run(INTERACTED, {})
    assert [(row["user"], row["r"]["count"]) for row in interactions] == [("ana", 2)]
    assert interactions[0]["r"]["first_at"] < interactions[0]["r"]["last_at"]


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

    def read_acknowledgement(self) -> dict[str, int]:
        assert self.process.stdout is not None
        acknowledgement: dict[str, int] = json.loads(self.process.stdout.readline())
        return acknowledgement

    def wait_for(self, line: int) -> dict[str, int]:
        """Returns the first acknowledgement that includes a line."""
        acknowledgement = self.read_acknowledgement()
        while acknowledgement["line"] < line:
            acknowledgement = self.read_acknowledgement()
        return acknowledgement

    def finish(self) -> tuple[int, list[dict[str, int]]]:
        """Closes the input; returns the exit code and the remaining acknowledgements."""
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in err
        return self.process.returncode, [json.loads(line) for line in out.splitlines()]


def event(number: int) -> str:
    row = {"user_id": f"u{number}", "item_id": "b0", "event_id": f"e{number}"}
    return json.dumps(row)


def count_users(graph: Graph) -> int:
    return int(graph.run("MATCH (u:User)-[:INTERACTED]->() RETURN count(u) AS n", {})[0]["n"])


def test_a_stream_continues_after_invalid_lines_and_ends_with_its_input(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    stream.send(event(1), "no json", "", '{"user_id": "u2", "item_id": "nothing"}', event(3))
    assert stream.wait_for(5) == {"line": 5, "safe": 2, "rejected": 2}
    assert count_users(graph) == 2
    stream.send(event(1), event(4))
    assert stream.process.stdin is not None
    stream.process.stdin.write(event(5))
    code, acknowledgements = stream.finish()
    assert code == 0
    assert acknowledgements[-1] == {"line": 8, "safe": 5, "rejected": 2}
    assert count_users(graph) == 4
    rejected = [
        json.loads(line)
        for line in (server_settings.home / "rejected.jsonl").read_text().splitlines()
    ]
    assert [(row["file"], row["line"], row["column"]) for row in rejected] == [
        ("standard input", 2, None),
        ("standard input", 4, "item_id"),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_stream_commits_the_lines_it_read_and_exits_with_0(
    graph: Graph, server_settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    stream.send(*map(event, range(10)))
    stream.wait_for(10)
    stream.send(*map(event, range(10, 3_000)))
    first = stream.read_acknowledgement()
    stream.process.send_signal(number)
    code, acknowledgements = stream.finish()
    assert code == 0
    assert count_users(graph) == [first, *acknowledgements][-1]["safe"] > 10


def test_a_killed_stream_loses_no_acknowledged_event_and_repeated_events_count_once(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, tmp_path, server_settings)
    stream = Stream(server_settings.home)
    lines = [event(number) for number in range(3_000)]
    stream.send(*lines[:1_500])
    acknowledgement = stream.read_acknowledgement()
    stream.process.kill()
    stream.process.communicate()
    assert count_users(graph) >= acknowledgement["safe"] > 0
    stream = Stream(server_settings.home)
    stream.send(*lines[acknowledgement["line"] :])
    code, acknowledgements = stream.finish()
    assert code == 0
    assert acknowledgements[-1]["safe"] == len(lines) - acknowledgement["line"]
    counts = graph.run("MATCH ()-[r:INTERACTED]->() RETURN count(r) AS n, sum(r.count) AS m", {})
    assert counts == [{"n": 3_000, "m": 3_000}]
