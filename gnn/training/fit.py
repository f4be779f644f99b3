"""The training loop of the edge decoder: batches and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from isthmus.gnn.model import EdgeDecoder, make_training_batch, softmax_loss
from isthmus.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples

EPOCHS = 3
BATCH_SIZE = 256
MIN_BATCHES = 16
LEARNING_RATE = 1e-3
AVERAGING_DECAY = 0.97
WEIGHT_DECAY = 1e-4
HISTORY_DROPOUT = 0.3
# Examples of an epoch, shared by the target domains, so that its cost is bounded.
MAX_EXAMPLES_PER_EPOCH = 32_768


def fit_decoder(
    decoder: EdgeDecoder, training_examples: Sequence[Examples], negatives: Sequence[int], seed: int
) -> EdgeDecoder:
    """Trains a decoder, and returns the running mean of its parameters, in evaluation mode.

    The loss is the softmax over the items of the target domain, or over a sample of negatives, of
    the sum over a user's edges. Batches of all target domains are mixed.

    Args:
        decoder: The decoder.
        training_examples: By target domain.
        negatives: By target domain, see `isthmus.gnn.model.make_training_batch`.
        seed: Seed of batches and history dropout.
    """
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    running_mean = get_ema_multi_avg_fn(AVERAGING_DECAY)  # type: ignore[no-untyped-call]
    average = AveragedModel(decoder, multi_avg_fn=running_mean)
    decoder.train()
    epochs = [_shuffled_batches(training_examples, rng) for _ in range(EPOCHS)]
    with progress("training", sum(map(len, epochs)), "batches") as advance:
        for epoch, batches in enumerate(epochs, 1):
            for examples, users in batches:
                batch = make_training_batch(
                    examples, users, rng, HISTORY_DROPOUT, negatives[examples.target]
                )
                loss = softmax_loss(decoder(batch), batch)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                average.update_parameters(decoder)
                advance(1, f"training, epoch {epoch} of {EPOCHS}")
    return cast("EdgeDecoder", average.module.eval())


def _shuffled_batches(
    training_examples: Sequence[Examples], rng: np.random.Generator
) -> list[tuple[Examples, NDArray[np.int64]]]:
    """Returns the batches of an epoch in random order: examples of a domain, and some rows."""
    batches = []
    limit = MAX_EXAMPLES_PER_EPOCH // max(1, sum(len(each) > 0 for each in training_examples))
    for examples in training_examples:
        order = rng.permutation(len(examples))[:limit]
        size = min(BATCH_SIZE, max(1, len(order) // MIN_BATCHES))
        batches += [(examples, order[start : start + size]) for start in range(0, len(order), size)]
    return [batches[position] for position in rng.permutation(len(batches))]
