"""Weights written interests beside a history, the merge weight `written`.

A history usually predicts a user's likes better than the user's texts do, so that by NDCG@10 alone
texts would hardly count. But users who write what they like expect to see it in the next answer.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import limit_users
from isthmus.gnn.scoring import compute_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import LearnedEdges, MergeWeights

# Standard deviation, across the items, of the written signal of one praising text about one
# interest, as a multiple of that of the rest of the score.
WRITTEN_SPREAD = 0.5
MAX_USERS = 200


def weight_written(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    merge: Mapping[str, MergeWeights],
    weighting: HistoryWeighting,
) -> dict[str, MergeWeights]:
    """Returns merge weights in which what a user wrote counts `WRITTEN_SPREAD`.

    Args:
        training_graph: The training graph.
        learned: Edges learned from it.
        merge: Merge weights by name of the target domain.
        weighting: Half-life of popularity, and the history limit.
    """
    return {
        name: dataclasses.replace(
            merge[name],
            written=WRITTEN_SPREAD
            * written_unit(training_graph, learned, target, merge[name], weighting),
        )
        for target, name in enumerate(training_graph.domains)
    }


def written_unit(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    weights: MergeWeights,
    weighting: HistoryWeighting,
) -> float:
    """Returns the weight at which a text varies as much across the items as the rest of the score.

    That is the mean standard deviation of the score without texts, over some users with a history,
    divided by the mean standard deviation of the edges of one interest; 0 where no interest leads
    into the domain.
    """
    items = training_graph.items_of(target)
    shape = (len(training_graph.interests), len(training_graph.items))
    entries = (learned.interest.weights, (learned.interest.sources, learned.interest.targets))
    edges = csr_array(csr_array(entries, shape=shape)[:, items])
    edges = csr_array(edges[np.flatnonzero(np.diff(edges.indptr))])
    if not edges.nnz:
        return 0.0
    means: NDArray[np.float64] = np.asarray(edges.mean(axis=1)).ravel()
    squares: NDArray[np.float64] = np.asarray((edges * edges).mean(axis=1)).ravel()
    text_spread = float(np.sqrt(np.maximum(squares - means**2, 0)).mean())
    users = np.flatnonzero(np.diff(training_graph.interactions.indptr))
    users = users[:: max(1, len(users) // MAX_USERS)]
    users = limit_users(users, MAX_USERS, training_graph, target)
    if not len(users) or not text_spread:
        return 0.0
    signals = compute_signals(training_graph, learned, target, users, weighting, weights)
    rest = signals.merge(dataclasses.replace(weights, written=0.0))
    return float(rest.std(axis=1).mean()) / text_spread
