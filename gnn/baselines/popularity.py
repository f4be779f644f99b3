"""Popularity: the same items for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class Popularity:
    """The same for everybody: how often an item is liked, old likes decayed."""

    def __init__(self, popularity: NDArray[np.float32]) -> None:
        self._popularity = popularity

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings alone."""
        return list(product(readings))

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Counts."""
        for (reading,) in settings:
            yield cls(graph.popularity(reading.half_life_days)[graph.items_of(target)])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.tile(self._popularity, (len(users), 1))
