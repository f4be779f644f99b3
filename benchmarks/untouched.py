"""Whether items that nobody has touched find those who will like them, as one page.

python benchmarks/untouched.py ../shared/data/tables/food_kitchen [-o OUT]

One in ten items of a domain, by a hash of its key, is hidden: all that anybody did with it. Edges
are learned from the rest. Then the hidden items are ranked among themselves for those who liked one
of them, by what these did in the other domains: Recall@50.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from page import write
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import across
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import without
from isthmus.gnn.metrics import expected_gains, interval
from isthmus.gnn.scoring import served_scores
from isthmus.gnn.training.train import train
from isthmus.graph.generations.dataset_snapshot import snapshot_of_tables
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
ONE_IN = 10
LISTED = 50
USERS_AT_ONCE = 1000


def hidden_items(graph: InterestGraph, target: int) -> NDArray[np.bool_]:
    """One in ten items of a domain, by a hash of its key, (items,)."""
    digests = [hashlib.sha256(key.encode()).hexdigest()[:8] for key in graph.items.tolist()]
    drawn = np.array([int(digest, 16) % ONE_IN == 0 for digest in digests])
    return drawn & (graph.item_domain == target)


def recalls(graph: InterestGraph, target: int, settings: Settings) -> dict[str, NDArray]:
    """Recall@50 of each user by each way to rank the hidden items of a domain, (users,)."""
    hidden = hidden_items(graph, target)
    gone = hidden[graph.interactions.indices]
    known, answers = (
        without(graph, left_out, half_life_days=settings.half_life_days)
        for left_out in (gone, ~gone)
    )
    learned = train(known, TrainingConfig.from_settings(settings)).edges
    plain = Reading(settings.half_life_days, settings.history_limit)
    reading = learned.merge[graph.domains[target]].reading(settings.history_limit)
    everybody = np.arange(len(graph.users))
    exam = across(known, target, everybody, reading, plain, answers=answers)

    places = np.flatnonzero(hidden[graph.items_of(target)])
    vectors = graph.item_vectors[graph.items_outside(target)], graph.item_vectors[hidden]
    mean = graph.item_vectors.mean(axis=0)
    found: dict[str, list[NDArray]] = {}
    for start in range(0, len(exam), USERS_AT_ONCE):
        rows = np.arange(start, min(start + USERS_AT_ONCE, len(exam)))
        liked, history = csr_array(exam.liked[rows][:, places]), csr_array(exam.outside()[rows])
        stored = served_scores(known, learned, target, exam.users[rows], plain)
        scores = {
            "at random": np.zeros(liked.shape),
            "raw encoder": history @ vectors[0] @ vectors[1].T,
            "raw encoder, centred": history @ (vectors[0] - mean) @ (vectors[1] - mean).T,
            "edges as stored": stored[:, places],
        }
        wanted = np.diff(liked.indptr)
        for name, one in scores.items():
            gains = expected_gains(one.astype(np.float32), liked, np.ones(LISTED))
            found.setdefault(name, []).append(gains / wanted)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "untouched")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    graph = snapshot_of_tables(read_dataset(options.dataset), settings)
    rows, table = [], ""
    for target, name in enumerate(graph.domains):
        found = recalls(graph, target, settings)
        raw = found["raw encoder"].mean()
        for way, values in found.items():
            low, high = interval(values, settings.seed)
            rows.append(
                {
                    "target": name,
                    "users": len(values),
                    "ranked by": way,
                    "recall@50": f"{values.mean():.4f}",
                    "95 %": f"{low:.4f} to {high:.4f}",
                    "times raw": f"{values.mean() / raw:.2f}",
                }
            )
        title = f"Items of {options.dataset.name} that nobody has touched"
        table = write(options.out, title, rows)
    print(table)


if __name__ == "__main__":
    main()
