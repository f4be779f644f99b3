"""Some users of a task as dense tensors: what the edge decoder is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import kept
from isthmus.gnn.data.examples import HISTORY_POWER, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
