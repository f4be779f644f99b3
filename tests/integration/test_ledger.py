"""The checks of the soak and contention benchmarks find violations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from isthmus.graph.database.connection import Graph
from isthmus.graph.events.record import record_interaction
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
GENERATION = """
CREATE (:Encoder {version: 1, state: 'active'})
CREATE (:Generation {number: 3, state: 'active', edges: 1, encoder_version: 1, metrics: '{}',
                     created_at: datetime()})
CREATE (:Interest {id: 'tea', version: 1})
WITH 3 AS number
MATCH (i:Item {key: 'books:b0'}), (j:Item {key: 'films:f0'})
CREATE (i)-[:TRANSFERS_TO {generation: number, weight: 1.0}]->(j)
"""


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with monkeypatch.context() as patched:
        patched.syspath_prepend(ROOT / "benchmarks")
        from shared import ledger

        yield ledger


@pytest.fixture
def loaded(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    (tmp_path / "items.csv").write_text("item_id,domain,title\nb0,books,One\nf0,films,Two\n")
    (tmp_path / "interactions.csv").write_text("user_id,item_id\n")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    graph.run(GENERATION, {})
    return graph


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("MATCH ()-[r:INTERACTED]->() SET r.count = r.count - 1", "1 interactions are lost"),
        ("MATCH ()-[r:INTERACTED]->() SET r.count = r.count + 2", "1 interactions were never sent"),
        ("MATCH (u:User) DETACH DELETE u", "2 interactions are lost"),
        ("MATCH (e:Event) DETACH DELETE e", "2 acknowledged event ids are lost"),
    ],
)
def test_the_ledger_finds_lost_events_and_events_that_count_twice(
    loaded: Graph, server_settings: Settings, ledger: ModuleType, damage: str, message: str
) -> None:
    book = ledger.Ledger()
    events = [ledger.Event("ana", "books:b0", f"e{k}") for k in range(3)]
    book.send(events)
    for event in events[:2]:
        record_interaction(loaded, "ana", "books", "b0", server_settings, event_id=event.event_id)
    book.acknowledge(events[:2])
    book.check(loaded)
    assert book.count_stored(loaded, events[2:]) == 0
    loaded.run(damage, {})
    with pytest.raises(ledger.Violation, match=message):
        book.check(loaded)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("MATCH (g:Generation) SET g.state = 'retired'", r"\[\] are active"),
        (
            "CREATE (:Generation {number: 4, state: 'active', metrics: '{}'})",
            r"\[4, 3\] are active",
        ),
        ("MATCH ()-[e:TRANSFERS_TO]->() DELETE e", "has 0 of 1 edges"),
        ("MATCH ()-[e:TRANSFERS_TO]->() SET e.generation = 2", "has 0 of 1 edges"),
        ("CREATE (:Item)-[:CO_LIKED {generation: 2}]->(:Item)", "that do not exist: {2: 1}"),
        ("MATCH (g:Generation) SET g.encoder_version = 2", "with vectors of version 1"),
        ("CREATE (:Generation {number: 4, state: 'deleting', metrics: '{}'})", "did not delete"),
    ],
)
def test_an_incomplete_generation_is_found(
    loaded: Graph, ledger: ModuleType, damage: str, message: str
) -> None:
    assert ledger.check_generations(loaded, 3, cleared=True) == 3
    loaded.run(damage, {})
    with pytest.raises(ledger.Violation, match=message):
        ledger.check_generations(loaded, 3, cleared=True)


def test_wrong_likes_popularity_and_interests_are_found(
    loaded: Graph, server_settings: Settings, ledger: ModuleType
) -> None:
    loaded.run("MATCH (i:Item), (n:Interest) CREATE (i)-[:ABOUT {weight: 0.5}]->(n)", {})
    record_interaction(loaded, "ana", "books", "b0", server_settings)
    ledger.check_likes(loaded, server_settings, scaled=True)
    ledger.check_interests(loaded, server_settings)
    loaded.run("MATCH ()-[s:INTERESTED_IN]->() SET s.weight = s.weight + 0.01", {})
    with pytest.raises(ledger.Violation, match="1 interests differ from a new derivation"):
        ledger.check_interests(loaded, server_settings)
    loaded.run("MATCH (i:Item {item_id: 'b0'}) SET i.popularity = 0.5", {})
    ledger.check_likes(loaded, server_settings, scaled=False)
    with pytest.raises(ledger.Violation, match="popularity of 1 items differ from a recount"):
        ledger.check_likes(loaded, server_settings, scaled=True)
    loaded.run("MATCH (i:Item {item_id: 'b0'}) SET i.likes = 0.0", {})
    with pytest.raises(ledger.Violation, match="likes of 1 items"):
        ledger.check_likes(loaded, server_settings, scaled=False)
