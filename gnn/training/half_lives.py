"""By which half-life what all like is most what held-out users like."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data.histories import half_lives
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.domain_popularity import liked_by_all
from isthmus.gnn.selection import ERRORS, best_for_all, clearly_best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.examples import Task
    from isthmus.gnn.data.histories import Reading

logger = logging.getLogger("isthmus")


def best_half_lives(
    known: InterestGraph, exams: Sequence[Task], reading: Reading
) -> dict[str, float]:
    """By domain the half-life in days by which what all like is most what held-out users like.

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

    def worth(liked: NDArray[np.float32], exam: Task) -> NDArray[np.float64]:
        scores = np.tile(liked[known.items_of(exam.target)], (len(exam), 1))
        return ndcg(scores, exam.liked)

    liked = [liked_by_all(known, days) for days in tried]
    worths = [[worth(one, exam) for one in liked] for exam in exams]
    order = [best_for_all(worths), *range(len(tried))]
    found = {}
    for exam, own in zip(exams, worths, strict=True):
        best = order[clearly_best([own[k] for k in order], ERRORS)]
        found[known.domains[exam.target]] = tried[best]
    if set(found.values()) != {reading.half_life_days}:
        said = ", ".join(f"{name} {days:g}" for name, days in found.items())
        logger.info("training: half-lives in days of what all like: %s", said)
    return found
