"""What the decoder learns from: what users did, and what they like in one domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array, hstack

from gnn.data import histories, interests_of, kept, over_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading

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


@dataclass(frozen=True)
class Batch:
    """Some users of a task as dense tensors over the items that they have met.

    Attributes:
        target: The domain.
        met: By domain, the items that at least one of them has met.
        weights: By domain, float32 (users, met).
        interests: Float32 (users, interests).
        users: The row of each like.
        likes: The item of each like, within the target.
    """

    target: int
    met: list[torch.Tensor]
    weights: list[torch.Tensor]
    interests: torch.Tensor
    users: torch.Tensor
    likes: torch.Tensor


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
    outside = histories(graph, target, users, reading).outside
    liked = likes_of(answers or graph, target, users)
    both = np.flatnonzero((np.diff(outside.indptr) > 0) & (np.diff(liked.indptr) > 0))
    history = csr_array(outside[both])
    told = history if reading == plain else histories(graph, target, users[both], plain).outside
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


def batch_of(
    task: Task,
    users: NDArray[np.int64],
    rng: np.random.Generator | None = None,
    dropout: float = 0.0,
) -> Batch:
    """Some users of a task; with dropout, a share of each history is left out at random."""
    history = [csr_array(part[users]) for part in task.history]
    if rng is not None:
        history = _thinned(history, rng, dropout)
    interests = torch.from_numpy(task.interests[users].toarray())
    return _batch(task.target, history, interests, csr_array(task.liked[users]))


def _batch(
    target: int, history: list[csr_array], interests: torch.Tensor, liked: csr_array
) -> Batch:
    met = [np.unique(part.indices).astype(np.int64) for part in history]
    likes = liked.tocoo()
    return Batch(
        target=target,
        met=[torch.from_numpy(items) for items in met],
        weights=[
            torch.from_numpy(part[:, items].toarray().astype(np.float32))
            for part, items in zip(history, met, strict=True)
        ],
        interests=interests,
        users=torch.from_numpy(likes.row.astype(np.int64)),
        likes=torch.from_numpy(likes.col.astype(np.int64)),
    )


def _thinned(history: list[csr_array], rng: np.random.Generator, dropout: float) -> list[csr_array]:
    """Histories without a share of their entries, which grow as the served sum would have them."""
    thin = [kept(part, rng.random(part.nnz) >= dropout) for part in history]
    before = np.sum([np.diff(part.indptr) for part in history], axis=0)
    after = np.sum([np.diff(part.indptr) for part in thin], axis=0)
    growth = ((before / np.maximum(after, 1)) ** HISTORY_POWER).astype(np.float32)
    for part in thin:
        part.data = part.data * np.repeat(growth, np.diff(part.indptr))
    return thin
