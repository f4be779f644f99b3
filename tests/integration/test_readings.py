"""What was understood of a dataset is kept with it, and said when a later load differs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from isthmus.graph.database import Graph
from isthmus.graph.ingest import ingest_dataset, remembered_weights
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

ITEMS = "item_id,domain,title\n1,films,Solaris\n2,films,Stalker\n"


def write(folder: Path, rows: str) -> Path:
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "interactions.csv").write_text(rows, "utf-8")
    return folder


def test_readings_are_stored_and_a_later_load_that_differs_says_so(
    graph: Graph, server_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write(tmp_path, "user_id,item_id,stars\nu,1,1\nu,2,4\nv,1,5\n")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    row = graph.read("ingest/known_readings", path=str(folder))[0]
    assert json.loads(row["readings"])["interactions"]["weight"] == {
        "source": "stars",
        "form": {"scale": "ratings", "top": 5.0},
    }
    assert remembered_weights(graph, folder) is None
    caplog.clear()
    with caplog.at_level(logging.WARNING, "isthmus"):
        ingest_dataset(graph, read_dataset(folder, "counts"), folder, server_settings)
    assert "the last load of this folder read it as scale ratings, top 5.0" in caplog.text
    assert remembered_weights(graph, folder) == "counts"


def test_a_corrected_table_changes_the_weights_of_the_same_events(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    header = "user_id,item_id,weight,timestamp,kind\n"
    dated, undated = "u,1,{},2024-05-01,{}\n", "u,2,{},,{}\n"
    weights = "MATCH (:User)-[r:INTERACTED]->(i) RETURN r.weight AS w, r.kind AS k ORDER BY i.key"

    def load(first: tuple[float, str], second: tuple[float, str]) -> list[tuple[float, str]]:
        folder = write(tmp_path, header + dated.format(*first) + undated.format(*second))
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
        return [(row["w"], row["k"]) for row in graph.run(weights, {})]

    assert load((1, "view"), (1, "view")) == [(1, "view"), (1, "view")]
    assert load((-1, "view"), (0.5, "rating")) == [(-1, "view"), (0.5, "rating")]
    assert load((-1, "buy"), (0.5, "rating")) == [(-1, "buy"), (0.5, "rating")]
    # What happened later than the table says is not undone by it.
    later = header + "u,1,1,2024-06-01,buy\n"
    ingest_dataset(graph, read_dataset(write(tmp_path, later)), tmp_path, server_settings)
    assert load((-1, "buy"), (0.5, "rating")) == [(1, "buy"), (0.5, "rating")]
    assert graph.run("MATCH ()-[r:INTERACTED]->() RETURN sum(r.count) AS n", {})[0]["n"] == 3
