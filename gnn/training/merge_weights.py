"""What each signal counts in the served score, as held-out users say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.splits import few_enough
from isthmus.gnn.edges.learned import MergeWeights
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.scoring import Signals, signals, summed, to_newcomers
from isthmus.gnn.selection import ERRORS, best_for_all, clearly_best

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.examples import Task
    from isthmus.gnn.data.histories import Reading
    from isthmus.gnn.edges.learned import LearnedEdges

POPULARITY_TRIED = (0.0, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0, 8.0)
# Beside a history, interests count only where they clearly serve people better.
INTEREST_TRIED = (0.25, 0.5, 1.0, 2.0)
# For those who only wrote: how much more the domain's own edges set items apart than interests do.
NEWCOMER_LEADS = 4.0
ALONE_TRIED = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
WARM_USERS = 1000
COLLABORATIVE_SET = 4.0
COLLABORATIVE_TRIED = (0.0, 1.0, 2.0, 8.0, 16.0, 32.0, 64.0)
Tried = TypeVar("Tried")


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
