"""Ridge regression from the source domains to the target domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.linalg import cho_solve
from scipy.sparse import csr_array

from isthmus.gnn.baselines.matrices import cholesky_factor, dense_product, like_matrix
from isthmus.gnn.baselines.protocol import Setting
from isthmus.gnn.data import domain_likes, normalize_by_length, sample_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph

# The solution is cubic in the users.
MAX_USERS = 15_000
# Scores of ridge regression are predictions of a like, between 0 and 1 for most items.
POPULARITY_WEIGHTS = (0, 0.03, 0.1, 0.3)


class Ridge:
    """Ridge regression from a user's likes in the source domains to those in the target domain.

    Popularity is added with a weight of its own.

    With A the histories of users with likes in both, each divided by its length to a power, and Y
    their likes in the target: W = (A'A + penalty)^-1 A'Y = A' (AA' + penalty)^-1 Y, whose dual form
    is cubic in users and not in items. Hoerl and Kennard, "Ridge regression: biased estimation for
    nonorthogonal problems", 1970; Saunders, Gammerman and Vovk, "Ridge regression learning
    algorithm in dual variables", 1998.

    Args:
        history: Source histories of all users, CSR (users, source items).
        training_history: Those of the training users, CSR (training users, source items).
        liked: Likes of the training users, CSR (training users, items of the target).
        factor: Cholesky factor of their kernel plus the penalty.
        popularity: What popularity adds to the score of each item of the target, (items,).
    """

    def __init__(
        self,
        history: csr_array,
        training_history: csr_array,
        liked: csr_array,
        factor: tuple[NDArray[np.float32], bool],
        popularity: NDArray[np.float32],
    ) -> None:
        self._history, self._training_history = history, training_history
        self._liked, self._factor, self._popularity = liked, factor, popularity

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting, power, penalty and weight of popularity."""
        return list(product(weightings, (0, 0.5), (50, 100, 200, 400), POPULARITY_WEIGHTS))

    @classmethod
    def fit_grid(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
    ) -> Iterator[Self]:
        """Factors the kernel; one Cholesky per penalty is faster than an eigendecomposition.

        More than `MAX_USERS` training users are sampled. See `Baseline.fit_grid`.
        """
        liked = domain_likes(graph, target, np.arange(len(graph.users)))
        for (weighting, power), same_kernel in groupby(settings, itemgetter(0, 1)):
            outside = csr_array(like_matrix(graph, weighting)[:, graph.item_domain != target])
            users = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
            users = users[sample_rows(len(users), seed, MAX_USERS)]
            history = normalize_by_length(outside, power)
            training_history, training_likes = csr_array(history[users]), csr_array(liked[users])
            kernel = dense_product(training_history, csr_array(training_history.T))
            popularity = graph.popularity(weighting.half_life_days)[graph.items_of(target)]
            for penalty, same_factor in groupby(same_kernel, itemgetter(2)):
                factor = cholesky_factor(kernel, penalty)
                for *_, weight in same_factor:
                    added = np.float32(weight) * popularity
                    yield cls(history, training_history, training_likes, factor, added)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users, (users, items of the target)."""
        kernel = dense_product(self._training_history, csr_array(self._history[users].T))
        weights = cho_solve(self._factor, kernel, overwrite_b=True, check_finite=False)
        scores = np.asarray((self._liked.T @ weights).T, dtype=np.float32)
        return np.ascontiguousarray(scores + self._popularity)
