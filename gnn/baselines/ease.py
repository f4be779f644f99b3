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

    from isthmus.gnn.data import HistoryWeighting, InterestGraph


class Ease:
    """Predicts each item as a linear combination of the others, over all domains in one matrix.

    Steck, "Embarrassingly shallow autoencoders for sparse data", 2019: with P the inverse of
    X'X + penalty, B = -P / diag(P), 0 on its diagonal. Its memory is quadratic and its time cubic
    in the number of items, so it is fitted on the most liked items only; the target's other items
    rank below them by popularity.

    Args:
        likes: Weights of likes of the fitted items, CSR (users, fitted items).
        weights: Rows of B of the target's fitted items, (target's fitted items, fitted items).
        positions: Positions of the target's fitted items within its items.
        popularity: Popularity of the items of the target.
    """

    def __init__(
        self,
        likes: csr_array,
        weights: NDArray[np.float32],
        positions: NDArray[np.int64],
        popularity: NDArray[np.float32],
    ) -> None:
        self._likes, self._weights = likes, weights
        self._positions, self._popularity = positions, popularity

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting and penalty."""
        return list(product(weightings, (300, 1000, 3000)))

    @classmethod
    def fit_grid(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
        max_items: int = 12_000,
    ) -> Iterator[Self]:
        """Inverts in place in float32; settings with the same weighting share the Gram matrix.

        See `Baseline.fit_grid`; `max_items` is the maximum number of fitted items.
        """
        items = graph.items_of(target)
        fitted = _most_liked_items(graph, target, max_items)
        positions = np.searchsorted(items, fitted[graph.item_domain[fitted] == target])
        for weighting, same_weighting in groupby(settings, itemgetter(0)):
            likes = csr_array(like_matrix(graph, weighting)[:, fitted])
            popularity = graph.popularity(weighting.half_life_days)[items]
            gram = dense_product(csr_array(likes.T), likes)
            for _, penalty in same_weighting:
                yield cls(
                    likes, _ease_weights(gram, penalty, len(positions)), positions, popularity
                )

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users, (users, items of the target)."""
        fitted = np.asarray(self._likes[users] @ self._weights.T, dtype=np.float32)
        # Popularity is at most 1, so these scores are below those of all fitted items.
        scores = np.tile(self._popularity - 2, (len(users), 1))
        scores += fitted.min(axis=1, initial=0, keepdims=True)
        scores[:, self._positions] = fitted
        return scores


def _most_liked_items(graph: InterestGraph, target: int, max_items: int) -> NDArray[np.int64]:
    """Returns the most liked items of all domains, those of the target last, each ascending."""
    liked = graph.interactions.indices[graph.interactions.data > 0]
    like_counts = np.bincount(liked, minlength=len(graph.items))
    selected = np.sort(np.argsort(-like_counts, kind="stable")[:max_items])
    in_target = graph.item_domain[selected] == target
    return np.concatenate([selected[~in_target], selected[in_target]])


def _ease_weights(gram: NDArray[np.float32], penalty: float, last: int) -> NDArray[np.float32]:
    """Returns the EASE weights from all items to the last ones, (last, items)."""
    factor, _ = cholesky_factor(gram, penalty)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    # Only the lower triangle is computed, so the square at the end of the last rows is completed.
    weights = np.array(inverse[len(inverse) - last :], order="C")
    square = weights[:, len(inverse) - last :]
    square += np.tril(square, -1).T - np.triu(square, 1)
    weights /= -square.diagonal()[:, None]
    weights[:, len(inverse) - last :][np.diag_indices(last)] = 0
    return weights
