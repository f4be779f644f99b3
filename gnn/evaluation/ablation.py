"""What each part of the edges and of their merge is worth: the same answers without it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data.histories import histories, over_length
from isthmus.gnn.evaluation.harness import served
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.gnn.scoring import signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.evaluation.conditions import Conditions, Scores
    from isthmus.gnn.training.train import TrainingResult

TRAINED_WITHOUT = {"without-network": "network", "without-hops": "hops"}
SIGNALS = ("transfer", "interest", "collaborative", "popularity")
ALONE = "interest-alone"
UNPRUNED = "unpruned"


def scores_of(
    name: str,
    trained_without: Callable[[str], TrainingResult],
    seen: InterestGraph,
    target: int,
    conditions: Conditions,
) -> Scores:
    """Answers of transfer, or of one of its variants.

    A signal is left out of the merge as it is, without learning the others' weights anew.

    Args:
        name: "transfer", or out of `isthmus.gnn.evaluation.results.VARIANTS`.
        trained_without: Gives the edges that were learned without a part, see
            `isthmus.gnn.training.train`, and those learned with all for "".
        seen: What the models see.
        target: The domain.
        conditions: How a history is read.
    """
    training = trained_without(TRAINED_WITHOUT.get(name, ""))
    if name == UNPRUNED:
        return _unpruned(training, seen, target, conditions)
    learned = training.edges
    if name != TRANSFER and name not in TRAINED_WITHOUT:
        domain = seen.domains[target]
        if name == ALONE:
            changes = dict.fromkeys(SIGNALS, 0.0) | {"interest": 1.0}
        else:
            changes = {name.removeprefix("without-"): 0.0}
        weights = dataclasses.replace(learned.merge[domain], **changes)
        learned = dataclasses.replace(learned, merge={**learned.merge, domain: weights})
    return served(seen, learned, target, conditions)


def _unpruned(
    training: TrainingResult, seen: InterestGraph, target: int, conditions: Conditions
) -> Scores:
    """Answers over all edges that the training scored, under the same merge."""
    weights = training.edges.merge[seen.domains[target]]
    transfer, interest = training.unpruned(target)
    outside = seen.items_outside(target)

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        pruned = signals(seen, training.edges, target, users, conditions.reading, weights)
        history = histories(seen, target, users, weights.reading(conditions.training.history_limit))
        summed = over_length(history.outside, weights.power)[:, outside]
        whole = dataclasses.replace(
            pruned,
            transfer=transfer.scores(summed),
            interest=interest.scores(history.interests),
        )
        return whole.merged(weights)

    return scores
