"""What a team would try instead, each behind one contract: `fit` on a graph, `scores` of users.

A baseline's settings are arguments of its class; `BASELINES` lists those that are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gnn.metrics import ndcg
from gnn.splits import done_by, without
from gnn.tasks import likes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading


class Baseline(Protocol):
    """The contract: learns from a graph, then scores the items of a target domain."""

    def fit(self, graph: InterestGraph, target: int, reading: Reading) -> Self:
        """Learns from all that the graph holds."""
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        ...


class Popularity:
    """The same for everybody: how often an item is liked, old likes decayed."""

    def fit(self, graph: InterestGraph, target: int, reading: Reading) -> Self:
        """Counts."""
        self._popularity = graph.popularity(reading.half_life_days)[graph.items_of(target)]
        return self

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.tile(self._popularity, (len(users), 1))


class Als:
    """Alternating least squares over all domains in one matrix.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, by
    `implicit`. Likes count by their strength times `alpha`; dislikes are left out.
    """

    def __init__(
        self, factors: int = 64, regularization: float = 0.01, alpha: float = 10, seed: int = 7
    ) -> None:
        self.factors, self.regularization, self.alpha = factors, regularization, alpha
        self.seed = seed

    def fit(self, graph: InterestGraph, target: int, reading: Reading) -> Self:
        """Factorises."""
        from implicit.cpu.als import AlternatingLeastSquares

        likes = csr_matrix(graph.strengths(reading.half_life_days).maximum(0))
        with threadpool_limits(limits=1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=min(self.factors, *likes.shape),
                regularization=self.regularization,
                alpha=self.alpha,
                random_state=self.seed,
            )
            model.fit(likes, show_progress=False)
        self._users = model.user_factors
        self._items = model.item_factors[graph.items_of(target)]
        return self

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.asarray(self._users[users] @ self._items.T, dtype=np.float32)


class TextSimilarity:
    """The cosine of an item's text and the mean text of a user's history."""

    def fit(self, graph: InterestGraph, target: int, reading: Reading) -> Self:
        """Takes means."""
        history = graph.strengths(reading.half_life_days)
        profiles = np.asarray(history @ graph.item_vectors, dtype=np.float32)
        lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
        self._profiles = profiles / np.where(lengths > 0, lengths, 1)
        self._items = graph.item_vectors[graph.items_of(target)]
        return self

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.asarray(self._profiles[users] @ self._items.T, dtype=np.float32)


def tuned(
    name: str,
    graph: InterestGraph,
    seen: InterestGraph,
    target: int,
    validation: NDArray[np.int64],
    reading: Reading,
    seed: int,
) -> Baseline:
    """A baseline with the settings that serve validation users best, as it was fitted without them.

    Args:
        name: Out of `BASELINES`.
        graph: Holds what they like.
        seen: What may be learned from, but for what they did in the target.
        target: The domain.
        validation: These users.
        reading: How a history is read.
        seed: Of what is random.
    """
    hidden = done_by(seen, target, validation)
    known = without(seen, hidden, half_life_days=reading.half_life_days)
    liked = likes_of(graph, target, validation)
    fitted = [model.fit(known, target, reading) for model in BASELINES[name](seed)]
    return max(fitted, key=lambda model: float(ndcg(model.scores(validation), liked).sum()))


def _als(seed: int) -> list[Baseline]:
    return [
        Als(factors, alpha=alpha, seed=seed) for factors in (32, 64, 128) for alpha in (4, 16, 64)
    ]


# By name, the settings that validation chooses among.
BASELINES: dict[str, Callable[[int], list[Baseline]]] = {
    "popularity": lambda _: [Popularity()],
    "als": _als,
    "text": lambda _: [TextSimilarity()],
}
