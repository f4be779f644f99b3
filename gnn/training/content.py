"""Keeps content in the served score, where too few users could show that edges serve better.

Before the first generation, users are recommended the items of their interests. A training whose
validation users are too few to compare must not take these away.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import limit_users
from isthmus.gnn.scoring import compute_signals

if TYPE_CHECKING:
    from isthmus.gnn.data import HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import LearnedEdges, MergeWeights

# Standard deviation of the interest signal across the items, as a multiple of that of the rest of
# the score: interests decide, and the rest orders the items of an interest.
CONTENT_SPREAD = 2.0
MAX_USERS = 200


def keep_content(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    weights: MergeWeights,
    weighting: HistoryWeighting,
) -> MergeWeights:
    """Returns merge weights in which the interests of users with a history count.

    Args:
        training_graph: The training graph.
        learned: Edges learned from it.
        target: Index of the target domain.
        weights: The default merge weights. Where interests count in them already, or lead nowhere
            in the domain, they are returned as they are.
        weighting: Half-life of popularity, and the history limit.
    """
    users = np.flatnonzero(np.diff(training_graph.interactions.indptr))
    users = users[:: max(1, len(users) // MAX_USERS)]
    users = limit_users(users, MAX_USERS, training_graph, target)
    if weights.interest or not len(users):
        return weights
    signals = compute_signals(training_graph, learned, target, users, weighting, weights)
    spread = float(signals.interest.std(axis=1).mean())
    rest = float(signals.merge(weights).std(axis=1).mean())
    if not spread or not rest:
        return weights
    return dataclasses.replace(weights, interest=CONTENT_SPREAD * rest / spread)
