"""Tunes half-life, dislike weight and kernel of a target domain by exact leave-one-out."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import build_examples, half_life_grid, sample_rows
from isthmus.gnn.model import (
    MAX_TUNING_USERS,
    MIN_TUNING_USERS,
    Kernel,
    TrainingUsers,
    leave_one_out_ndcg,
    most_users,
    tune_kernel,
)
from isthmus.gnn.training.tuned_parameters import TargetParameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph
    from isthmus.gnn.model import Features

logger = logging.getLogger("isthmus")

DISLIKE_WEIGHTS = (0.0, -1.0)


def tune_target(
    graph: InterestGraph, target: int, features: Features, weighting: HistoryWeighting, seed: int
) -> tuple[TargetParameters, NDArray[np.float64]]:
    """Tunes half-life, dislike weight and kernel by leave-one-out on all training users.

    Args:
        graph: The training graph.
        target: Index of the target domain.
        features: Of the items of the graph.
        weighting: The default.
        seed: Seed of the sample of users.

    Returns:
        The parameters, and NDCG@10 of each user of the sample without himself.
    """
    everybody = build_examples(graph, target, np.arange(len(graph.users)), weighting, weighting)
    limit = most_users(MAX_TUNING_USERS, len(graph.domains))
    sample = everybody.users[sample_rows(len(everybody), seed, limit)]

    def training_users(candidate: HistoryWeighting) -> TrainingUsers:
        examples = build_examples(graph, target, sample, candidate, weighting)
        # Items that nobody here likes have the score 0, and cost as much as all others.
        liked = csr_array(examples.liked[:, np.unique(examples.liked.indices)])
        return TrainingUsers(examples.history, liked, features)

    def dislike_grid(candidate: HistoryWeighting) -> list[HistoryWeighting]:
        if not (graph.interactions.data < 0).any():
            return []
        return [dataclasses.replace(candidate, dislike_weight=weight) for weight in DISLIKE_WEIGHTS]

    best, users = weighting, training_users(weighting)
    if len(users) >= MIN_TUNING_USERS:
        best_ndcg = leave_one_out_ndcg(users, Kernel()).mean()
        for grid in (lambda _: half_life_grid(graph, weighting)[1:], dislike_grid):
            for candidate in grid(best):
                candidate_users = training_users(candidate)
                candidate_ndcg = leave_one_out_ndcg(candidate_users, Kernel()).mean()
                if candidate_ndcg > best_ndcg:
                    best, best_ndcg, users = candidate, candidate_ndcg, candidate_users
    kernel, user_ndcg = tune_kernel(users, Kernel())
    logger.info(
        "training: %s: NDCG@10 by leave-one-out %.4f, half-life %g days, dislike weight %g, %s",
        graph.domains[target],
        user_ndcg.mean() if len(user_ndcg) else 0,
        best.half_life_days,
        best.dislike_weight,
        kernel,
    )
    return TargetParameters(best, kernel), user_ndcg
