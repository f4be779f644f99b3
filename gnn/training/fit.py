"""The training loop of the edge decoders: batches, loss and early stopping."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model import DecoderEnsemble, make_batch, make_training_batch, softmax_loss
from isthmus.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples

logger = logging.getLogger("isthmus")

MAX_EPOCHS = 12
DEFAULT_EPOCHS = 3
PATIENCE = 2
BATCH_SIZE = 256
MIN_BATCHES = 16
LEARNING_RATE = 1e-3
AVERAGING_RATE = 0.03
WEIGHT_DECAY = 1e-4
HISTORY_DROPOUT = 0.3
# An epoch uses so many users of a target domain, so that its cost is bounded.
MAX_USERS_PER_EPOCH = 16_384


def fit_decoders(
    decoders: DecoderEnsemble,
    training_examples: Sequence[Examples],
    negatives: Sequence[int],
    seed: int,
    validation_examples: Sequence[Examples] = (),
    epochs: int = 0,
) -> int:
    """Trains decoders, with early stopping where there are validation users; returns the epochs.

    The loss of each decoder is the softmax over the items of the target domain, or over a sample of
    negatives, of the served score: the sum over a user's edges. Validation and the result use a
    running mean of the parameters, which is less noisy than the parameters themselves. Batches of
    all target domains are mixed.

    Args:
        decoders: The decoders, left with the best parameters and in evaluation mode.
        training_examples: By target domain.
        negatives: By target domain, see `isthmus.gnn.model.make_training_batch`.
        seed: Seed of batches and history dropout.
        validation_examples: By target domain; without any, the number of epochs is fixed.
        epochs: Number of epochs without validation examples; 0 for the default.
    """
    rng = np.random.default_rng(seed)
    early_stopping = any(map(len, validation_examples))
    optimiser = torch.optim.AdamW(
        decoders.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
    )
    average = copy.deepcopy(decoders)
    best, best_ndcg, best_epoch = average.state_dict(), -1.0, 0
    epochs = MAX_EPOCHS if early_stopping else epochs or DEFAULT_EPOCHS
    batches = epochs * sum(map(_batch_count, training_examples))
    with progress("training", batches, "batches") as advance:
        for epoch in range(1, 1 + epochs):
            decoders.train()
            for examples, users in _shuffled_batches(training_examples, rng):
                batch = make_training_batch(
                    examples, users, rng, HISTORY_DROPOUT, negatives[examples.target]
                )
                losses = [softmax_loss(decoder(batch), batch) for decoder in decoders.decoders()]
                optimiser.zero_grad()
                torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                _update_average(average, decoders)
                advance(1, f"training, epoch {epoch} of {epochs}")
            epoch_ndcg = _validation_ndcg(average, validation_examples)
            if epoch_ndcg > best_ndcg or not early_stopping:
                best, best_ndcg, best_epoch = copy.deepcopy(average.state_dict()), epoch_ndcg, epoch
            if epoch - best_epoch >= PATIENCE:
                break
    if early_stopping:
        logger.info(
            "training: NDCG@10 of validation users %.4f after epoch %d", best_ndcg, best_epoch
        )
    decoders.load_state_dict(best)
    decoders.eval()
    return best_epoch


@torch.no_grad()
def _update_average(average: DecoderEnsemble, decoders: DecoderEnsemble) -> None:
    """Updates the running mean of the parameters."""
    for mean, value in zip(average.parameters(), decoders.parameters(), strict=True):
        mean.lerp_(value, AVERAGING_RATE)


def _batch_size(examples: Examples) -> int:
    return min(BATCH_SIZE, max(1, len(examples) // MIN_BATCHES))


def _batch_count(examples: Examples) -> int:
    """Number of batches of a target domain in an epoch."""
    return math.ceil(min(len(examples), MAX_USERS_PER_EPOCH) / _batch_size(examples))


def _shuffled_batches(
    training_examples: Sequence[Examples], rng: np.random.Generator
) -> Iterator[tuple[Examples, NDArray[np.int64]]]:
    """Yields the batches of an epoch in random order: examples of a domain, and some rows."""
    batches = []
    for examples in training_examples:
        size = _batch_size(examples)
        order = rng.permutation(len(examples))[:MAX_USERS_PER_EPOCH]
        batches += [(examples, order[start : start + size]) for start in range(0, len(order), size)]
    for position in rng.permutation(len(batches)):
        yield batches[position]


def _validation_ndcg(decoders: DecoderEnsemble, validation_examples: Sequence[Examples]) -> float:
    """NDCG@10 over unpruned edges, the mean over the domains that have validation users."""
    decoders.eval()
    domain_ndcg = []
    with torch.no_grad():
        for examples in validation_examples:
            if len(examples):
                scores = decoders(make_batch(examples, np.arange(len(examples)))).numpy()
                domain_ndcg.append(ndcg(scores, examples.liked).mean())
    return float(np.mean(domain_ndcg)) if domain_ndcg else 0.0
