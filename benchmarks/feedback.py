"""Latency of an interaction and of a text: the time to write it, and of the answer that uses it.

python benchmarks/feedback.py [FOLDER] [--rounds 1000] [--texts 200] -o benchmarks/feedback

On the tables of FOLDER, or on 250,000 synthetic interactions, loaded and trained in a new Neo4j.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from shared.generate import write_tables
from shared.page import write

from isthmus.graph.database import Graph, connect
from isthmus.graph.events import record_text
from isthmus.graph.events.record import record_events, record_interaction
from isthmus.graph.events.stream import BATCH_EVENTS
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.interests import active_encoder, encode_and_find_interests
from isthmus.graph.server import scratch
from isthmus.graph.serving import recommend_for_user
from isthmus.graph.sources import read_dataset, read_events
from isthmus.settings import Settings, load_settings
from isthmus.workflows.retrain import retrain

if TYPE_CHECKING:
    from isthmus.graph.ingest import Dataset

ROOT = Path(__file__).resolve().parents[1]
MAX_P95_MS = 30.0
"""Maximum 95th percentile of a write and the recommendation after it, in milliseconds."""
MAX_TEXT_P95_MS = 150.0
"""Maximum 95th percentile of recording a text with the encoder loaded, in milliseconds."""
WARM_UP_ROUNDS = 300
WARM_UP_TEXTS = 20
BATCHES = 10


def prepare(graph: Graph, dataset: Dataset, folder: Path, settings: Settings) -> None:
    """Loads, encodes and trains, so that recommendations can be served."""
    ingest_dataset(graph, dataset, folder, settings)
    encode_and_find_interests(graph, settings)
    retrain(graph, settings)


def measure_latency(
    graph: Graph, dataset: Dataset, rounds: int, settings: Settings
) -> dict[str, Any]:
    """Measures writes of likes and dislikes, the recommendations after them, and both together.

    Returns:
        Percentiles in milliseconds.
    """
    rng = np.random.default_rng(7)
    users = dataset.interactions["user_id"].unique(maintain_order=True)
    items = dataset.items
    domains = items["domain"].unique(maintain_order=True).to_list()
    seconds = np.zeros((WARM_UP_ROUNDS + rounds, 2))
    for row in seconds:
        user = users[int(rng.integers(len(users)))]
        item_id, domain = items.select("item_id", "domain").row(int(rng.integers(len(items))))
        target_domain = domains[int(rng.integers(len(domains)))]
        start = time.perf_counter()
        record_interaction(graph, user, domain, item_id, settings, float(rng.choice([1, -1])))
        written = time.perf_counter()
        recommend_for_user(graph, user, target_domain, 10, settings)
        row[:] = written - start, time.perf_counter() - written
    milliseconds = 1000 * np.column_stack([seconds, seconds.sum(axis=1)])[WARM_UP_ROUNDS:]
    percentiles: dict[str, Any] = {}
    for name, times in zip(("write", "answer", "both"), milliseconds.T, strict=True):
        p50, p95 = np.percentile(times, [50, 95])
        percentiles |= {f"{name} p50 ms": round(p50, 1), f"{name} p95 ms": round(p95, 1)}
    return percentiles


def measure_texts(graph: Graph, dataset: Dataset, texts: int, settings: Settings) -> dict[str, Any]:
    """Measures the recording of texts about titles, with the encoder loaded.

    Returns:
        Percentiles in milliseconds.
    """
    rng = np.random.default_rng(9)
    users = dataset.interactions["user_id"].unique(maintain_order=True)
    titles = dataset.items["title"]
    encoder = active_encoder(graph, settings)
    seconds = np.zeros(WARM_UP_TEXTS + texts)
    for k in range(len(seconds)):
        user = users[int(rng.integers(len(users)))]
        text = f"I liked {titles[int(rng.integers(len(titles)))]}, and want more of this kind."
        start = time.perf_counter()
        record_text(graph, encoder, user, text, settings)
        seconds[k] = time.perf_counter() - start
    p50, p95 = np.percentile(1000 * seconds[WARM_UP_TEXTS:], [50, 95])
    return {"text p50 ms": round(p50, 1), "text p95 ms": round(p95, 1)}


def events_per_second(graph: Graph, dataset: Dataset, settings: Settings) -> int:
    """Measures the throughput of full batches of events."""
    rng = np.random.default_rng(8)
    users = dataset.interactions["user_id"].unique(maintain_order=True)
    items = dataset.items.select("item_id", "domain")
    start = time.perf_counter()
    for batch in range(BATCHES):
        lines = []
        for number in range(BATCH_EVENTS):
            item_id, domain = items.row(int(rng.integers(len(items))))
            row = {"user_id": users[int(rng.integers(len(users)))], "item_id": item_id}
            lines.append(json.dumps(row | {"domain": domain, "event_id": f"{batch} {number}"}))
        record_events(graph, read_events([line.encode() for line in lines]).frame, settings)
    return round(BATCHES * BATCH_EVENTS / (time.perf_counter() - start))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="tables (default: synthetic ones)")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "feedback")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch(load_settings()) as settings:
        folder = options.folder or Path(name)
        if options.folder is None:
            write_tables(folder, scale=1)
        dataset = read_dataset(folder)
        with connect(settings) as graph:
            prepare(graph, dataset, folder, settings)
            row = {"interactions": len(dataset.interactions), "items": len(dataset.items)}
            row |= measure_latency(graph, dataset, options.rounds, settings)
            row |= measure_texts(graph, dataset, options.texts, settings)
            row["events/s of a stream"] = events_per_second(graph, dataset, settings)
    verdict = "met" if row["both p95 ms"] <= MAX_P95_MS else "NOT met"
    text_verdict = "met" if row["text p95 ms"] <= MAX_TEXT_P95_MS else "NOT met"
    print(
        write(
            options.out,
            "Feedback",
            [row],
            f"{options.rounds:,} interactions, each written and followed by a recommendation with "
            f"its paths. The limit of {MAX_P95_MS:.0f} ms for the p95 of both is {verdict}.",
            f"{options.texts:,} texts, each embedded, linked and counted. The limit of "
            f"{MAX_TEXT_P95_MS:.0f} ms for their p95 is {text_verdict}.",
        )
    )


if __name__ == "__main__":
    main()
