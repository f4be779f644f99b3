"""Several ways to answer the same held-out users, as rows of a page: the first against the second.

What a way is worth in a fold of a target is saved as `accuracy.py` saves it, so that a run that was
interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from accuracy import PLAN, Bench, together
from numpy.typing import NDArray

from isthmus.errors import NothingToDo
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.gnn.metrics import interval

Ways = Mapping[str, tuple[Bench, tuple[str, ...]]]
"""By name a dataset as it is read, and models measured at once, of which the first counts."""


def transfer_of(name: str) -> tuple[str, ...]:
    """What `accuracy.py` measures at once with the learned edges of a dataset: one result."""
    return together(name)[0] if name in PLAN else (TRANSFER,)


def rows(ways: Ways, folds: Iterable[int]) -> list[dict[str, Any]]:
    """NDCG@10 by target: the mean of each way, and how the first compares with the second.

    Args:
        ways: Two at least.
        folds: Pooled.
    """
    bench = next(iter(ways.values()))[0]
    found = []
    for target in sorted(bench.dataset.items["domain"].unique()):
        users = _of_users(ways, target, folds)
        if not users:
            continue
        means = {way: float(values.mean()) for way, values in users.items()}
        first, second = list(ways)[:2]
        low, high = interval(users[first] - users[second], bench.settings.seed)
        found.append(
            {"target": target, "users": len(users[first])}
            | {way: f"{mean:.4f}" for way, mean in means.items()}
            | {
                f"{first} / {second}": f"{means[first] / means[second]:.3f}",
                "difference, 95 %": f"{low:+.4f} to {high:+.4f}",
            }
        )
    return found


def _of_users(ways: Ways, target: str, folds: Iterable[int]) -> dict[str, NDArray[np.float64]]:
    """NDCG@10 of each held-out user of the folds by each way, the same users for all."""
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for fold in folds:
        for way, (bench, models) in ways.items():
            try:
                grades = bench.result(target, fold, models).grades[models[0]]
            except NothingToDo:
                continue
            parts.setdefault(way, []).append(grades.users["ndcg@10"])
    return {way: np.concatenate(of_way) for way, of_way in parts.items()}
