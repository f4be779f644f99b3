"""Popularity of the items of a target domain, and the half-life of its likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import domain_likes, sample_rows
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.kernel import MIN_TUNING_USERS, likers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

MAX_USERS = 2_000


@dataclass(frozen=True)
class Popularity:
    """Popularity of the items of a target domain, from 0 to 1.

    Attributes:
        values: As it is served, float32 (targets,).
        without_one: As it would be if one user less liked the item, float32 (targets,).
    """

    values: NDArray[np.float32]
    without_one: NDArray[np.float32]


def compute_popularity(graph: InterestGraph, target: int, half_life_days: float) -> Popularity:
    """Computes the popularity of the items of a target domain.

    Args:
        graph: The graph.
        target: Index of the target domain.
        half_life_days: Age at which a dated like counts half.
    """
    items = graph.items_of(target)
    likes = graph.like_counts(half_life_days)[items]
    users = np.maximum(graph.like_counts(np.inf)[items], 1)
    values = graph.popularity(half_life_days)[items]
    remaining = np.log1p(likes * (1 - 1 / users)) / np.maximum(np.log1p(likes), 1e-12)
    return Popularity(values, (values * remaining).astype(np.float32))


def select_half_life(
    graph: InterestGraph, target: int, half_lives: Sequence[float], seed: int
) -> float:
    """Returns the half-life with which popularity alone predicts likes best, in days.

    By NDCG@10 of users with likes in the domain, the popularity of what a user likes being that
    without him. With fewer than `MIN_TUNING_USERS` it is the first half-life.
    """
    liked = domain_likes(graph, target, np.arange(len(graph.users)))
    users = np.flatnonzero(np.diff(liked.indptr))
    if len(users) < MIN_TUNING_USERS or len(half_lives) == 1:
        return half_lives[0]
    liked = csr_array(liked[users[sample_rows(len(users), seed, MAX_USERS)]])
    by_half_life = []
    for days in half_lives:
        popularity = compute_popularity(graph, target, days)
        scores = np.tile(popularity.values, (liked.shape[0], 1))
        scores[likers(liked), liked.indices] = popularity.without_one[liked.indices]
        by_half_life.append(ndcg(scores, liked).mean())
    return half_lives[int(np.argmax(by_half_life))]
