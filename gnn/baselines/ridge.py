"""Ridge regression from source to target."""

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
from isthmus.gnn.data.examples import likes_of
from isthmus.gnn.data.histories import over_length
from isthmus.gnn.data.splits import sample
from isthmus.gnn.model.kernel_ridge import USERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class Ridge:
    """Ridge regression from what users like outside the domain to what they like inside it.

    With A the histories of users who have both, each over its length to a power, and Y their likes
    in the target: W = (A'A + penalty)^-1 A'Y = A' (AA' + penalty)^-1 Y, which is cubic in users
    and not in items. Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal
    problems", 1970; Saunders, Gammerman and Vovk, "Ridge regression learning algorithm in dual
    variables", 1998.
    """

    def __init__(
        self,
        history: csr_array,
        taught: csr_array,
        liked: csr_array,
        factor: tuple[NDArray[np.float32], bool],
    ) -> None:
        self._history, self._taught = history, taught
        self._liked, self._factor = liked, factor

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings, powers and penalties."""
        return list(product(readings, (0, 0.5), (50, 100, 200, 400)))

    @classmethod
    def fits(
        cls,
        graph: InterestGraph,
        target: int,
        settings: Sequence[Setting],
        seed: int,
    ) -> Iterator[Self]:
        """Factors the kernel; a Cholesky for each penalty is faster than one decomposition.

        Of more users than the transfer model's closed form learns from, as many are sampled.
        """
        liked = likes_of(graph, target, np.arange(len(graph.users)))
        for (reading, power), alike in groupby(settings, itemgetter(0, 1)):
            outside = csr_array(like_matrix(graph, reading)[:, graph.item_domain != target])
            both = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
            both = both[sample(len(both), seed, USERS)]
            history = over_length(outside, power)
            taught = csr_array(history[both])
            kernel = dense_product(taught, csr_array(taught.T))
            for *_, penalty in alike:
                yield cls(history, taught, csr_array(liked[both]), cholesky_factor(kernel, penalty))

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        shared = dense_product(self._taught, csr_array(self._history[users].T))
        weights = cho_solve(self._factor, shared, overwrite_b=True, check_finite=False)
        return np.ascontiguousarray((self._liked.T @ weights).T, dtype=np.float32)
