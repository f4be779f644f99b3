"""What each part of the edges and of their merge is worth: the same answers without it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from gnn.contenders import served
from gnn.data import histories, over_length
from gnn.merge import signals
from gnn.results import TRANSFER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gnn.data import InterestGraph, LearnedEdges
    from gnn.exam import Conditions, Scores

TRAINED_WITHOUT = {"without-network": "network", "without-hops": "hops"}
SIGNALS = ("transfer", "interest", "collaborative", "popularity")
ALONE = "interest-alone"
UNPRUNED = "unpruned"


def scores_of(
    name: str,
    trained_without: Callable[[str], LearnedEdges],
    seen: InterestGraph,
    target: int,
    conditions: Conditions,
) -> Scores:
    """Answers of transfer, or of one of its variants.

    A signal is left out of the merge as it is, without learning the others' weights anew.

    Args:
        name: "transfer", or out of `gnn.results.VARIANTS`.
        trained_without: Gives the edges that were learned without a part, see `gnn.train`, and
            those learned with all for "".
        seen: What the models see.
        target: The domain.
        conditions: How a history is read.
    """
    learned = trained_without(TRAINED_WITHOUT.get(name, ""))
    if name == UNPRUNED:
        return _unpruned(learned, seen, target, conditions)
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
    learned: LearnedEdges, seen: InterestGraph, target: int, conditions: Conditions
) -> Scores:
    """Answers over all edges that the training scored, under the same merge."""
    if learned.unpruned is None:
        raise ValueError("edges that were read from a graph have been pruned")
    weights = learned.merge[seen.domains[target]]
    transfer, interest = learned.unpruned(target)
    outside = seen.items_outside(target)

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        pruned = signals(seen, learned, target, users, conditions.reading, weights)
        history = histories(seen, target, users, weights.reading(conditions.history_limit))
        summed = over_length(history.outside, weights.power)[:, outside]
        whole = dataclasses.replace(
            pruned,
            transfer=transfer.scores(summed),
            interest=interest.scores(history.interests),
        )
        return whole.merged(weights)

    return scores
