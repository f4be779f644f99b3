"""Text similarity: content-based filtering by item texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from isthmus.gnn.baselines.factors import Factors
from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from isthmus.gnn.data import HistoryWeighting, InterestGraph


class TextSimilarity(Factors):
    """The cosine similarity of an item's embedding and the weighted mean of a user's history."""

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting."""
        return list(product(weightings))

    @classmethod
    def fit_grid(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Computes user profiles, see `Baseline.fit_grid`."""
        for (weighting,) in settings:
            history = graph.decayed_weights(weighting.half_life_days)
            profiles = np.asarray(history @ graph.item_vectors, dtype=np.float32)
            lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
            profiles /= np.where(lengths > 0, lengths, 1)
            yield cls(profiles, graph.item_vectors[graph.items_of(target)])
