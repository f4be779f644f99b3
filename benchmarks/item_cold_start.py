"""Item cold start: whether users who like items without interactions are found, as one page.

python benchmarks/item_cold_start.py ../shared/data/tables/food_kitchen [-o OUT]

One in ten items of a target domain is selected by a hash of its key, and all its interactions are
hidden. Edges are trained on the rest. The hidden items are then ranked among themselves for the
users who liked one of them, from their history in the source domains: Recall@50.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from shared.page import write

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import HistoryWeighting, InterestGraph, build_examples, hide_interactions
from isthmus.gnn.metrics import bootstrap_interval, expected_gains
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training import train_edges
from isthmus.graph.generations import build_snapshot
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
HIDDEN_ONE_IN = 10
LIST_LENGTH = 50
USER_BLOCK = 1000


def hidden_items(graph: InterestGraph, target: int) -> NDArray[np.bool_]:
    """Selects one in ten items of a domain by a hash of its key, (items,)."""
    digests = [hashlib.sha256(key.encode()).hexdigest()[:8] for key in graph.items.tolist()]
    selected = np.array([int(digest, 16) % HIDDEN_ONE_IN == 0 for digest in digests])
    return selected & (graph.item_domain == target)


def recalls(graph: InterestGraph, target: int, settings: Settings) -> dict[str, NDArray]:
    """Returns per-user Recall@50 on the hidden items of a domain by ranking method, (users,)."""
    hidden = hidden_items(graph, target)
    of_hidden_items = hidden[graph.interactions.indices]
    training_set, test_set = (
        hide_interactions(graph, interactions, half_life_days=settings.half_life_days)
        for interactions in (of_hidden_items, ~of_hidden_items)
    )
    learned = train_edges(training_set, TrainingConfig.from_settings(settings)).edges
    default = HistoryWeighting(settings.half_life_days, settings.history_limit)
    tuned = learned.merge[graph.domains[target]].history_weighting(settings.history_limit)
    all_users = np.arange(len(graph.users))
    examples = build_examples(training_set, target, all_users, tuned, default, label_graph=test_set)

    positions = np.flatnonzero(hidden[graph.items_of(target)])
    outside = graph.items_outside(target)
    vectors = graph.item_vectors[outside], graph.item_vectors[hidden]
    mean = graph.item_vectors.mean(axis=0)
    blocks: dict[str, list[NDArray]] = {}
    for start in range(0, len(examples), USER_BLOCK):
        rows = np.arange(start, min(start + USER_BLOCK, len(examples)))
        liked, history = (
            csr_array(examples.liked[rows][:, positions]),
            csr_array(examples.history[rows][:, outside]),
        )
        served = score_users(training_set, learned, target, examples.users[rows], default)
        scores_by_method = {
            "at random": np.zeros(liked.shape),
            "raw encoder": history @ vectors[0] @ vectors[1].T,
            "raw encoder, centred": history @ (vectors[0] - mean) @ (vectors[1] - mean).T,
            "edges as stored": served[:, positions],
        }
        likes = np.diff(liked.indptr)
        for method, scores in scores_by_method.items():
            gains = expected_gains(scores.astype(np.float32), liked, np.ones(LIST_LENGTH))
            blocks.setdefault(method, []).append(gains / likes)
    return {method: np.concatenate(parts) for method, parts in blocks.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "item_cold_start")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    graph = build_snapshot(read_dataset(options.dataset), settings)
    rows, table = [], ""
    for target, name in enumerate(graph.domains):
        recall_by_method = recalls(graph, target, settings)
        raw = recall_by_method["raw encoder"].mean()
        for method, values in recall_by_method.items():
            low, high = bootstrap_interval(values, settings.seed)
            rows.append(
                {
                    "target": name,
                    "users": len(values),
                    "ranked by": method,
                    "recall@50": f"{values.mean():.4f}",
                    "95 %": f"{low:.4f} to {high:.4f}",
                    "times raw": f"{values.mean() / raw:.2f}",
                }
            )
        title = f"Item cold start on {options.dataset.name}"
        table = write(options.out, title, rows)
    print(table)


if __name__ == "__main__":
    main()
