"""What it costs to score candidates in place of all pairs, on a real dataset, as one page.

python benchmarks/candidates.py ../shared/data/tables/food_kitchen [--fold 0] [-o OUT]

Both ways learn from the same users and are judged by the same cold ones.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from page import write

from gnn.evaluate import cold_start_fold
from gnn.exam import Conditions
from gnn.metrics import interval
from gnn.results import TRANSFER, Grades
from graph.snapshot import snapshot_of_tables
from graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
EVERYTHING = 1 << 31
NOTHING = 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset without texts of users")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "candidates")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    graph = snapshot_of_tables(read_dataset(options.dataset), settings)
    rows, table = [], ""
    for target in graph.domains:

        def grades(dense_items: int, target: str = target) -> Grades:
            conditions = Conditions(
                models=(TRANSFER,), threads=settings.threads, dense_items=dense_items
            )
            return cold_start_fold(graph, target, options.fold, conditions).grades[TRANSFER]

        pairs, candidates = grades(EVERYTHING), grades(NOTHING)
        gain = candidates.users["ndcg@10"] - pairs.users["ndcg@10"]
        low, high = interval(gain, settings.seed)
        means = [found.users["ndcg@10"].mean() for found in (pairs, candidates)]
        costs = [
            (found.whole["fit_seconds"], found.whole["peak_mb"]) for found in (pairs, candidates)
        ]
        rows.append(
            {
                "target": target,
                "users": len(gain),
                "all pairs": f"{means[0]:.4f}",
                "candidates": f"{means[1]:.4f}",
                "ratio": f"{means[1] / means[0]:.3f}",
                "difference, 95 %": f"{gain.mean():+.4f} ({low:+.4f} to {high:+.4f})",
                "seconds": " / ".join(f"{seconds:.0f}" for seconds, _ in costs),
                "MB": " / ".join(f"{megabytes}" for _, megabytes in costs),
            }
        )
        title = f"All pairs or candidates: NDCG@10 on {options.dataset.name}, fold {options.fold}"
        table = write(options.out, title, rows)
    print(table)


if __name__ == "__main__":
    main()
