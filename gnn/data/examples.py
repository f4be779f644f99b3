"""Training examples: histories outside a domain with the likes inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import derive_interests, select_entries
from isthmus.gnn.data.histories import normalize_by_length, split_histories

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import HistoryWeighting

# The served score divides the sum over a history by the history's length to this power.
HISTORY_EXPONENT = 0.5


@dataclass(frozen=True)
class Examples:
    """Examples for predicting the likes of users in a target domain, one per user.

    Attributes:
        target: Index of the target domain.
        users: Indices of the graph's users, (users,).
        history: n^-1/2 a(u, i), the history outside the domain as the served score weighs it, CSR
            (users, items of the graph).
        history_by_domain: The same by domain, CSR (users, its items).
        interests: Weights of the interests in the served score, CSR (users, interests).
        liked: 1 for each like in the target domain, CSR (users, its items).
    """

    target: int
    users: NDArray[np.int64]
    history: csr_array
    history_by_domain: list[csr_array]
    interests: csr_array
    liked: csr_array

    def __len__(self) -> int:
        return int(self.liked.shape[0])


def build_examples(
    graph: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    weighting: HistoryWeighting,
    interest_weighting: HistoryWeighting,
    *,
    label_graph: InterestGraph | None = None,
) -> Examples:
    """Builds the examples of those users who have a history outside a domain and likes inside it.

    Args:
        graph: Contains the histories.
        target: Index of the target domain.
        users: Indices of the users to consider.
        weighting: Weighting of the histories.
        interest_weighting: Weighting of the histories that interests are derived from.
        label_graph: Contains the likes to predict, where they are hidden in `graph`.
    """
    outside = split_histories(graph, target, users, weighting, as_if_cold=True).outside
    liked = domain_likes(label_graph or graph, target, users)
    both = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
    history = csr_array(outside[both])
    interest_history = history
    if weighting != interest_weighting:
        interest_history = split_histories(
            graph, target, users[both], interest_weighting, as_if_cold=True
        ).outside
    normalised = normalize_by_length(history, HISTORY_EXPONENT)
    return Examples(
        target=target,
        users=users[both],
        history=normalised,
        history_by_domain=[
            csr_array(normalised[:, graph.items_of(d)]) for d in range(len(graph.domains))
        ],
        interests=derive_interests(graph, interest_history),
        liked=csr_array(liked[both]),
    )


def domain_likes(graph: InterestGraph, target: int, users: NDArray[np.int64]) -> csr_array:
    """Returns 1 for each like of some users in a domain, float32 CSR (users, its items)."""
    likes = csr_array(graph.interactions[users][:, graph.items_of(target)])
    liked = select_entries(likes, likes.data > 0)
    liked.data = np.ones_like(liked.data)
    return liked
