"""What people who did nothing yet are led to: edges from each domain to what all like in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from gnn.closed_form import LIKES_POWER
from gnn.data import Edges
from gnn.merge import ERRORS, best_for_all, clearly_best
from gnn.metrics import ndcg
from gnn.reading import half_lives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph, Reading
    from gnn.tasks import Task

logger = logging.getLogger("isthmus")

# The edges that leave a domain, at most: more than anybody reads on.
NEWCOMER_EDGES = 400


def liked_by_all(graph: InterestGraph, half_life_days: float) -> NDArray[np.float32]:
    """How much all like each item, from 0 to 1 for the best liked of its domain, (items,).

    It is the mean of what the closed form learns from: users with many likes count less for each of
    them, so that the few who like much do not drown the others. Likes decay from the newest of the
    domain.
    """
    return graph.over_most(graph.likes(half_life_days, LIKES_POWER))


def newcomer_edges(graph: InterestGraph, half_life_days: Mapping[str, float]) -> Edges:
    """The strongest edges from each domain to its items, as `liked_by_all` weighs them.

    Args:
        graph: What is learned from.
        half_life_days: By domain.
    """
    sources, targets, weights = [], [], []
    liked = {days: liked_by_all(graph, days) for days in set(half_life_days.values())}
    for domain, name in enumerate(graph.domains):
        items = graph.items_of(domain)
        weight = liked[half_life_days[name]][items]
        best = np.argsort(-weight, kind="stable")[:NEWCOMER_EDGES]
        best = best[weight[best] > 0]
        sources.append(np.full(len(best), domain))
        targets.append(items[best])
        weights.append(weight[best])
    return Edges(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights))


def best_half_lives(
    known: InterestGraph, exams: Sequence[Task], reading: Reading
) -> dict[str, float]:
    """By domain the half-life in days by which what all like is most what held-out users like.

    It is not that of histories: what somebody likes may change in a year, while what everybody
    likes stays for ten, as films do, or for a day, as news. The targets choose one together, as in
    `gnn.reading.best_reading`; a target has another where that is clearly better for its own users.

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
