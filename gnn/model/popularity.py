"""Popularity of the items of a target domain, and what it would be without one of its likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph


@dataclass(frozen=True)
class Popularity:
    """Popularity of the items of a target domain, from 0 to 1.

    Attributes:
        values: As it is served, float32 (targets,).
        without_one: As it would be if one user less liked the item, float32 (targets,).
    """

    values: NDArray[np.float32]
    without_one: NDArray[np.float32]

    def select(self, items: NDArray[np.int64]) -> Popularity:
        """Returns the popularity of some of the items."""
        return Popularity(self.values[items], self.without_one[items])


def compute_popularity(graph: InterestGraph, target: int, half_life_days: float) -> Popularity:
    """Computes the popularity of the items of a target domain.

    Args:
        graph: The graph.
        target: Index of the target domain.
        half_life_days: Age at which a dated like counts half.
    """
    items = graph.items_of(target)
    likes = graph.like_counts(half_life_days)[items]
    users = np.maximum(graph.like_counts(np.inf)[items], 1)
    values = graph.popularity(half_life_days)[items]
    remaining = np.log1p(likes * (1 - 1 / users)) / np.maximum(np.log1p(likes), 1e-12)
    return Popularity(values, (values * remaining).astype(np.float32))
