"""The edges of a kernel on the scale of the served score, with the weight of popularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import sample_rows
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.kernel import (
    MAX_TUNING_USERS,
    Kernel,
    KernelSolution,
    TrainingUsers,
    likers,
    most_users,
)
from isthmus.gnn.model.landmarks import LandmarkSolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.edges import FactoredWeights

    Floats = NDArray[np.float32]

# The exact solution is cubic in the users, that by landmarks linear.
MAX_EXACT_USERS = 10_000
LANDMARKS = 4_000
MAX_USERS = 100_000
# Weights of popularity in the served score, in standard deviations of the rest. The next smaller
# one is taken where it costs less than the tolerance: the lists are wider.
POPULARITY_WEIGHTS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)
POPULARITY_TOLERANCE = 0.01


@dataclass(frozen=True)
class Popularity:
    """Popularity of the items of a target domain, from 0 to 1.

    Attributes:
        values: As it is served, float32 (targets,).
        without_one: As it would be if one user less liked the item, float32 (targets,).
    """

    values: Floats
    without_one: Floats


@dataclass(frozen=True)
class SolvedKernel:
    """The edges of a kernel, on the scale on which a user's scores have a standard deviation of 1.

    Attributes:
        weights: Weights of all edges.
        popularity: Weight of popularity beside them.
        user_ndcg: NDCG@10 of training users by the served score, each without himself.
    """

    weights: FactoredWeights
    popularity: float
    user_ndcg: NDArray[np.float64]


def solve_kernel(
    users: TrainingUsers, kernel: Kernel, popularity: Popularity, seed: int, domain_count: int
) -> SolvedKernel:
    """Solves for the edges, and chooses the weight of popularity, which takes the prior's place.

    Args:
        users: The training users; of more than `MAX_USERS`, a sample. More than
            `MAX_EXACT_USERS`, fewer of many domains, are solved for with landmarks.
        kernel: The parameters.
        popularity: Of the items of the target domain.
        seed: Seed of the samples.
        domain_count: Number of domains that are solved for.
    """
    users = users.select(sample_rows(len(users), seed, MAX_USERS))
    if len(users) <= most_users(MAX_EXACT_USERS, domain_count):
        solution = KernelSolution(users, kernel)
    else:
        landmarks = sample_rows(len(users), seed, most_users(LANDMARKS, domain_count))
        solution = LandmarkSolution(users, kernel, landmarks)
    rows = sample_rows(len(users), seed, most_users(MAX_TUNING_USERS, domain_count))
    own = popularity.values - popularity.without_one
    deviation, unit = 1.0, 0.0
    by_weight: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in POPULARITY_WEIGHTS]
    for part in solution.leave_one_out(rows):
        served = (part.scores - solution.prior_scores(part)) / part.lengths[:, None]
        if not unit:
            deviation = max(float(served.std(axis=1).mean()), 1e-12)
            unit = deviation / max(float(popularity.values.std()), 1e-9)
        liked, rows_of_likes = part.liked, likers(part.liked)
        for weight, metrics in zip(POPULARITY_WEIGHTS, by_weight, strict=True):
            weighted = served + np.float32(weight * unit) * popularity.values
            weighted[rows_of_likes, liked.indices] -= np.float32(weight * unit) * own[liked.indices]
            metrics.append(ndcg(weighted, liked))
    user_ndcg = [np.concatenate(metrics) for metrics in by_weight]
    best = select_popularity_weight([metric.mean() for metric in user_ndcg]) if len(rows) else 0
    return SolvedKernel(
        weights=solution.edge_weights().scale(1 / deviation),
        popularity=POPULARITY_WEIGHTS[best] * unit / deviation,
        user_ndcg=user_ndcg[best],
    )


def select_popularity_weight(mean_ndcg: Sequence[float]) -> int:
    """Returns the position of the best weight of popularity, or of the one before if as good."""
    best = int(np.argmax(mean_ndcg))
    smaller = max(best - 1, 0)
    as_good = mean_ndcg[smaller] >= (1 - POPULARITY_TOLERANCE) * mean_ndcg[best]
    return smaller if as_good else best
