"""Popularity decays by the half-life of the generation that answers, on a real Neo4j."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnn.data import NO_EDGES, LearnedEdges, MergeWeights
from graph.connection import Graph
from graph.feedback import record_interaction
from graph.ingest import follow_generation, ingest, update_popularity
from graph.publish import publish, roll_back
from graph.snapshot import snapshot
from graph.sources import read_dataset
from isthmus.settings import Settings

DAY = 86_400
MERGE = MergeWeights(1.0, 1.0, 1.0, 1.0)


@pytest.fixture
def dated(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    """One item was liked by many ten years ago, another by one person since."""
    (tmp_path / "items.csv").write_text("item_id,domain\nold,films\nnew,films\n")
    likes = [f"u{k},old,films,{1_400_000_000 + k * DAY}" for k in range(20)]
    likes.append(f"u0,new,films,{1_400_000_000 + 3650 * DAY}")
    rows = "\n".join(["user_id,item_id,domain,timestamp", *likes])
    (tmp_path / "interactions.csv").write_text(rows)
    ingest(graph, read_dataset(tmp_path), tmp_path, server_settings)
    return graph


def learned_with(graph: Graph, half_life_days: float) -> int:
    merge = replace(MERGE, popularity_half_life_days=half_life_days)
    learned = LearnedEdges(NO_EDGES, NO_EDGES, NO_EDGES, {"films": merge})
    return publish(graph, snapshot(graph), learned, "", {})


def counted_as(graph: Graph, half_life_days: float) -> None:
    """Compares likes and popularity in the graph with what its arrays say."""
    rows = graph.run("MATCH (i:Item) RETURN i.key AS item, i.likes AS n, i.popularity AS p", {})
    data = snapshot(graph)
    place = {key: k for k, key in enumerate(data.items.tolist())}
    assert len(rows) == len(place) == 2
    likes, popularity = data.likes(half_life_days), data.popularity(half_life_days)
    for row in rows:
        assert row["n"] == pytest.approx(likes[place[row["item"]]])
        assert row["p"] == pytest.approx(popularity[place[row["item"]]])


def test_popularity_follows_the_generation_that_answers(
    dated: Graph, server_settings: Settings
) -> None:
    counted_as(dated, server_settings.half_life_days)
    first = learned_with(dated, server_settings.half_life_days)
    second = learned_with(dated, 36_500)
    counted_as(dated, server_settings.half_life_days)  # until it is counted anew
    follow_generation(dated, server_settings.half_life_days)
    counted_as(dated, 36_500)
    assert np.argmax(snapshot(dated).popularity(36_500)) != np.argmax(
        snapshot(dated).popularity(server_settings.half_life_days)
    )
    roll_back(dated, first, server_settings.half_life_days)
    counted_as(dated, server_settings.half_life_days)
    roll_back(dated, second, server_settings.half_life_days)
    update_popularity(dated, server_settings.half_life_days)
    counted_as(dated, 36_500)


def test_what_somebody_takes_back_leaves_what_it_counted(
    dated: Graph, server_settings: Settings
) -> None:
    learned_with(dated, 3650)
    follow_generation(dated, server_settings.half_life_days)
    text = "MATCH (i:Item {key: 'films:old'}) RETURN i.likes AS likes"
    before = dated.run(text, {})[0]["likes"]
    record_interaction(dated, "u3", "films", "old", server_settings, weight=-1.0, event_id="e")
    # It was 3,647 days old when the newest like of the domain came.
    assert before - dated.run(text, {})[0]["likes"] == pytest.approx(0.5 ** (3647 / 3650))
