"""The protocol of a baseline: `grid` of its settings, `fit_grid` on a graph, `scores` of users.

Likes count by their decayed weight, except in LightGCN. Dislikes are ignored, except by text
similarity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph

Setting = tuple[Any, ...]
"""Hyperparameters of a baseline, in an order of its own."""


class Baseline(Protocol):
    """Fits a graph, then scores the items of a target domain."""

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Returns the settings to tune over, for these history weightings."""
        ...

    @classmethod
    def fit_grid(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Fits one model per setting and yields them in order.

        Consecutive settings share computation, and no reference to a yielded model is held, so
        that one model at a time is in memory.

        Args:
            graph: The graph to fit, with all its interactions.
            target: The domain whose items are scored.
            settings: A subset of `grid`, in its order.
            seed: Random seed.
        """
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users of the graph, (users, items of the target)."""
        ...
