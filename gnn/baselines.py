"""What a team would try instead, each behind one contract: `fits` of a graph, `scores` of users.

What a baseline tries is in its `fits`; `BASELINES` lists them by name. Likes count by their
strength. Dislikes are left out, but for those in the text of a history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lapack
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gnn.closed_form import USERS
from gnn.data import over_length
from gnn.factors import Factors
from gnn.lightgcn import LightGcn
from gnn.reading import half_lives
from gnn.splits import sample
from gnn.tasks import likes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading

GRAM_ROWS_AT_ONCE = 1024


Setting = tuple[Any, ...]
"""What a baseline is told, in its own order."""


class Baseline(Protocol):
    """The contract: learns from a graph, then scores the items of a target domain."""

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Those that are worth a try, where a history may be read in some ways."""
        ...

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Learns from all that the graph holds, once for each of some settings.

        What neighbours among them share is worked out once, and nothing holds on to a model that
        was given.

        Args:
            graph: The graph.
            target: The domain whose items are scored.
            settings: Out of those that are worth a try, in that order.
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
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings alone."""
        return list(product(readings))

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Counts."""
        for (reading,) in settings:
            yield cls(graph.popularity(reading.half_life_days)[graph.items_of(target)])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.tile(self._popularity, (len(users), 1))


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
            likes = _likes(graph, reading)
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
            likes = csr_matrix(_likes(graph, reading))
            with threadpool_limits(limits=1, user_api="blas"):
                model = AlternatingLeastSquares(
                    factors=min(factors, *likes.shape),
                    regularization=0.01,
                    alpha=alpha,
                    random_state=seed,
                )
                model.fit(likes, show_progress=False)
            yield cls(model.user_factors, model.item_factors[items])


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
            outside = csr_array(_likes(graph, reading)[:, graph.item_domain != target])
            both = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
            both = both[sample(len(both), seed, USERS)]
            history = over_length(outside, power)
            taught = csr_array(history[both])
            kernel = _dense_product(taught, csr_array(taught.T))
            for *_, penalty in alike:
                yield cls(history, taught, csr_array(liked[both]), _factor(kernel, penalty))

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        shared = _dense_product(self._taught, csr_array(self._history[users].T))
        weights = cho_solve(self._factor, shared, overwrite_b=True, check_finite=False)
        return np.ascontiguousarray((self._liked.T @ weights).T, dtype=np.float32)


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
            likes = csr_array(_likes(graph, reading)[:, kept])
            popularity = graph.popularity(reading.half_life_days)[items]
            gram = _dense_product(csr_array(likes.T), likes)
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


class TextSimilarity(Factors):
    """The cosine of an item's text and the mean text of a user's history."""

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Readings alone."""
        return list(product(readings))

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Takes means."""
        for (reading,) in settings:
            history = graph.strengths(reading.half_life_days)
            profiles = np.asarray(history @ graph.item_vectors, dtype=np.float32)
            lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
            profiles /= np.where(lengths > 0, lengths, 1)
            yield cls(profiles, graph.item_vectors[graph.items_of(target)])


def tuned(
    name: str,
    known: InterestGraph,
    seen: InterestGraph,
    target: int,
    worth: Callable[[Baseline], float],
    reading: Reading,
    seed: int,
) -> Baseline:
    """A baseline that learned from all that may be seen, with the settings that were best on less.

    Args:
        name: Out of `BASELINES`.
        known: What may be seen, without what validation asks for.
        seen: What may be seen.
        target: The domain.
        worth: Of a model that was fitted on `known`, by validation.
        reading: How a history is read as it is set; other half-lives are tried too.
        seed: Of what is random.
    """
    baseline = BASELINES[name]
    settings = baseline.settings(half_lives(seen, reading))
    best = settings[0]
    if len(settings) > 1:
        worths = [worth(model) for model in baseline.fits(known, target, settings, seed)]
        best = settings[int(np.argmax(worths))]
    (model,) = baseline.fits(seen, target, [best], seed)
    return model


# By name, in the order in which they are reported.
BASELINES: dict[str, type[Baseline]] = {
    "popularity": Popularity,
    "cosine": Cosine,
    "als": Als,
    "ridge": Ridge,
    "ease": Ease,
    "lightgcn": LightGcn,
    "text": TextSimilarity,
}


def _likes(graph: InterestGraph, reading: Reading) -> csr_array:
    """Strengths of likes, float32 CSR (users, items)."""
    return csr_array(graph.strengths(reading.half_life_days).maximum(0))


def _dense_product(left: csr_array, right: csr_array) -> NDArray[np.float32]:
    """The product of two sparse matrices that is dense, made without a sparse one of its size."""
    dense = np.empty((left.shape[0], right.shape[1]), np.float32, order="F")
    for start in range(0, left.shape[0], GRAM_ROWS_AT_ONCE):
        rows = slice(start, start + GRAM_ROWS_AT_ONCE)
        dense[rows] = (left[rows] @ right).toarray()
    return dense


def _factor(matrix: NDArray[np.float32], penalty: float) -> tuple[NDArray[np.float32], bool]:
    """Lower Cholesky factor of a matrix plus a penalty, made in the one copy that is taken."""
    regularised = matrix.copy(order="F")
    regularised[np.diag_indices_from(regularised)] += penalty
    return cho_factor(regularised, lower=True, overwrite_a=True, check_finite=False)


def _most_liked(graph: InterestGraph, target: int, most: int) -> NDArray[np.int64]:
    """The items that most users like, of all domains, those of the target last, each ascending."""
    liked = graph.interactions.indices[graph.interactions.data > 0]
    likers = np.bincount(liked, minlength=len(graph.items))
    kept = np.sort(np.argsort(-likers, kind="stable")[:most])
    inside = graph.item_domain[kept] == target
    return np.concatenate([kept[~inside], kept[inside]])


def _ease_weights(gram: NDArray[np.float32], penalty: float, last: int) -> NDArray[np.float32]:
    """What each item says for the last ones, (last, items)."""
    factor, _ = _factor(gram, penalty)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    # Only the lower triangle is made; but for the square at its end, the last rows lie in it.
    weights = np.array(inverse[len(inverse) - last :], order="C")
    square = weights[:, len(inverse) - last :]
    square += np.tril(square, -1).T - np.triu(square, 1)
    weights /= -square.diagonal()[:, None]
    weights[:, len(inverse) - last :][np.diag_indices(last)] = 0
    return weights
