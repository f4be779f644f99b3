"""Ablation: scores of transfer without one of its parts or signals."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import normalize_by_length, split_histories
from isthmus.gnn.evaluation.harness import serve_scores
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.gnn.scoring import compute_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph
    from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction
    from isthmus.gnn.training import TrainingResult

# The variants that need a training of their own, and the part that it ablates.
RETRAINED_VARIANTS = {"without-network": "network", "without-hops": "hops"}
SIGNALS = ("transfer", "interest", "collaborative", "popularity", "written")
INTEREST_ALONE = "interest-alone"
UNPRUNED = "unpruned"


def score_variant(
    name: str,
    train_ablation: Callable[[str], TrainingResult],
    training_set: InterestGraph,
    target: int,
    config: EvaluationConfig,
) -> ScoreFunction:
    """Returns the scores of transfer, or of one of its variants.

    To ablate a signal, its merge weight is set to 0; the other weights are not tuned again.

    Args:
        name: "transfer", or one of `isthmus.gnn.evaluation.results.VARIANTS`.
        train_ablation: Returns the training without the named part, see
            `isthmus.gnn.training.train`, or the complete training for "".
        training_set: The graph that the models are trained on.
        target: The target domain.
        config: Gives the history weighting.
    """
    training = train_ablation(RETRAINED_VARIANTS.get(name, ""))
    if name == UNPRUNED:
        return _score_unpruned(training, training_set, target, config)
    learned = training.edges
    if name != TRANSFER and name not in RETRAINED_VARIANTS:
        domain = training_set.domains[target]
        if name == INTEREST_ALONE:
            changes = dict.fromkeys(SIGNALS, 0.0) | {"interest": 1.0}
        else:
            changes = {name.removeprefix("without-"): 0.0}
        weights = dataclasses.replace(learned.merge[domain], **changes)
        learned = dataclasses.replace(learned, merge={**learned.merge, domain: weights})
    return serve_scores(training_set, learned, target, config)


def _score_unpruned(
    training: TrainingResult, training_set: InterestGraph, target: int, config: EvaluationConfig
) -> ScoreFunction:
    """Returns the scores over all edges before pruning, with the same merge weights."""
    weights = training.edges.merge[training_set.domains[target]]
    transfer, interest = training.unpruned(target)

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        pruned = compute_signals(
            training_set, training.edges, target, users, config.history_weighting, weights
        )
        history = split_histories(
            training_set, target, users, weights.history_weighting(config.training.history_limit)
        )
        unpruned = dataclasses.replace(
            pruned,
            transfer=transfer.scores(normalize_by_length(history.outside, weights.power)),
            interest=interest.scores(history.interests),
        )
        return unpruned.merge(weights)

    return scores
