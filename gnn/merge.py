"""The score that the graph serves: the sum over edges, and what each kind of edge counts in it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_array

from gnn.data import MergeWeights, histories, over_length
from gnn.metrics import ndcg
from gnn.splits import few_enough

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from gnn.data import Edges, InterestGraph, LearnedEdges, Reading
    from gnn.tasks import Task

POPULARITY_TRIED = (0.0, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0, 8.0)
# Beside a history, interests count only where they clearly serve people better.
INTEREST_TRIED = (0.25, 0.5, 1.0, 2.0)
# For those who only wrote: how much more the domain's own edges set items apart than interests do.
NEWCOMER_LEADS = 4.0
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

    But popularity and what newcomers are led to are of the items alone, (items of the target,), and
    `alone`, (users,), says who has no history.
    """

    transfer: NDArray[np.float32]
    interest: NDArray[np.float32]
    collaborative: NDArray[np.float32]
    popularity: NDArray[np.float32]
    newcomer: NDArray[np.float32]
    alone: NDArray[np.bool_]

    def merged(self, weights: MergeWeights) -> NDArray[np.float32]:
        """The score as `MergeWeights` states it."""
        score: NDArray[np.float32] = (
            weights.transfer * self.transfer
            + weights.interest * self.interest
            + weights.collaborative * self.collaborative
            + weights.popularity * self.popularity
        )
        score[self.alone] = (
            weights.interest_alone * self.interest[self.alone]
            + weights.popularity_alone * self.popularity
            + self.newcomer
        )
        return score


def signals(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    reading: Reading,
    weights: MergeWeights,
) -> Signals:
    """What each kind of edge says to some users about the items of a target domain.

    Args:
        graph: Gives the histories.
        learned: The edges.
        target: The domain.
        users: Indices.
        reading: How popularity reads the past, and how long a history is read.
        weights: How it is read otherwise.
    """
    history = histories(graph, target, users, weights.reading(reading.history_limit))
    items = graph.items_of(target)
    outside = over_length(history.outside, weights.power)
    inside = over_length(history.inside, weights.power)
    return Signals(
        transfer=summed(outside, learned.transfer, items),
        interest=summed(history.interests, learned.interest, items),
        collaborative=summed(inside, learned.co_liked, items),
        popularity=graph.popularity(reading.half_life_days)[items],
        newcomer=to_newcomers(graph, learned, target),
        alone=np.diff(history.outside.indptr) + np.diff(history.inside.indptr) == 0,
    )


def summed(rows: csr_array, edges: Edges, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the sources in each row lead to, over some items, float32 (rows, items)."""
    most = max(int(edges.targets.max(initial=0)), int(items.max(initial=0))) + 1
    ends = (edges.weights, (edges.sources, edges.targets))
    total = csr_array(rows @ csr_array(ends, shape=(rows.shape[1], most))[:, items])
    return total.toarray().astype(np.float32, copy=False)


def to_newcomers(graph: InterestGraph, learned: LearnedEdges, target: int) -> NDArray[np.float32]:
    """What a domain itself leads to, float32 (items of the domain,)."""
    domain = csr_array(([np.float32(1)], ([0], [target])), shape=(1, len(graph.domains)))
    newcomer: NDArray[np.float32] = summed(domain, learned.newcomer, graph.items_of(target))[0]
    return newcomer


def served_scores(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    reading: Reading,
) -> NDArray[np.float32]:
    """What the graph answers: the score of each item of a target domain for some users.

    Items that a user has met are scored too; leaving them out is the caller's.

    Returns:
        float32 (users, items of the target domain).
    """
    weights = learned.merge[graph.domains[target]]
    return signals(graph, learned, target, users, reading, weights).merged(weights)


def served_worth(
    known: InterestGraph, learned: LearnedEdges, exams: Sequence[Task], reading: Reading
) -> NDArray[np.float64]:
    """NDCG@10 of each of the users whose history in a target is hidden, as the graph answers."""
    worths = [
        ndcg(served_scores(known, learned, exam.target, exam.users, reading), exam.liked)
        for exam in exams
        if len(exam)
    ]
    return np.concatenate([np.zeros(0), *worths])


def cold_merge(
    known: InterestGraph,
    learned: LearnedEdges,
    exam: Task,
    weights: MergeWeights,
    reading: Reading,
) -> tuple[MergeWeights, float]:
    """What popularity and interests count against a transfer of 1, and the NDCG@10 reached.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        exam: Users whose history in the target is hidden from that graph.
        weights: As they are set before validation.
        reading: How popularity reads the past, and how long a history is read.
    """
    if not len(exam):
        return weights, 0.0
    parts = signals(known, learned, exam.target, exam.users, reading, weights)
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
    for. The targets choose together, since few users of one would choose by chance, and begin where
    what newcomers are led to sets items apart more than interests do: texts tell less of a taste.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        exams: Users whose history in a target is hidden from that graph.
        merge: By name of the target, weights of the other signals.
    """
    tried, worths = {}, []
    for exam in filter(len, exams):
        newcomer = to_newcomers(known, learned, exam.target)
        interest = summed(exam.interests, learned.interest, known.items_of(exam.target))
        if newcomer.any() and interest.any():
            first = float(newcomer.std() / interest.std()) / NEWCOMER_LEADS
            values = [first * factor for factor in (1.0, *ALONE_TRIED)]
            worths.append([ndcg(newcomer + value * interest, exam.liked) for value in values])
            tried[known.domains[exam.target]] = values
    if not worths:
        return dict(merge)
    best = best_for_all(worths)
    alone = {
        name: dataclasses.replace(merge[name], interest_alone=values[best])
        for name, values in tried.items()
    }
    return {**merge, **alone}


def warm_merge(
    known: InterestGraph,
    learned: LearnedEdges,
    weights: MergeWeights,
    target: int,
    hidden: csr_array,
    reading: Reading,
) -> tuple[MergeWeights, float]:
    """The same weights with what the collaborative edges count, and the NDCG@10 reached.

    Args:
        known: The graph that was learned from.
        learned: The edges.
        weights: Of the other signals.
        target: The domain.
        hidden: Likes of users who keep others in the target, hidden from that graph, CSR (users,
            items).
        reading: How popularity reads the past, and how long a history is read.
    """
    users = few_enough(np.flatnonzero(np.diff(hidden.indptr)), WARM_USERS, known, target)
    if not len(users):
        return weights, 0.0
    items = known.items_of(target)
    parts = signals(known, learned, target, users, reading, weights)
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
