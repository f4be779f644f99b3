"""The examples on a real Neo4j: a stream that is killed and resumed, a client of the service."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from starlette.testclient import TestClient

from isthmus.graph.server.lifecycle import find
from isthmus.service import Connection, build_app
from tests.integration.served_graph import load_served_graph

if TYPE_CHECKING:
    from isthmus.graph.database.connection import Graph
    from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0123456789abcdef"
BOOKS = ("b/1", "b:2 🚀", "b 3")
SENT = 1200
START = 1_700_000_000_000


@pytest.fixture
def served(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    folder = tmp_path / "tables"
    folder.mkdir()
    return load_served_graph(graph, server_settings, folder, encoded=False)


@pytest.fixture
def on_path(
    served: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples can be imported, and find isthmus and the graph, with a home of their own."""
    record = find(server_settings)
    assert record is not None
    command = tmp_path / "bin" / "isthmus"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m isthmus.scripts.main "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEO4J_URI", record.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", record.password_file.read_text().strip())
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


class Topic:
    """A topic of two partitions, with the offsets that one group of consumers committed."""

    def __init__(self, values: list[bytes | None]) -> None:
        self.partitions = {("clicks", 0): values[::2], ("clicks", 1): values[1::2]}
        self.committed = dict.fromkeys(self.partitions, 0)

    def read(self, example: ModuleType) -> Iterator[Any]:
        """Yields what is not committed, from both partitions in turn."""
        start = dict(self.committed)
        for step in range(SENT):
            for partition, values in self.partitions.items():
                if (offset := start[partition] + step) < len(values):
                    yield example.Message(partition, offset, START + offset, values[offset])

    def commit(self, offsets: dict[tuple[str, int], int]) -> None:
        assert all(offset > self.committed[each] for each, offset in offsets.items())
        self.committed.update(offsets)


def children() -> list[psutil.Process]:
    """The running followers; what has ended and was not waited for has no command line."""
    running = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "--follow" in process.cmdline():
                running.append(process)
    return running


@pytest.mark.usefixtures("on_path")
def test_a_stream_that_is_killed_and_resumed_loses_and_doubles_nothing(
    served: Graph, tmp_path: Path
) -> None:
    example = importlib.import_module("follow_topic")
    events = [{"user_id": f"reader {k % 7}", "item_id": BOOKS[k % 3]} for k in range(SENT)]
    values: list[bytes | None] = [json.dumps(event).encode() for event in events]
    values[10], values[20], values[30] = b"{no\njson", None, b'{"user_id": "x", "item_id": "?"}'
    expected = Counter(
        (event["user_id"], event["item_id"])
        for k, event in enumerate(events)
        if k not in (10, 20, 30)
    )
    topic = Topic(values)

    def until_isthmus_is_killed() -> Iterator[Any]:
        for number, message in enumerate(topic.read(example)):
            if number == 500:
                while not any(topic.committed.values()):
                    time.sleep(0.02)
                    yield None
                for process in children():
                    with suppress(psutil.NoSuchProcess):  # its parent was killed just now
                        process.kill()
            yield message
        while True:  # until the sender finds that nobody reads
            yield None

    with pytest.raises(example.StreamBroken, match="not safe"):
        example.follow(until_isthmus_is_killed(), topic.commit)
    after_first = sum(topic.committed.values())
    assert 0 < after_first < SENT

    def until_the_sender_fails() -> Iterator[Any]:
        for number, message in enumerate(topic.read(example)):
            yield message
            if number == 300:
                raise ConnectionError("the broker is gone")

    with pytest.raises(ConnectionError):
        example.follow(until_the_sender_fails(), lambda _: None)  # nothing of it is committed
    assert children() == []
    assert sum(topic.committed.values()) == after_first

    assert example.follow(topic.read(example), topic.commit) == SENT - after_first
    assert topic.committed == {("clicks", 0): SENT // 2, ("clicks", 1): SENT // 2}
    rows = served.run(
        "MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE u.id STARTS WITH 'reader ' "
        "RETURN u.id AS user, i.item_id AS item, r.count AS count, r.last_at.epochMillis AS last",
        {},
    )
    # The broker's time, since the events have none.
    assert max(row["last"] for row in rows) == START + SENT // 2 - 1
    assert {(row["user"], row["item"]): row["count"] for row in rows} == dict(expected)
    rejected = (tmp_path / "home" / "rejected.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["reason"] for line in rejected}) == 2


@pytest.mark.usefixtures("on_path")
def test_a_client_of_the_service_gets_reasons_and_its_like_counts_once(
    server_settings: Settings,
) -> None:
    example = importlib.import_module("ask_service")
    connection = Connection(server_settings)
    connection.open()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(build_app(connection, [TOKEN], 1e6), headers=headers) as http:
        body = {"user": "ana", "domain": "films", "n": 1, "reasons": True}
        (item,) = example.ask(http, "/v1/recommend", body)["items"]
        assert item["title"] == "Starships beyond the sun"
        assert item["reasons"] == [
            "Because you liked “星际飞船 Starships of Orion” in books (science fiction)."
        ]
        like = {"user": "ana", "domain": "films", "item": "f1", "event_id": "click 1"}
        assert [example.ask(http, "/v1/feedback", like)["recorded"] for _ in range(2)] == [
            True,
            False,
        ]
        with pytest.raises(SystemExit, match=r"There is no user 'anna'\..*'ana'"):
            example.ask(http, "/v1/recommend", body | {"user": "anna"})


def test_the_client_waits_as_long_as_the_service_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    example = importlib.import_module("ask_service")
    waits: list[float] = []
    monkeypatch.setattr(example.time, "sleep", waits.append)
    busy = httpx.Response(429, headers={"Retry-After": "1"})
    away = httpx.Response(503, headers={"Retry-After": "5"})
    answers = iter([busy, away, httpx.Response(200, json={"items": []})])
    transport = httpx.MockTransport(lambda request: next(answers))
    with httpx.Client(transport=transport, base_url="http://service") as http:
        assert example.ask(http, "/v1/recommend", {}) == {"items": []}
    assert waits == [1.0, 5.0]
