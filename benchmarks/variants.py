"""Compares variants of a dataset or model on the same held-out users, as rows of a page.

The result of a variant in a fold of a target is saved as `accuracy.py` saves it, so that an
interrupted run resumes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from accuracy import PLAN, Bench, model_groups
from numpy.typing import NDArray

from isthmus.errors import NothingToDo
from isthmus.gnn.evaluation import TRANSFER
from isthmus.gnn.metrics import bootstrap_interval

Variants = Mapping[str, tuple[Bench, tuple[str, ...]]]
"""By name: a dataset, and the models measured together on it, of which the first is compared."""


def transfer_group(name: str) -> tuple[str, ...]:
    """Returns the models that `accuracy.py` measures with transfer, to share its result."""
    return model_groups(name)[0] if name in PLAN else (TRANSFER,)


def compare_variants(variants: Variants, folds: Iterable[int]) -> list[dict[str, Any]]:
    """Returns NDCG@10 by target: the mean of each variant, and the first against the second.

    Args:
        variants: At least two variants.
        folds: The folds to pool.
    """
    bench = next(iter(variants.values()))[0]
    rows = []
    for target in sorted(bench.dataset.items["domain"].unique()):
        ndcg = _per_user_ndcg(variants, target, folds)
        if not ndcg:
            continue
        means = {name: float(values.mean()) for name, values in ndcg.items()}
        first, second = list(variants)[:2]
        low, high = bootstrap_interval(ndcg[first] - ndcg[second], bench.settings.seed)
        rows.append(
            {"target": target, "users": len(ndcg[first])}
            | {name: f"{mean:.4f}" for name, mean in means.items()}
            | {
                f"{first} / {second}": f"{means[first] / means[second]:.3f}",
                "difference, 95 %": f"{low:+.4f} to {high:+.4f}",
            }
        )
    return rows


def _per_user_ndcg(
    variants: Variants, target: str, folds: Iterable[int]
) -> dict[str, NDArray[np.float64]]:
    """Returns NDCG@10 of the held-out users of all folds by variant, (users,)."""
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for fold in folds:
        for name, (bench, models) in variants.items():
            try:
                metrics = bench.result(target, fold, models).model_metrics[models[0]]
            except NothingToDo:
                continue
            parts.setdefault(name, []).append(metrics.per_user["ndcg@10"])
    return {name: np.concatenate(values) for name, values in parts.items()}
