"""Alternating least squares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Self

from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from isthmus.gnn.baselines.factors import Factors
from isthmus.gnn.baselines.matrices import like_matrix
from isthmus.gnn.baselines.protocol import Setting

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


class Als(Factors):
    """Alternating least squares over all domains in one matrix.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, by
    `implicit`. Likes count by their strength times `alpha`.
    """

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings, numbers of factors, and what a like counts."""
        return list(product(readings, (32, 64, 128), (4, 16, 64)))

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Factorises."""
        from implicit.cpu.als import AlternatingLeastSquares

        items = graph.items_of(target)
        for reading, factors, alpha in settings:
            likes = csr_matrix(like_matrix(graph, reading))
            with threadpool_limits(limits=1, user_api="blas"):
                model = AlternatingLeastSquares(
                    factors=min(factors, *likes.shape),
                    regularization=0.01,
                    alpha=alpha,
                    random_state=seed,
                )
                model.fit(likes, show_progress=False)
            yield cls(model.user_factors, model.item_factors[items])
