"""The epochs of the edge decoder: batches, loss, and when to stop."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.batches import batch_of, lesson_of
from isthmus.gnn.model.edge_decoder import Decoders, softmax_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.examples import Task

logger = logging.getLogger("isthmus")

EPOCHS = 12
EPOCHS_UNWATCHED = 3
PATIENCE = 2
BATCH = 256
LEAST_BATCHES = 16
LEARNING_RATE = 1e-3
NEWEST_SHARE = 0.03
WEIGHT_DECAY = 1e-4
HISTORY_DROPOUT = 0.3
# An epoch passes over so many users of a lesson at most, so that many more of them cost no more.
USERS_AN_EPOCH = 16_384


def fit(
    decoders: Decoders,
    lessons: Sequence[Task],
    negatives: Sequence[int],
    seed: int,
    exams: Sequence[Task] = (),
    epochs: int = 0,
) -> int:
    """Teaches decoders until held-out users gain no more, or for so long, and says for how long.

    The loss of each is the softmax over the items of the target, or over a sample of so many
    negatives, in the form in which the graph answers: the sum over a user's edges. What is graded
    and kept is a running mean of the parameters, which wavers less than they do. Lessons of all
    targets are mixed.

    Args:
        decoders: What is taught; left at its best.
        lessons: A task for each domain as a target.
        negatives: By target, see `isthmus.gnn.model.batches.lesson_of`.
        seed: Of batches and dropout.
        exams: Held-out users by target; where there are none, nobody says when to stop.
        epochs: How long where nobody does; 0 for the default.
    """
    rng = np.random.default_rng(seed)
    watched = any(map(len, exams))
    optimiser = torch.optim.AdamW(
        decoders.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
    )
    average = copy.deepcopy(decoders)
    best, reached, at = average.state_dict(), -1.0, 0
    for epoch in range(1, 1 + (EPOCHS if watched else epochs or EPOCHS_UNWATCHED)):
        decoders.train()
        for task, users in _shuffled(lessons, rng):
            batch = lesson_of(task, users, rng, HISTORY_DROPOUT, negatives[task.target])
            losses = [softmax_loss(decoder(batch), batch) for decoder in decoders.each()]
            loss = torch.stack(losses).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            with torch.no_grad():
                for mean, now in zip(average.parameters(), decoders.parameters(), strict=True):
                    mean.lerp_(now, NEWEST_SHARE)
        grade = _grade(average, exams)
        said = f": NDCG@10 of validation users {grade:.4f}" if watched else ""
        logger.info("training, epoch %d%s", epoch, said)
        if grade > reached or not watched:
            best, reached, at = copy.deepcopy(average.state_dict()), grade, epoch
        if epoch - at >= PATIENCE:
            break
    decoders.load_state_dict(best)
    decoders.eval()
    return at


def _shuffled(
    lessons: Sequence[Task], rng: np.random.Generator
) -> Iterator[tuple[Task, NDArray[np.int64]]]:
    """The batches of an epoch in random order: a task, and some of its users."""
    batches = []
    for task in lessons:
        size = min(BATCH, max(1, len(task) // LEAST_BATCHES))
        order = rng.permutation(len(task))[:USERS_AN_EPOCH]
        batches += [(task, order[start : start + size]) for start in range(0, len(order), size)]
    for place in rng.permutation(len(batches)):
        yield batches[place]


def _grade(decoders: Decoders, exams: Sequence[Task]) -> float:
    """NDCG@10 of validation users over unpruned edges, the mean over the targets that have any."""
    decoders.eval()
    grades = []
    with torch.no_grad():
        for exam in exams:
            if len(exam):
                scores = decoders(batch_of(exam, np.arange(len(exam)))).numpy()
                grades.append(ndcg(scores, exam.liked).mean())
    return float(np.mean(grades)) if grades else 0.0
