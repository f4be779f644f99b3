"""What a team would try instead, each behind one contract: `fits` of a graph, `scores` of users.

What a baseline tries is in the defaults of its `fits`; `BASELINES` lists them by name. Likes count
by their strength. Dislikes are left out, but for those in the text of a history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gnn.metrics import ndcg
from gnn.splits import done_by, without
from gnn.tasks import likes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading


class Baseline(Protocol):
    """The contract: learns from a graph, then scores the items of a target domain."""

    @classmethod
    def fits(cls, graph: InterestGraph, target: int, reading: Reading, seed: int) -> Iterator[Self]:
        """Learns from all that the graph holds, once for each setting that is worth a try.

        What the settings share is worked out once, and nothing holds on to a model that was given.

        Args:
            graph: The graph.
            target: The domain whose items are scored.
            reading: How a history is read.
            seed: Of what is random.
        """
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users of the graph, (users, items of the target)."""
        ...


class Popularity:
    """The same for everybody: how often an item is liked, old likes decayed."""

    def __init__(self, popularity: NDArray[np.float32]) -> None:
        self._popularity = popularity

    @classmethod
    def fits(cls, graph: InterestGraph, target: int, reading: Reading, seed: int) -> Iterator[Self]:
        """Counts."""
        yield cls(graph.popularity(reading.half_life_days)[graph.items_of(target)])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.tile(self._popularity, (len(users), 1))


class Als:
    """Alternating least squares over all domains in one matrix.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, by
    `implicit`. Likes count by their strength times `alpha`.
    """

    def __init__(self, users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
        self._users, self._items = users, items

    @classmethod
    def fits(
        cls,
        graph: InterestGraph,
        target: int,
        reading: Reading,
        seed: int,
        factors: Sequence[int] = (32, 64, 128),
        alphas: Sequence[float] = (4, 16, 64),
    ) -> Iterator[Self]:
        """Factorises."""
        from implicit.cpu.als import AlternatingLeastSquares

        likes, items = csr_matrix(_likes(graph, reading)), graph.items_of(target)
        for size in factors:
            for alpha in alphas:
                with threadpool_limits(limits=1, user_api="blas"):
                    model = AlternatingLeastSquares(
                        factors=min(size, *likes.shape),
                        regularization=0.01,
                        alpha=alpha,
                        random_state=seed,
                    )
                    model.fit(likes, show_progress=False)
                yield cls(model.user_factors, model.item_factors[items])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.asarray(self._users[users] @ self._items.T, dtype=np.float32)


class TextSimilarity:
    """The cosine of an item's text and the mean text of a user's history."""

    def __init__(self, profiles: NDArray[np.float32], items: NDArray[np.float32]) -> None:
        self._profiles, self._items = profiles, items

    @classmethod
    def fits(cls, graph: InterestGraph, target: int, reading: Reading, seed: int) -> Iterator[Self]:
        """Takes means."""
        history = graph.strengths(reading.half_life_days)
        profiles = np.asarray(history @ graph.item_vectors, dtype=np.float32)
        lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
        profiles /= np.where(lengths > 0, lengths, 1)
        yield cls(profiles, graph.item_vectors[graph.items_of(target)])

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
    # One by one: of all that are fitted, only the best so far is kept.
    return max(
        BASELINES[name].fits(known, target, reading, seed),
        key=lambda model: float(ndcg(model.scores(validation), liked).sum()),
    )


# By name, in the order in which they are reported.
BASELINES: dict[str, type[Baseline]] = {
    "popularity": Popularity,
    "als": Als,
    "text": TextSimilarity,
}


def _likes(graph: InterestGraph, reading: Reading) -> csr_array:
    """Strengths of likes, float32 CSR (users, items)."""
    return csr_array(graph.strengths(reading.half_life_days).maximum(0))
