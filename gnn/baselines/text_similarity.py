"""Similarity of texts alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from isthmus.gnn.baselines.factors import Factors
from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class TextSimilarity(Factors):
    """The cosine of an item's text and the mean text of a user's history."""

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings alone."""
        return list(product(readings))

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Takes means."""
        for (reading,) in settings:
            history = graph.strengths(reading.half_life_days)
            profiles = np.asarray(history @ graph.item_vectors, dtype=np.float32)
            lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
            profiles /= np.where(lengths > 0, lengths, 1)
            yield cls(profiles, graph.item_vectors[graph.items_of(target)])
