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
    from isthmus.gnn.data import HistoryWeighting, InterestGraph


class Als(Factors):
    """Alternating least squares over all domains in one matrix.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, by
    `implicit`. The confidence of a like is its decayed weight times `alpha`.
    """

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
        """Grid of history weighting, number of factors and alpha."""
        return list(product(weightings, (32, 64, 128), (4, 16, 64)))

    @classmethod
    def fit_grid(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Fits one factorisation per setting, see `Baseline.fit_grid`."""
        from implicit.cpu.als import AlternatingLeastSquares

        items = graph.items_of(target)
        for weighting, factors, alpha in settings:
            likes = csr_matrix(like_matrix(graph, weighting))
            with threadpool_limits(limits=1, user_api="blas"):
                model = AlternatingLeastSquares(
                    factors=min(factors, *likes.shape),
                    regularization=0.01,
                    alpha=alpha,
                    random_state=seed,
                )
                model.fit(likes, show_progress=False)
            yield cls(model.user_factors, model.item_factors[items])
