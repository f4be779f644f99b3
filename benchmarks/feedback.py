"""How soon the next answer knows of an interaction: one written, then a recommendation, together.

python benchmarks/feedback.py [FOLDER] [--rounds 1000] -o benchmarks/feedback

On the tables of FOLDER, or on synthetic ones of 250,000 interactions, loaded and trained in a
Neo4j of its own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from generate import write_tables
from page import write

from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.events.record import record_events, record_interaction
from isthmus.graph.events.stream import EVENTS_A_BATCH
from isthmus.graph.ingest.load import ingest
from isthmus.graph.interests.find import encode_and_find
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.events import read_events
from isthmus.settings import Settings, load_settings
from isthmus.workflows.retrain import retrain

if TYPE_CHECKING:
    from isthmus.graph.ingest.dataset import Dataset

ROOT = Path(__file__).resolve().parents[1]
BAR = 30.0
"""Milliseconds that 95 of 100 writes with the recommendation after them may take at most."""
WARM_UP = 300
BATCHES = 10


def prepare(graph: Graph, dataset: Dataset, folder: Path, settings: Settings) -> None:
    """Everything that stands before the first answer."""
    ingest(graph, dataset, folder, settings)
    encode_and_find(graph, settings)
    retrain(graph, settings)


def round_trips(graph: Graph, dataset: Dataset, rounds: int, settings: Settings) -> dict[str, Any]:
    """Milliseconds of writes, of the answers after them, and of both; half likes, half dislikes."""
    rng = np.random.default_rng(7)
    users = dataset.interactions["user_id"].unique(maintain_order=True)
    items = dataset.items
    domains = items["domain"].unique(maintain_order=True).to_list()
    spent = np.zeros((WARM_UP + rounds, 2))
    for row in spent:
        user = users[int(rng.integers(len(users)))]
        item_id, domain = items.select("item_id", "domain").row(int(rng.integers(len(items))))
        asked = domains[int(rng.integers(len(domains)))]
        start = time.perf_counter()
        record_interaction(graph, user, domain, item_id, settings, float(rng.choice([1, -1])))
        middle = time.perf_counter()
        recommend(graph, user, asked, 10, settings)
        row[:] = middle - start, time.perf_counter() - middle
    measured = 1000 * np.column_stack([spent, spent.sum(axis=1)])[WARM_UP:]
    found: dict[str, Any] = {}
    for name, times in zip(("write", "answer", "both"), measured.T, strict=True):
        p50, p95 = np.percentile(times, [50, 95])
        found |= {f"{name} p50 ms": round(p50, 1), f"{name} p95 ms": round(p95, 1)}
    return found


def events_a_second(graph: Graph, dataset: Dataset, settings: Settings) -> int:
    """How fast a stream goes in when it waits for nothing."""
    rng = np.random.default_rng(8)
    users = dataset.interactions["user_id"].unique(maintain_order=True)
    items = dataset.items.select("item_id", "domain")
    start = time.perf_counter()
    for batch in range(BATCHES):
        lines = []
        for number in range(EVENTS_A_BATCH):
            item_id, domain = items.row(int(rng.integers(len(items))))
            row = {"user_id": users[int(rng.integers(len(users)))], "item_id": item_id}
            lines.append(json.dumps(row | {"domain": domain, "event_id": f"{batch} {number}"}))
        record_events(graph, read_events([line.encode() for line in lines]).frame, settings)
    return round(BATCHES * EVENTS_A_BATCH / (time.perf_counter() - start))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="a dataset")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "feedback")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, scratch(load_settings()) as settings:
        folder = options.folder or Path(made)
        if options.folder is None:
            write_tables(folder, scale=1)
        dataset = read_dataset(folder)
        with connect(settings) as graph:
            prepare(graph, dataset, folder, settings)
            row = {"interactions": len(dataset.interactions), "items": len(dataset.items)}
            row |= round_trips(graph, dataset, options.rounds, settings)
            row["events/s of a stream"] = events_a_second(graph, dataset, settings)
    held = "held" if row["both p95 ms"] <= BAR else "NOT held"
    print(
        write(
            options.out,
            "Feedback",
            [row],
            f"{options.rounds:,} interactions, each written and followed by a recommendation with "
            f"its paths. The bar, p95 of both at most {BAR:.0f} ms, is {held}.",
        )
    )


if __name__ == "__main__":
    main()
