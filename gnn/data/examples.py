"""What is learned from: what users did outside a domain, and what they like inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from isthmus.gnn.data.arrays import interests_of, kept
from isthmus.gnn.data.histories import histories, over_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading

# The served sum is over the history's length to this power.
HISTORY_POWER = 0.5


@dataclass(frozen=True)
class Task:
    """To say from the history of some users what they like in a domain.

    Attributes:
        target: The domain.
        users: Indices into the graph's, (users,).
        history: By domain, weights of the history in the served sum, CSR (users, its items).
        interests: Weights of the interests in that sum, CSR (users, interests).
        liked: 1 for each like in the target, CSR (users, its items).
    """

    target: int
    users: NDArray[np.int64]
    history: list[csr_array]
    interests: csr_array
    liked: csr_array

    def __len__(self) -> int:
        return int(self.liked.shape[0])

    def outside(self) -> csr_array:
        """The history over the items of all other domains, domain by domain, (users, items)."""
        others = [part for domain, part in enumerate(self.history) if domain != self.target]
        return csr_array(hstack(others, format="csr"))


def across(
    graph: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    reading: Reading,
    plain: Reading,
    *,
    answers: InterestGraph | None = None,
) -> Task:
    """From outside a domain into it, of those users who have something on both sides.

    Args:
        graph: Gives the histories.
        target: The domain.
        users: Candidates, as indices.
        reading: How the history is read.
        plain: How it was read when interests were derived from it.
        answers: Gives what they like, where that is hidden in `graph`.
    """
    outside = histories(graph, target, users, reading, as_if_cold=True).outside
    liked = likes_of(answers or graph, target, users)
    both = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
    history = csr_array(outside[both])
    told = history
    if reading != plain:
        told = histories(graph, target, users[both], plain, as_if_cold=True).outside
    return Task(
        target=target,
        users=users[both],
        history=_by_domain(graph, over_length(history, HISTORY_POWER)),
        interests=interests_of(graph, told),
        liked=csr_array(liked[both]),
    )


def likes_of(graph: InterestGraph, target: int, users: NDArray[np.int64]) -> csr_array:
    """1 for each like of some users in a domain, float32 CSR (users, its items)."""
    likes = csr_array(graph.interactions[users][:, graph.items_of(target)])
    liked = kept(likes, likes.data > 0)
    liked.data = np.ones_like(liked.data)
    return liked


def _by_domain(graph: InterestGraph, history: csr_array) -> list[csr_array]:
    return [csr_array(history[:, graph.items_of(d)]) for d in range(len(graph.domains))]
