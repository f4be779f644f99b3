"""Time and memory of a training as the same items are cut into more domains.

python benchmarks/domains.py [--domains 2 8 32] [--items 50000] [--users 12500] -o PAGE

Users have tastes across all items, whose titles are vectors around the taste's. The domain of an
item is its number modulo the number of domains, so that items, users and interactions are the same
in each row. Each training has a process of its own.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import resource
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from shared.generate import TASTES, interactions
from shared.page import write

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import InterestGraph
from isthmus.gnn.training import train_edges

ROOT = Path(__file__).resolve().parents[1]
DIMENSIONS = 384
ITEMS_PER_SCALE = 3_124
EXPLANATION = (
    "Seconds and peak memory of the training alone, without reading the graph and writing the "
    "edges; ratio is that of seconds to the first row. The limit is 1.5."
)


def build_graph(
    domain_count: int, item_count: int, user_count: int, seed: int = 7
) -> InterestGraph:
    """Builds a graph of some domains, with the same items and interactions for any number."""
    rng = np.random.default_rng(seed)
    scale = -(-item_count // ITEMS_PER_SCALE)
    user, item = interactions(scale, seed)
    chosen = (user < user_count) & (item < item_count)
    user, item = user[chosen], item[chosen]
    centres = rng.normal(size=(TASTES, DIMENSIONS))
    vectors = centres[np.arange(item_count) // 2 % TASTES]
    vectors = vectors + 2 * rng.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = rng.choice([-0.6, 0.2, 0.6, 1.0], len(user)).astype(np.float32)
    shape = (user_count, item_count)
    matrix = csr_array((weights, (user, item)), shape=shape)
    matrix.sort_indices()
    domains = tuple(f"domain {number:02}" for number in range(domain_count))
    item_domain = np.arange(item_count) % domain_count
    return InterestGraph(
        users=np.array([f"u{number}" for number in range(user_count)]),
        items=np.array(
            [f"{domains[number % domain_count]}:{number}" for number in range(item_count)]
        ),
        domains=domains,
        item_domain=item_domain.astype(np.int32),
        item_vectors=vectors.astype(np.float32),
        interactions=matrix,
        last_at=1.7e9 + rng.integers(0, 365 * 86_400, matrix.nnz).astype(np.float64),
        interests=np.zeros(0, dtype=str),
        interest_vectors=np.zeros((0, DIMENSIONS), np.float32),
        item_interests=csr_array((item_count, 0), dtype=np.float32),
        user_interests=csr_array((user_count, 0), dtype=np.float32),
        written_interests=csr_array((user_count, 0), dtype=np.float32),
    )


def train(domain_count: int, item_count: int, user_count: int) -> dict[str, float]:
    """Trains in this process; returns the row of the page."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    graph = build_graph(domain_count, item_count, user_count)
    start = time.monotonic()
    result = train_edges(graph, TrainingConfig())
    seconds = time.monotonic() - start
    cold = [v for k, v in result.edges.metrics.items() if k.endswith("cold ndcg@10")]
    return {
        "domains": domain_count,
        "items": item_count,
        "users": user_count,
        "interactions": graph.interactions.nnz,
        "edges": len(result.edges.transfer),
        "seconds": round(seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "validation": round(sum(cold) / max(len(cold), 1), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--domains", nargs="+", type=int, default=[2, 8, 32])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--users", type=int, default=12_500)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "domains")
    options = parser.parse_args()
    rows: list[dict[str, float]] = []
    for count in options.domains:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row = pool.apply(train, (count, options.items, options.users))
        rows.append(
            row | {"ratio": round(row["seconds"] / (rows[0] if rows else row)["seconds"], 2)}
        )
        print(rows[-1], flush=True)
        write(options.out, "Domains", rows, EXPLANATION)


if __name__ == "__main__":
    main()
