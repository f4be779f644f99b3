"""Popularity: the same ranking for all users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph


class Popularity:
    """The decayed number of likes of each item, the same for all users.

    Args:
        popularity: Popularity of the items of the target.
    """

    def __init__(self, popularity: NDArray[np.float32]) -> None:
        self._popularity = popularity

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting."""
        return list(product(weightings))

    @classmethod
    def fit_grid(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Counts likes, see `Baseline.fit_grid`."""
        for (weighting,) in settings:
            yield cls(graph.popularity(weighting.half_life_days)[graph.items_of(target)])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users, (users, items of the target)."""
        return np.tile(self._popularity, (len(users), 1))
