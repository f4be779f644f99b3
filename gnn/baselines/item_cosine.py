"""Item-based collaborative filtering by cosine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.baselines.matrices import like_matrix
from isthmus.gnn.baselines.protocol import Setting
from isthmus.gnn.data.histories import over_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class Cosine:
    """The similarity of an item to all that a user likes, by the cosine of who likes both.

    Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation
    algorithms", 2001. Each user counts n^-power, as in Breese, Heckerman and Kadie, "Empirical
    analysis of predictive algorithms for collaborative filtering", 1998, where long histories say
    less. What is added to the product of two lengths shrinks the similarity of items that few
    like: Bell and Koren, "Improved neighborhood-based collaborative filtering", 2007.
    """

    def __init__(self, likes: csr_array, similar: csr_array) -> None:
        self._likes, self._similar = likes, similar

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings, powers and shrinkages."""
        return list(product(readings, (0, 0.5), (0, 10, 50, 200)))

    @classmethod
    def fits(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
    ) -> Iterator[Self]:
        """Counts who likes both, never for a pair of items that nobody does."""
        items = graph.items_of(target)
        for (reading, power), alike in groupby(settings, itemgetter(0, 1)):
            likes = like_matrix(graph, reading)
            weighted = over_length(likes, power)
            both = csr_array(weighted.T @ weighted[:, items])
            length = np.sqrt(weighted.power(2).sum(axis=0))
            rows = np.repeat(np.arange(len(length)), np.diff(both.indptr))
            lengths = length[rows] * length[items][both.indices]
            for *_, shrinkage in alike:
                data = (both.data / (lengths + shrinkage)).astype(np.float32)
                yield cls(likes, csr_array((data, both.indices, both.indptr), shape=both.shape))

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.asarray((self._likes[users] @ self._similar).toarray(), dtype=np.float32)
