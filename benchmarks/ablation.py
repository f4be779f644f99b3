"""What each mechanism and each constant of the model gains on several datasets, as one page.

python benchmarks/ablation.py ../shared/data/tables [--only food_kitchen ...] [--variants NAME ...]
    [--folds 0] [-o benchmarks/ablation]

Each variant is the product with a mechanism left out or a constant changed, measured by the
protocol, the users and the saved results of `accuracy.py`, and compared with the product user by
user. A ratio above 1 means that the product is better than the variant. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import PLAN, Bench
from shared.page import write
from variants import transfer_group

from isthmus.errors import NothingToDo
from isthmus.gnn.evaluation.results import TRANSFER, ModelMetrics
from isthmus.gnn.metrics import bootstrap_interval
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = "product"
# By variant, the constants of the packages below `isthmus.gnn` that it changes.
VARIANTS: dict[str, dict[str, Any]] = {
    PRODUCT: {},
    "one half-life": {"HALF_LIFE_FACTORS": ()},
    "one dislike weight": {"DISLIKE_WEIGHTS": ()},
    "no popularity in the kernel": {"POPULARITY_WEIGHTS": (0.0,)},
    "whole popularity": {"POPULARITY_SHARE": 1.0, "POPULARITY_TOLERANCE": 0.0},
    "no popularity": {"POPULARITY_SHARE": 0.0, "POPULARITY_WEIGHTS": (0.0,)},
    "no hops": {},
    "no network": {},
    "spectrum of 128": {"MAX_RANK": 128},
    "importance 1": {"POPULARITY_EXPONENT": 0.0},
    "importance popularity^-1/4": {"POPULARITY_EXPONENT": -0.25},
    "constant 0": {"PRIOR": 0.0},
    "constant 1": {"PRIOR": 1.0},
    "penalty without likes": {"LIKES_POWER": 0.0},
    "penalty likes^1/2": {"LIKES_POWER": 0.5},
    "no places for new items": {"COLD_ITEM_DIVISOR": 10**9},
    "one epoch": {"EPOCHS": 1},
    "six epochs": {"EPOCHS": 6},
    "100 edges": {},
}
OVERRIDES = {"100 edges": {"edges_per_node": 100}}
ABLATIONS = {"no hops": "without-hops", "no network": "without-network"}

logger = logging.getLogger("isthmus")


@contextmanager
def changed(constants: Mapping[str, Any]) -> Iterator[None]:
    """Gives constants another value in every module of `isthmus.gnn` that knows them."""
    modules = [module for name, module in sys.modules.items() if name.startswith("isthmus.gnn.")]
    before = []
    for name, value in constants.items():
        owners = [module for module in modules if name in vars(module)]
        if not owners:
            raise KeyError(name)
        before += [(module, name, vars(module)[name]) for module in owners]
        for module in owners:
            setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def measure(bench: Bench, target: str, fold: int, variant: str) -> ModelMetrics:
    """Returns the metrics of a variant; those of the product are shared with `accuracy.py`."""
    if variant == PRODUCT:
        return bench.result(target, fold, transfer_group(bench.name)).model_metrics[TRANSFER]
    model, constants = ABLATIONS.get(variant, TRANSFER), VARIANTS[variant]
    name = f"{variant} {constants}" if constants else ""
    with changed(constants):
        result = bench.result(target, fold, (model,), name, **OVERRIDES.get(variant, {}))
    return result.model_metrics[model]


def compare(bench: Bench, target: str, folds: list[int], variants: list[str]) -> list[dict]:
    """Returns a row for each variant: its figures, and the gain of the product over it."""
    rows, product = [], np.zeros(0)
    for variant in variants:
        found = []
        for fold in folds:
            try:
                found.append(measure(bench, target, fold, variant))
            except NothingToDo:
                continue
        if not found:
            return []
        ndcg = np.concatenate([metrics.per_user["ndcg@10"] for metrics in found])
        product = ndcg if variant == PRODUCT else product
        low, high = bootstrap_interval(product - ndcg, bench.settings.seed)
        overall = {name: [metrics.overall[name] for metrics in found] for name in found[0].overall}
        rows.append(
            {
                "dataset": bench.name,
                "target": target,
                "users": len(ndcg),
                "variant": variant,
                "NDCG@10": f"{ndcg.mean():.4f}",
                "product / variant": f"{product.mean() / ndcg.mean():.3f}",
                "difference, 95 %": f"{low:+.4f} to {high:+.4f}",
                "coverage@10": f"{np.mean(overall['coverage@10']):.3f}",
                "novelty@10": f"{np.mean(overall['novelty@10']):.2f}",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of dataset folders")
    parser.add_argument("--only", nargs="+", choices=PLAN, default=list(PLAN))
    parser.add_argument("--targets", nargs="+", help="the target domains (default: all)")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--folds", nargs="+", type=int, default=[0])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "ablation")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logger.setLevel(logging.INFO)
    settings = load_settings()
    variants = [PRODUCT, *(name for name in options.variants if name != PRODUCT)]
    rows = []
    for name in options.only:
        dataset = read_dataset(options.folder / name)
        bench = Bench(name, dataset, settings)
        targets = PLAN[name][1] or tuple(sorted(dataset.items["domain"].unique()))
        for target in targets:
            if not options.targets or target in options.targets:
                rows += compare(bench, target, options.folds, variants)
    note = "A ratio above 1: the product is better than the variant, on the same users."
    print(write(options.out, "What each mechanism and constant gains", rows, note))


if __name__ == "__main__":
    main()
