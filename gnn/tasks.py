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
        scored: The items of the target that are scored; None for all.
        correction: Logarithm of how many items each of these stands for, (scored,); None for all.
        users: The row of each like.
        likes: The item of each like, as a place among those that are scored.
    """

    target: int
    met: list[torch.Tensor]
    weights: list[torch.Tensor]
    scored: torch.Tensor | None
    correction: torch.Tensor | None
    users: torch.Tensor
    likes: torch.Tensor

    def __len__(self) -> int:
        return len(self.weights[0])


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


def batch_of(task: Task, users: NDArray[np.int64]) -> Batch:
    """Some users of a task, asked about all items of its target."""
    return _batch(task, [csr_array(part[users]) for part in task.history], users)


def lesson_of(
    task: Task, users: NDArray[np.int64], rng: np.random.Generator, dropout: float, negatives: int
) -> Batch:
    """Some users of a task to learn from: less is known of them, and fewer items are scored.

    Args:
        task: The task.
        users: Rows of it.
        rng: Draws.
        dropout: Share of each history that is left out.
        negatives: Where the target has more items than this, so many of them are scored beside
            those that these users like, each standing for as many as were not drawn: a sampled
            softmax, as in Bengio and Senécal, "Adaptive importance sampling to accelerate training
            of a neural probabilistic language model", 2008.
    """
    history = _thinned([csr_array(part[users]) for part in task.history], rng, dropout)
    items = task.liked.shape[1]
    if items <= negatives:
        return _batch(task, history, users)
    liked = np.unique(task.liked[users].indices)
    drawn = np.setdiff1d(rng.choice(items, negatives, replace=False), liked)
    scored = np.concatenate([liked, drawn]).astype(np.int64)
    stands_for = (items - len(liked)) / max(len(drawn), 1)
    correction = np.repeat([0.0, np.log(stands_for)], [len(liked), len(drawn)])
    return _batch(task, history, users, scored, correction.astype(np.float32))


def _batch(
    task: Task,
    history: list[csr_array],
    users: NDArray[np.int64],
    scored: NDArray[np.int64] | None = None,
    correction: NDArray[np.float32] | None = None,
) -> Batch:
    met = [np.unique(part.indices).astype(np.int64) for part in history]
    likes = csr_array(task.liked[users]).tocoo()
    liked = likes.col.astype(np.int64)
    if scored is not None:
        place = np.empty(task.liked.shape[1], np.int64)
        place[scored] = np.arange(len(scored))
        liked = place[liked]
    return Batch(
        target=task.target,
        met=[torch.from_numpy(items) for items in met],
        weights=[
            torch.from_numpy(part[:, items].toarray().astype(np.float32))
            for part, items in zip(history, met, strict=True)
        ],
        scored=None if scored is None else torch.from_numpy(scored),
        correction=None if correction is None else torch.from_numpy(correction),
        users=torch.from_numpy(likes.row.astype(np.int64)),
        likes=torch.from_numpy(liked),
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
