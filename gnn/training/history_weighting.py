"""How histories are best read, said by users left out one at a time."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data.examples import across
from isthmus.gnn.data.histories import half_lives
from isthmus.gnn.data.splits import sample
from isthmus.gnn.model.kernel_ridge import left_out
from isthmus.gnn.selection import clearly_best

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading

logger = logging.getLogger("isthmus")

DISLIKES_TRIED = (0.0, -0.5, -1.0)
USERS = 1000


def best_reading(known: InterestGraph, reading: Reading, seed: int) -> Reading:
    """The half-life and what a dislike counts that tell most about the users of all targets.

    The closed form judges, which learns with each reading what that reading is good for. The
    targets choose together, since few users of one would choose by chance.

    Args:
        known: The graph to learn from.
        reading: As it is set; another must be clearly better.
        seed: Of the sample of users where there are many.
    """
    likes = known.likes(reading.half_life_days)
    everybody = np.arange(len(known.users))

    def worth(tried: Reading) -> NDArray[np.float64]:
        values = [np.zeros(0)]
        for target in range(len(known.domains)):
            lesson = across(known, target, everybody, tried, reading)
            asked = sample(len(lesson), seed, USERS)
            values.append(left_out(lesson, likes[known.items_outside(target)], asked))
        return np.concatenate(values)

    best = reading
    tried = half_lives(known, reading)
    if len(tried) > 1:
        best = tried[clearly_best([worth(one) for one in tried])]
    if (known.interactions.data < 0).any():
        tried = [best, *(dataclasses.replace(best, dislike=counts) for counts in DISLIKES_TRIED)]
        best = tried[clearly_best([worth(one) for one in tried])]
    if best != reading:
        logger.info(
            "training: a half-life of %g days, a dislike counts %g",
            best.half_life_days,
            best.dislike,
        )
    return best
