"""How the past is best read, said by users left out one at a time and by held-out ones."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np

from gnn.closed_form import left_out
from gnn.merge import ERRORS, best_for_all, clearly_best
from gnn.metrics import ndcg
from gnn.splits import sample
from gnn.tasks import across

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading
    from gnn.tasks import Task

logger = logging.getLogger("isthmus")

# Times the half-life that is set; the last is as good as no decay.
HALF_LIVES_TRIED = (0.25, 4.0, 100.0)
DISLIKES_TRIED = (0.0, -0.5, -1.0)
USERS = 1000


def half_lives(graph: InterestGraph, reading: Reading) -> list[Reading]:
    """A reading as it is set, and with other half-lives where interactions are dated."""
    if np.isnan(graph.last_at).all():
        return [reading]
    halves = [factor * reading.half_life_days for factor in HALF_LIVES_TRIED]
    return [reading, *(dataclasses.replace(reading, half_life_days=days) for days in halves)]


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


def best_popularity(
    known: InterestGraph, exams: Sequence[Task], reading: Reading
) -> dict[str, float]:
    """By domain the half-life in days by which what is popular is most what held-out users like.

    It is not that of histories: what somebody likes may change in a year, while what everybody
    likes stays for ten, as films do, or for a day, as news. The targets choose one together, as in
    `best_reading`; a target has another where that is clearly better for its own users.

    Args:
        known: The graph to learn from.
        exams: By domain as a target, users whose history in it is hidden from that graph.
        reading: As it is set; another half-life must be clearly better.
    """
    tried = [one.half_life_days for one in half_lives(known, reading)]
    if len(tried) == 1:
        return dict.fromkeys(known.domains, tried[0])

    def worth(popularity: NDArray[np.float32], exam: Task) -> NDArray[np.float64]:
        scores = np.tile(popularity[known.items_of(exam.target)], (len(exam), 1))
        return ndcg(scores, exam.liked)

    popularities = [known.popularity(days) for days in tried]
    worths = [[worth(popularity, exam) for popularity in popularities] for exam in exams]
    order = [best_for_all(worths), *range(len(tried))]
    found = {}
    for exam, own in zip(exams, worths, strict=True):
        best = order[clearly_best([own[k] for k in order], ERRORS)]
        found[known.domains[exam.target]] = tried[best]
    if set(found.values()) != {reading.half_life_days}:
        said = ", ".join(f"{name} {days:g}" for name, days in found.items())
        logger.info("training: half-lives of popularity in days: %s", said)
    return found
