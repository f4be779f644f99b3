"""Accuracy and cost of scoring candidate edges instead of all edges on a real dataset, as one page.

python benchmarks/candidates.py ../shared/data/tables/food_kitchen [-o OUT]

Both are trained on the same users and evaluated on the same cold-start users, in the folds of
`accuracy.py`, whose saved results are used for the candidate edges.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
from accuracy import PLAN, Bench, model_groups
from shared.page import write

from isthmus.gnn.evaluation.results import TRANSFER, ModelMetrics
from isthmus.gnn.metrics import bootstrap_interval
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
# More items than any graph has, so that all edges are scored.
ALL_ITEMS = 1 << 31


def compare_target(bench: Bench, target: str) -> dict[str, object]:
    """Compares all edges with candidate edges for the cold-start users of all folds of a target."""
    by_method: list[list[ModelMetrics]] = [[], []]
    models = model_groups(bench.name)[0]
    for fold in PLAN[bench.name][0]:
        all_edges = bench.result(target, fold, (TRANSFER,), dense_items=ALL_ITEMS)
        candidate_edges = bench.result(target, fold, models)
        for folds, result in zip(by_method, (all_edges, candidate_edges), strict=True):
            folds.append(result.model_metrics[TRANSFER])
    ndcg = [np.concatenate([fold.per_user["ndcg@10"] for fold in folds]) for folds in by_method]
    gain, means = ndcg[1] - ndcg[0], [values.mean() for values in ndcg]
    low, high = bootstrap_interval(gain, bench.settings.seed)
    cost = {
        name: " / ".join(
            f"{np.mean([fold.overall[key] for fold in folds]):.0f}" for folds in by_method
        )
        for name, key in (("seconds", "fit_seconds"), ("MB", "peak_mb"))
    }
    return {
        "target": target,
        "users": len(gain),
        "all pairs": f"{means[0]:.4f}",
        "candidates": f"{means[1]:.4f}",
        "ratio": f"{means[1] / means[0]:.3f}",
        "difference, 95 %": f"{gain.mean():+.4f} ({low:+.4f} to {high:+.4f})",
    } | cost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset of accuracy.py")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "candidates")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    dataset = read_dataset(options.dataset)
    bench = Bench(options.dataset.name, dataset, load_settings())
    rows = [compare_target(bench, target) for target in sorted(dataset.items["domain"].unique())]
    title = f"All pairs or candidate edges: NDCG@10 on {bench.name}"
    print(write(options.out, title, rows))


if __name__ == "__main__":
    main()
