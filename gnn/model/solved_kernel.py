"""The edges of a kernel on the scale of the served score, with the weight of popularity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isthmus.gnn.data import sample_rows
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model.kernel import MAX_TUNING_USERS, Kernel, KernelSolution, TrainingUsers, likers
from isthmus.gnn.model.landmarks import LandmarkSolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.edges import FactoredWeights
    from isthmus.gnn.model.popularity import Popularity

# The exact solution is cubic in the users, that by landmarks linear.
MAX_EXACT_USERS = 10_000
LANDMARKS = 4_000
MAX_USERS = 100_000
# Weights of popularity in the served score beside none, in standard deviations of the rest.
POPULARITY_WEIGHTS = (0.25, 0.5, 1.0, 2.0)


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
    users: TrainingUsers, kernel: Kernel, popularity: Popularity, seed: int
) -> SolvedKernel:
    """Solves for the edges, and chooses the weight of popularity, which takes the prior's place.

    Args:
        users: The training users; of more than `MAX_USERS`, a sample. More than
            `MAX_EXACT_USERS` are solved for with landmarks.
        kernel: The parameters.
        popularity: Of the items of the target domain.
        seed: Seed of the samples.
    """
    users = users.select(sample_rows(len(users), seed, MAX_USERS))
    if len(users) <= MAX_EXACT_USERS:
        solution = KernelSolution(users, kernel)
    else:
        solution = LandmarkSolution(users, kernel, sample_rows(len(users), seed, LANDMARKS))
    rows = sample_rows(len(users), seed, MAX_TUNING_USERS)
    served = _serve(solution, rows, [popularity])
    return SolvedKernel(
        weights=solution.edge_weights().scale(1 / served.deviation),
        popularity=served.weight / served.deviation,
        user_ndcg=served.user_ndcg,
    )


def select_popularity(
    users: TrainingUsers, kernel: Kernel, candidates: Sequence[Popularity]
) -> int:
    """Returns which popularity serves training users best beside the edges, each without himself.

    Args:
        users: At most `MAX_TUNING_USERS`.
        kernel: The parameters.
        candidates: Popularity of the items of the target domain by each half-life.
    """
    return _serve(KernelSolution(users, kernel), np.arange(len(users)), candidates).candidate


class _Served(NamedTuple):
    """The best served score: deviation of the edges' part, popularity, its weight, NDCG@10."""

    deviation: float
    candidate: int
    weight: float
    user_ndcg: NDArray[np.float64]


def _serve(
    solution: KernelSolution, rows: NDArray[np.int64], candidates: Sequence[Popularity]
) -> _Served:
    """Compares the served scores of training users by popularity and its weight."""
    deviation = 0.0
    choices = [(0, 0.0), *product(range(len(candidates)), POPULARITY_WEIGHTS)]
    user_ndcg: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in choices]
    for part in solution.leave_one_out(rows):
        served = (part.scores - solution.prior_scores(part)) / part.lengths[:, None]
        deviation = deviation or max(float(served.std(axis=1).mean()), 1e-12)
        liked, rows_of_likes = part.liked, likers(part.liked)
        for (number, weight), metrics in zip(choices, user_ndcg, strict=True):
            popularity = candidates[number]
            unit = np.float32(weight * _unit(deviation, popularity))
            weighted = served + unit * popularity.values
            own = popularity.values - popularity.without_one
            weighted[rows_of_likes, liked.indices] -= unit * own[liked.indices]
            metrics.append(ndcg(weighted, liked))
    joined = [np.concatenate(metrics) for metrics in user_ndcg]
    best = int(np.argmax([metrics.mean() for metrics in joined])) if len(rows) else 0
    number, weight = choices[best]
    deviation = deviation or 1.0
    return _Served(deviation, number, weight * _unit(deviation, candidates[number]), joined[best])


def _unit(deviation: float, popularity: Popularity) -> float:
    """The weight at which popularity has the deviation of the edges' part of the score."""
    return deviation / max(float(popularity.values.std()), 1e-9)
