"""The score that the graph serves, from arrays: a weighted sum of signals, each a sum over edges.

`isthmus.gnn.edges.MergeWeights` states the formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import normalize_by_length, split_histories
from isthmus.gnn.edges import MergeWeights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import EdgeList, LearnedEdges


@dataclass(frozen=True)
class Signals:
    """The signals of the served score before the merge, float32.

    Attributes:
        transfer: From the history outside the domain, (users, items of the domain).
        interest: From the users' interests, (users, items of the domain).
        collaborative: From the history inside the domain, (users, items of the domain).
        written: From the users' written interests, (users, items of the domain).
        popularity: Popularity from 0 to 1, (items of the domain,).
        domain_popularity: Weights of the edges from the domain, (items of the domain,).
        no_history: Which users have no history, bool (users,).
    """

    transfer: NDArray[np.float32]
    interest: NDArray[np.float32]
    collaborative: NDArray[np.float32]
    written: NDArray[np.float32]
    popularity: NDArray[np.float32]
    domain_popularity: NDArray[np.float32]
    no_history: NDArray[np.bool_]

    def merge(self, weights: MergeWeights) -> NDArray[np.float32]:
        """Computes the served score as `MergeWeights` states it, float32 (users, items)."""
        score: NDArray[np.float32] = (
            weights.transfer * self.transfer
            + weights.interest * self.interest
            + weights.collaborative * self.collaborative
            + weights.popularity * self.popularity
            + weights.written * self.written
        )
        score[self.no_history] = (
            weights.interest_alone * self.interest[self.no_history]
            + weights.popularity_alone * self.popularity
            + self.domain_popularity
        )
        return score


def compute_signals(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    weighting: HistoryWeighting,
    weights: MergeWeights,
) -> Signals:
    """Computes the signals of some users for all items of a target domain.

    Args:
        graph: Contains the histories.
        learned: The edges.
        target: Index of the target domain.
        users: Indices of the users.
        weighting: Half-life of popularity, and the history limit.
        weights: Half-life and dislike weight of the histories, and the power of their length.
    """
    history = split_histories(
        graph, target, users, weights.history_weighting(weighting.history_limit)
    )
    items = graph.items_of(target)
    outside = normalize_by_length(history.outside, weights.power)
    inside = normalize_by_length(history.inside, weights.power)
    return Signals(
        transfer=sum_edges(outside, learned.transfer, items),
        interest=sum_edges(history.interests, learned.interest, items),
        collaborative=sum_edges(inside, learned.co_liked, items),
        written=sum_edges(history.written, learned.interest, items),
        popularity=graph.popularity(weighting.half_life_days)[items],
        domain_popularity=domain_popularity_scores(graph, learned, target),
        no_history=np.diff(history.outside.indptr) + np.diff(history.inside.indptr) == 0,
    )


def sum_edges(rows: csr_array, edges: EdgeList, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums edges to some items over the sources of each row, float32 (rows, items).

    Args:
        rows: Weights of the sources, CSR (rows, sources).
        edges: Edges from these sources to items of the graph.
        items: Indices of the items.
    """
    if not rows.nnz:  # zeros that take no memory
        return np.broadcast_to(np.float32(0), (rows.shape[0], len(items)))
    item_count = max(int(edges.targets.max(initial=0)), int(items.max(initial=0))) + 1
    entries = (edges.weights, (edges.sources, edges.targets))
    matrix = csr_array(entries, shape=(rows.shape[1], item_count))
    return csr_array(rows @ matrix[:, items]).toarray().astype(np.float32, copy=False)


def domain_popularity_scores(
    graph: InterestGraph, learned: LearnedEdges, target: int
) -> NDArray[np.float32]:
    """Returns the weights of the edges from a domain, float32 (items of the domain,)."""
    domain = csr_array(([np.float32(1)], ([0], [target])), shape=(1, len(graph.domains)))
    scores: NDArray[np.float32] = sum_edges(
        domain, learned.domain_popularity, graph.items_of(target)
    )[0]
    return scores


def score_users(
    graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    weighting: HistoryWeighting,
) -> NDArray[np.float32]:
    """Computes the served score of each item of a target domain for some users.

    Items of a user's history are scored too; the caller has to filter them.

    Args:
        graph: Contains the histories.
        learned: The edges and their merge weights.
        target: Index of the target domain.
        users: Indices of the users.
        weighting: Half-life of popularity, and the history limit.

    Returns:
        float32 (users, items of the target domain).
    """
    weights = learned.merge[graph.domains[target]]
    return compute_signals(graph, learned, target, users, weighting, weights).merge(weights)


def served_ndcg(
    graph: InterestGraph,
    learned: LearnedEdges,
    held_out: Sequence[Examples],
    weighting: HistoryWeighting,
) -> NDArray[np.float64]:
    """Returns NDCG@10 of the served score for each held-out user of all targets, (users,).

    Args:
        graph: The graph without the held-out histories.
        learned: The edges and their merge weights.
        held_out: By target, the held-out examples.
        weighting: Half-life of popularity, and the history limit.
    """
    user_ndcg = [
        ndcg(score_users(graph, learned, part.target, part.users, weighting), part.liked)
        for part in held_out
        if len(part)
    ]
    return np.concatenate([np.zeros(0), *user_ndcg])
