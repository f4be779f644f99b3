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
