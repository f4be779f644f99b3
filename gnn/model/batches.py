"""Batches of training examples: some users as dense tensors for the edge decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.data import HISTORY_EXPONENT, Examples, select_entries

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Some users as dense tensors over the items of their histories.

    Attributes:
        target: The target domain.
        history_items: By domain, the items that occur in the history of at least one user.
        history_weights: By domain, float32 (users, history items).
        scored: The items of the target domain that are scored; None for all.
        correction: Logarithm of how many items each scored item stands for, (scored,); None where
            all items are scored.
        users: The row of each like.
        likes: The item of each like, as a position among the scored items.
    """

    target: int
    history_items: list[torch.Tensor]
    history_weights: list[torch.Tensor]
    scored: torch.Tensor | None
    correction: torch.Tensor | None
    users: torch.Tensor
    likes: torch.Tensor

    def __len__(self) -> int:
        return len(self.history_weights[0])


def make_training_batch(
    examples: Examples,
    users: NDArray[np.int64],
    rng: np.random.Generator,
    dropout: float,
    negatives: int,
) -> Batch:
    """Builds a training batch, with history dropout and, in a large domain, sampled negatives.

    Args:
        examples: Training examples.
        users: Rows of the examples.
        rng: Source of the random draws.
        dropout: Share of each history that is dropped.
        negatives: Where the target domain has more items than this, so many of them are scored
            beside those that these users like, each standing for as many as were not drawn: a
            sampled softmax, as in Bengio and Senécal, "Adaptive importance sampling to accelerate
            training of a neural probabilistic language model", 2008.
    """
    history = _drop_interactions(
        [csr_array(part[users]) for part in examples.history_by_domain], rng, dropout
    )
    items = examples.liked.shape[1]
    if items <= negatives:
        return _batch(examples, history, users)
    liked = np.unique(examples.liked[users].indices)
    sampled = np.setdiff1d(rng.choice(items, negatives, replace=False), liked)
    scored = np.concatenate([liked, sampled]).astype(np.int64)
    stands_for = (items - len(liked)) / max(len(sampled), 1)
    correction = np.repeat([0.0, np.log(stands_for)], [len(liked), len(sampled)])
    return _batch(examples, history, users, scored, correction.astype(np.float32))


def _batch(
    examples: Examples,
    history: list[csr_array],
    users: NDArray[np.int64],
    scored: NDArray[np.int64] | None = None,
    correction: NDArray[np.float32] | None = None,
) -> Batch:
    history_items = [np.unique(part.indices).astype(np.int64) for part in history]
    likes = csr_array(examples.liked[users]).tocoo()
    liked = likes.col.astype(np.int64)
    if scored is not None:
        position = np.empty(examples.liked.shape[1], np.int64)
        position[scored] = np.arange(len(scored))
        liked = position[liked]
    return Batch(
        target=examples.target,
        history_items=[torch.from_numpy(items) for items in history_items],
        history_weights=[
            torch.from_numpy(part[:, items].toarray().astype(np.float32))
            for part, items in zip(history, history_items, strict=True)
        ],
        scored=None if scored is None else torch.from_numpy(scored),
        correction=None if correction is None else torch.from_numpy(correction),
        users=torch.from_numpy(likes.row.astype(np.int64)),
        likes=torch.from_numpy(liked),
    )


def _drop_interactions(
    history: list[csr_array], rng: np.random.Generator, dropout: float
) -> list[csr_array]:
    """Drops a random share of each history and rescales the rest to its shorter length."""
    thinned = [select_entries(part, rng.random(part.nnz) >= dropout) for part in history]
    before = np.sum([np.diff(part.indptr) for part in history], axis=0)
    after = np.sum([np.diff(part.indptr) for part in thinned], axis=0)
    growth = ((before / np.maximum(after, 1)) ** HISTORY_EXPONENT).astype(np.float32)
    for part in thinned:
        part.data = part.data * np.repeat(growth, np.diff(part.indptr))
    return thinned
