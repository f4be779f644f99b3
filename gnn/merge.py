"""The score that the graph serves: the sum over edges, and what each kind of edge counts in it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_array

from gnn.data import Histories, MergeWeights, histories, kept, over_length
from gnn.metrics import ndcg
from gnn.splits import few_enough

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from gnn.data import Edges, InterestGraph, LearnedEdges
    from gnn.tasks import Task

POPULARITY_TRIED = (0.0, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0, 8.0)
# Beside a history, interests count only where they clearly serve people better.
INTEREST_TRIED = (0.25, 0.5, 1.0, 2.0)
# For those who only wrote: how much more popularity sets items apart than their interests do.
POPULARITY_ALONE = 4.0
ALONE_TRIED = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
WARM_USERS = 1000
# Of so many values one looks good by chance: it must be better by this many standard errors.
ERRORS = 2.0
COLLABORATIVE_SET = 4.0
COLLABORATIVE_TRIED = (0.0, 1.0, 2.0, 8.0, 16.0, 32.0, 64.0)


Tried = TypeVar("Tried")


@dataclass(frozen=True)
class Signals:
    """The parts of the served score before the merge, float32 (users, items of the target).

    But `alone`, (users, 1), says who has no history.
    """

    transfer: NDArray[np.float32]
    interest: NDArray[np.float32]
    collaborative: NDArray[np.float32]
    popularity: NDArray[np.float32]
    alone: NDArray[np.bool_]

    def merged(self, weights: MergeWeights) -> NDArray[np.float32]:
        """The score as `MergeWeights` states it."""
        interest = np.where(self.alone, weights.interest_alone, weights.interest)
        popularity = np.where(self.alone, weights.popularity_alone, weights.popularity)
        score = (
            weights.transfer * self.transfer
            + interest.astype(np.float32) * self.interest
            + weights.collaborative * self.collaborative
            + popularity.astype(np.float32) * self.popularity
        )
        return np.asarray(score, dtype=np.float32)


def signals(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    history_limit: int,
    weights: MergeWeights,
) -> Signals:
    """What each kind of edge says to some users about the items of a target domain.

    Args:
        graph: Gives the histories.
        learned: The edges.
        target: The domain.
        users: Indices.
        history_limit: Interactions of a user that are read.
        weights: How it is read otherwise, and popularity.
    """
    history = histories(graph, target, users, weights.reading(history_limit))
    return signals_of(graph, learned, target, history, weights)


def signals_of(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    history: Histories,
    weights: MergeWeights,
) -> Signals:
    """The same of histories that are at hand, a row a user."""
    items, power = graph.items_of(target), weights.power

    def summed(rows: csr_array, edges: Edges) -> NDArray[np.float32]:
        shape = (rows.shape[1], len(graph.items))
        matrix = csr_array((edges.weights, (edges.sources, edges.targets)), shape=shape)
        total = csr_array(rows @ matrix[:, items])
        return total.toarray().astype(np.float32, copy=False)

    return Signals(
        transfer=summed(over_length(history.outside, power), learned.transfer),
        interest=summed(history.interests, learned.interest),
        collaborative=summed(over_length(history.inside, power), learned.co_liked),
        popularity=graph.popularity(weights.popularity_half_life_days)[items],
        alone=(np.diff(history.outside.indptr) + np.diff(history.inside.indptr) == 0)[:, None],
    )


def served_scores(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    history_limit: int,
) -> NDArray[np.float32]:
    """What the graph answers: the score of each item of a target domain for some users.

    Items that a user has met are scored too; leaving them out is the caller's.

    Returns:
        float32 (users, items of the target domain).
    """
    weights = learned.merge[graph.domains[target]]
    return signals(graph, learned, target, users, history_limit, weights).merged(weights)


def served_worth(
    known: InterestGraph, learned: LearnedEdges, exams: Sequence[Task], history_limit: int
) -> NDArray[np.float64]:
    """NDCG@10 of each of the users whose history in a target is hidden, as the graph answers."""
    worths = [
        ndcg(served_scores(known, learned, exam.target, exam.users, history_limit), exam.liked)
        for exam in exams
        if len(exam)
    ]
    return np.concatenate([np.zeros(0), *worths])


def cold_merge(
    known: InterestGraph,
    learned: LearnedEdges,
    exam: Task,
    weights: MergeWeights,
    history_limit: int,
) -> tuple[MergeWeights, float]:
    """What popularity and interests count against a transfer of 1, and the NDCG@10 reached.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        exam: Users whose history in the target is hidden from that graph.
        weights: As they are set before validation.
        history_limit: Interactions of a user that are read.
    """
    if not len(exam):
        return weights, 0.0
    parts = signals(known, learned, exam.target, exam.users, history_limit, weights)
    priors = [weights.popularity * factor for factor in POPULARITY_TRIED]
    weights, reached = tuned(weights, "popularity", priors, parts, exam.liked)
    if len(learned.interest):
        weights, reached = tuned(weights, "interest", INTEREST_TRIED, parts, exam.liked)
    return weights, reached


def alone_merge(
    known: InterestGraph,
    learned: LearnedEdges,
    exams: Sequence[Task],
    merge: Mapping[str, MergeWeights],
) -> dict[str, MergeWeights]:
    """The same weights with what interests count for people who did nothing yet.

    Those who only wrote are not known: others stand in for them, with what their histories speak
    for. The targets choose together, since few users of one would choose by chance, and begin
    where popularity sets items apart more than interests do, for texts tell less of a taste.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        exams: Users whose history in a target is hidden from that graph.
        merge: By name of the target, weights of the other signals.
    """
    factors, tried, worths = (1.0, *ALONE_TRIED), {}, []
    for exam in filter(len, exams):
        weights = merge[known.domains[exam.target]]
        did = csr_array(known.interactions[exam.users])
        nothing = kept(did, np.zeros(did.nnz, np.bool_))
        bare = Histories(outside=nothing, inside=nothing, interests=exam.interests)
        parts = signals_of(known, learned, exam.target, bare, weights)
        popular, interesting = float(parts.popularity.std()), float(parts.interest.std())
        if popular > 0 and interesting > 0:
            alone = weights.popularity_alone * popular / interesting / POPULARITY_ALONE
            by_factor = [dataclasses.replace(weights, interest_alone=alone * f) for f in factors]
            worths.append([ndcg(parts.merged(one), exam.liked) for one in by_factor])
            tried[known.domains[exam.target]] = by_factor
    if not worths:
        return dict(merge)
    best = best_for_all(worths)
    return {**merge, **{name: by_factor[best] for name, by_factor in tried.items()}}


def warm_merge(
    known: InterestGraph,
    learned: LearnedEdges,
    weights: MergeWeights,
    target: int,
    hidden: csr_array,
    history_limit: int,
) -> tuple[MergeWeights, float]:
    """The same weights with what the collaborative edges count, and the NDCG@10 reached.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        weights: Of the other signals.
        target: The domain.
        hidden: Likes of users who keep others in the target, hidden from that graph, CSR (users,
            items).
        history_limit: Interactions of a user that are read.
    """
    users = few_enough(np.flatnonzero(np.diff(hidden.indptr)), WARM_USERS, known, target)
    if not len(users):
        return weights, 0.0
    items = known.items_of(target)
    parts = signals(known, learned, target, users, history_limit, weights)
    liked = csr_array(hidden[users][:, items])
    met = csr_array(known.interactions[users][:, items])
    return tuned(weights, "collaborative", COLLABORATIVE_TRIED, parts, liked, met)


def tuned(
    weights: MergeWeights,
    field: str,
    values: Sequence[float],
    parts: Signals,
    liked: csr_array,
    met: csr_array | None = None,
) -> tuple[MergeWeights, float]:
    """The weights with one of them set to what serves held-out users best, and their NDCG@10.

    Args:
        weights: As they are set.
        field: Name of the one to tune.
        values: Those tried.
        parts: The signals of the held-out users.
        liked: What they like, hidden from the signals, CSR (users, items).
        met: What they have met, left out of the ranking, CSR (users, items).
    """

    def scores(value: float) -> NDArray[np.float32]:
        merged = parts.merged(dataclasses.replace(weights, **{field: value}))
        if met is not None:
            merged[met.nonzero()] = -np.inf
        return merged

    value, reached = chosen(getattr(weights, field), values, scores, liked)
    return dataclasses.replace(weights, **{field: value}), reached


def chosen(
    value: Tried,
    others: Sequence[Tried],
    scores: Callable[[Tried], NDArray[np.float32]],
    liked: csr_array,
) -> tuple[Tried, float]:
    """The value that clearly serves held-out users best, the first being set; and their NDCG@10."""
    tried = [value, *others]
    worths = [ndcg(scores(one), liked) for one in tried]
    best = clearly_best(worths, ERRORS)
    return tried[best], float(worths[best].mean())


def best_for_all(worths: Sequence[Sequence[NDArray[np.float64]]]) -> int:
    """The place of the value that all targets choose together, by `clearly_best`.

    Args:
        worths: By target and value, what it is worth to each user.
    """
    return clearly_best([np.concatenate(of_all) for of_all in zip(*worths, strict=True)])


def clearly_best(worths: Sequence[NDArray[np.float64]], errors: float = 1.0) -> int:
    """The place of the best of some values, each by what it is worth to each user.

    The first is the one that is set. Another wins over it only by more than so many standard errors
    of its gain, user by user, so that a few users change nothing.
    """
    best = int(np.argmax([worth.mean() if len(worth) else 0.0 for worth in worths]))
    gain = worths[best] - worths[0]
    if best and gain.mean() > errors * gain.std() / np.sqrt(len(gain)):
        return best
    return 0
