"""An event that is taken back leaves the graph as if it had never been recorded."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from isthmus.errors import InputError
from isthmus.graph.database.connection import Graph
from isthmus.graph.events import record_interaction, undo_event
from isthmus.graph.ingest.load import update_popularity
from isthmus.graph.ingest.schema import MAX_WEIGHT
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.scripts.feedback import command
from isthmus.settings import Settings
from tests.conftest import delete_all
from tests.integration.test_events import (
    INTERACTED,
    INTERESTED,
    ITEMS,
    LEARNED,
    POPULARITY,
    approximate,
    load,
    random_events,
    record,
)


def state(graph: Graph, settings: Settings) -> list[list[dict[str, Any]]]:
    """What is known of users and items; interests are derived, as after an undo."""
    derive_user_interests(graph, settings.half_life_days, 1)
    return [graph.run(statement, {}) for statement in (INTERACTED, INTERESTED, POPULARITY)]


def begin(graph: Graph, folder: Path, settings: Settings) -> None:
    delete_all(graph)
    rows = [
        {"user_id": f"u{k}", "domain": "books", "item_id": f"b{k % 3}", "timestamp": 1_750_000_000}
        for k in range(4)
    ]
    load(graph, folder, settings, rows)
    graph.run(LEARNED, {})


@pytest.mark.parametrize("taken", [(5,), (0, 39), (20, 3, 21, 4)])
def test_taking_events_back_is_the_same_as_never_recording_them(
    taken: tuple[int, ...], graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    events = random_events(40, users=3)
    begin(graph, tmp_path, server_settings)
    record(graph, [row for k, row in enumerate(events) if k not in taken], server_settings)
    expected = state(graph, server_settings)
    begin(graph, tmp_path, server_settings)
    record(graph, events, server_settings)
    for k in taken:
        assert undo_event(graph, f"e{k}", server_settings)["undone"]
    found = state(graph, server_settings)
    for rows, right in zip(found, expected, strict=True):
        assert json.loads(json.dumps(rows, default=str)) == approximate(right)


def test_an_undone_event_is_not_undone_or_recorded_again(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    begin(graph, tmp_path, server_settings)
    before = state(graph, server_settings)
    for _ in range(3):
        record_interaction(graph, "u1", "films", "f1", server_settings, 1.0, "once")
    undo = ["--undo", "once", "--home", str(server_settings.home), "--json"]
    documents = [
        json.loads(CliRunner().invoke(command, undo, catch_exceptions=False).stdout)
        for _ in range(2)
    ]
    assert [document["undone"] for document in documents] == [True, False]
    assert documents[0] | {"item": "films:f1"} == documents[0]
    assert not record_interaction(graph, "u1", "films", "f1", server_settings, 1.0, "once")[
        "recorded"
    ]
    assert state(graph, server_settings) == before
    with pytest.raises(InputError, match="no event 'other'"):
        undo_event(graph, "other", server_settings)


def test_no_number_in_the_graph_is_infinite_or_none(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    """Also where the newest event is a dislike, so that all likes have faded to nothing."""
    rng = Random(3)
    weights = [MAX_WEIGHT, -MAX_WEIGHT, 5e-324, -5e-324, 0.0, 1e-300, 1.0, -1.0]
    times = [0, 1, 253_402_300, 1_790_000_000, "1970-01-01", "0001-01-01", None]
    rows = [
        {
            "user_id": f"u{rng.randrange(5)}",
            "domain": domain,
            "item_id": item,
            "weight": rng.choice(weights),
            "timestamp": rng.choice(times[:-2]),
            "event_id": f"e{k}",
        }
        for k, (domain, item) in enumerate(rng.choices(ITEMS, k=400))
    ]
    settings = server_settings.model_copy(update={"half_life_days": 1e-3})
    load(graph, tmp_path, settings, rows[:200])
    graph.run(LEARNED, {})
    last = {"user_id": "u1", "domain": "books", "item_id": "b1", "weight": -1.0}
    record(graph, [*rows[200:], last], settings)
    update_popularity(graph, settings.half_life_days)
    record(graph, [{**row, "event_id": f"again {row['event_id']}"} for row in rows[:50]], settings)
    for k in range(200, 230):
        undo_event(graph, f"e{k}", settings)
    derive_user_interests(graph, settings.half_life_days, 1)
    assert graph.read("admin/not_finite") == []
    popularity = [row["popularity"] for row in graph.run(POPULARITY, {})]
    assert all(math.isfinite(value) and value >= 0 for value in popularity)
    assert graph.run("RETURN 0.0 / 0.0 AS x", {})  # the server does make such numbers
