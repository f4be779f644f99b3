"""The score that the graph serves, from arrays: the sum over edges, signal by signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.histories import histories, over_length
from isthmus.gnn.edges.learned import MergeWeights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.examples import Task
    from isthmus.gnn.data.histories import Reading
    from isthmus.gnn.edges.edge_list import Edges
    from isthmus.gnn.edges.learned import LearnedEdges


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
