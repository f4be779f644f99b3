"""EASE: a linear autoencoder of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_array

from isthmus.gnn.baselines.matrices import cholesky_factor, dense_product, like_matrix
from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class Ease:
    """Each item as a linear combination of the others, over all domains in one matrix.

    Steck, "Embarrassingly shallow autoencoders for sparse data", 2019: with P the inverse of
    X'X + penalty, B = -P / diag(P), 0 on its diagonal. Its memory is quadratic and its time cubic
    in items, so that it learns of those with the most likers only; the others of the target come
    after them, by their popularity.
    """

    def __init__(
        self,
        likes: csr_array,
        weights: NDArray[np.float32],
        places: NDArray[np.int64],
        popularity: NDArray[np.float32],
    ) -> None:
        self._likes, self._weights = likes, weights
        self._places, self._popularity = places, popularity

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings and penalties."""
        return list(product(readings, (300, 1000, 3000)))

    @classmethod
    def fits(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
        most_items: int = 12_000,
    ) -> Iterator[Self]:
        """Inverts, in place and in float32; the penalties share the Gram matrix."""
        items = graph.items_of(target)
        kept = _most_liked(graph, target, most_items)
        places = np.searchsorted(items, kept[graph.item_domain[kept] == target])
        for reading, alike in groupby(settings, itemgetter(0)):
            likes = csr_array(like_matrix(graph, reading)[:, kept])
            popularity = graph.popularity(reading.half_life_days)[items]
            gram = dense_product(csr_array(likes.T), likes)
            for _, penalty in alike:
                yield cls(likes, _ease_weights(gram, penalty, len(places)), places, popularity)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        learned = np.asarray(self._likes[users] @ self._weights.T, dtype=np.float32)
        # Popularity is 1 at most.
        scores = np.tile(self._popularity - 2, (len(users), 1))
        scores += learned.min(axis=1, initial=0, keepdims=True)
        scores[:, self._places] = learned
        return scores


def _most_liked(graph: InterestGraph, target: int, most: int) -> NDArray[np.int64]:
    """The items that most users like, of all domains, those of the target last, each ascending."""
    liked = graph.interactions.indices[graph.interactions.data > 0]
    likers = np.bincount(liked, minlength=len(graph.items))
    kept = np.sort(np.argsort(-likers, kind="stable")[:most])
    inside = graph.item_domain[kept] == target
    return np.concatenate([kept[~inside], kept[inside]])


def _ease_weights(gram: NDArray[np.float32], penalty: float, last: int) -> NDArray[np.float32]:
    """What each item says for the last ones, (last, items)."""
    factor, _ = cholesky_factor(gram, penalty)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    # Only the lower triangle is made; but for the square at its end, the last rows lie in it.
    weights = np.array(inverse[len(inverse) - last :], order="C")
    square = weights[:, len(inverse) - last :]
    square += np.tril(square, -1).T - np.triu(square, 1)
    weights /= -square.diagonal()[:, None]
    weights[:, len(inverse) - last :][np.diag_indices(last)] = 0
    return weights
