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
from isthmus.gnn.data import normalize_by_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph


class ItemCosine:
    """The summed cosine similarity of an item to the items that a user likes.

    Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation
    algorithms", 2001. A user with n likes counts n^-power, as in Breese, Heckerman and Kadie,
    "Empirical analysis of predictive algorithms for collaborative filtering", 1998, so that long
    histories count less. The shrinkage added to the product of two lengths lowers the similarity
    of items with few likes: Bell and Koren, "Improved neighborhood-based collaborative filtering",
    2007.
    """

    def __init__(self, likes: csr_array, similar: csr_array) -> None:
        self._likes, self._similar = likes, similar

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting, power and shrinkage."""
        return list(product(weightings, (0, 0.5), (0, 10, 50, 200)))

    @classmethod
    def fit_grid(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
    ) -> Iterator[Self]:
        """Computes similarities sparsely, for pairs of items with common users only.

        See `Baseline.fit_grid`.
        """
        items = graph.items_of(target)
        for (weighting, power), same_product in groupby(settings, itemgetter(0, 1)):
            likes = like_matrix(graph, weighting)
            weighted = normalize_by_length(likes, power)
            dot = csr_array(weighted.T @ weighted[:, items])
            length = np.sqrt(weighted.power(2).sum(axis=0))
            rows = np.repeat(np.arange(len(length)), np.diff(dot.indptr))
            lengths = length[rows] * length[items][dot.indices]
            for *_, shrinkage in same_product:
                data = (dot.data / (lengths + shrinkage)).astype(np.float32)
                yield cls(likes, csr_array((data, dot.indices, dot.indptr), shape=dot.shape))

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users, (users, items of the target)."""
        return np.asarray((self._likes[users] @ self._similar).toarray(), dtype=np.float32)
