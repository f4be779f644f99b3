"""What it costs to score candidates in place of all pairs, on a real dataset, as one page.

python benchmarks/candidates.py ../shared/data/tables/food_kitchen [-o OUT]

Both ways learn from the same users and are judged by the same cold ones, those of the folds of
`accuracy.py`, whose saved figures are taken for the candidates.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
from accuracy import PLAN, Bench, together
from page import write

from isthmus.gnn.evaluation.results import TRANSFER, Grades
from isthmus.gnn.metrics import interval
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
EVERYTHING = 1 << 31


def row_of(bench: Bench, target: str) -> dict[str, object]:
    """Both ways for the cold users of a target, all folds pooled."""
    ways: list[list[Grades]] = [[], []]
    models = together(bench.name)[0]
    for fold in PLAN[bench.name][0]:
        pairs = bench.result(target, fold, (TRANSFER,), dense_items=EVERYTHING)
        candidates = bench.result(target, fold, models)
        for way, result in zip(ways, (pairs, candidates), strict=True):
            way.append(result.grades[TRANSFER])
    worth = [np.concatenate([fold.users["ndcg@10"] for fold in way]) for way in ways]
    gain, means = worth[1] - worth[0], [values.mean() for values in worth]
    low, high = interval(gain, bench.settings.seed)
    cost = {
        name: " / ".join(f"{np.mean([fold.whole[key] for fold in way]):.0f}" for way in ways)
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
    parser.add_argument("dataset", type=Path, help="folder of one of its datasets")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "candidates")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    dataset = read_dataset(options.dataset)
    bench = Bench(options.dataset.name, dataset, load_settings())
    rows = [row_of(bench, target) for target in sorted(dataset.items["domain"].unique())]
    title = f"All pairs or candidates: NDCG@10 on {bench.name}"
    print(write(options.out, title, rows))


if __name__ == "__main__":
    main()
