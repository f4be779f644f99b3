"""All baselines by name, and their tuning."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.baselines.als import Als
from isthmus.gnn.baselines.ease import Ease
from isthmus.gnn.baselines.item_cosine import ItemCosine
from isthmus.gnn.baselines.lightgcn import LightGcn
from isthmus.gnn.baselines.popularity import Popularity
from isthmus.gnn.baselines.protocol import Baseline
from isthmus.gnn.baselines.ridge import Ridge
from isthmus.gnn.baselines.text_similarity import TextSimilarity
from isthmus.gnn.data import half_life_grid

if TYPE_CHECKING:
    from isthmus.gnn.data import HistoryWeighting, InterestGraph


def tune_baseline(
    baseline: type[Baseline],
    tuning_set: InterestGraph,
    training_set: InterestGraph,
    target: int,
    validation_score: Callable[[Baseline], float],
    weighting: HistoryWeighting,
    seed: int,
) -> Baseline:
    """Tunes a baseline's settings on validation data and fits it to the whole training set.

    Args:
        baseline: One of `BASELINES`, or one of the user's own.
        tuning_set: The training set without the interactions that validation is scored on.
        training_set: The training set.
        target: The target domain.
        validation_score: Validation metric of a model fitted to the tuning set, to maximise.
        weighting: The history weighting of the settings; other half-lives are tuned too.
        seed: Random seed.
    """
    settings = baseline.grid(half_life_grid(training_set, weighting))
    best = settings[0]
    if len(settings) > 1:
        models = baseline.fit_grid(tuning_set, target, settings, seed)
        best = settings[int(np.argmax([validation_score(model) for model in models]))]
    (model,) = baseline.fit_grid(training_set, target, [best], seed)
    return model


# By name, in the order in which they are reported.
BASELINES: dict[str, type[Baseline]] = {
    "popularity": Popularity,
    "cosine": ItemCosine,
    "als": Als,
    "ridge": Ridge,
    "ease": Ease,
    "lightgcn": LightGcn,
    "text": TextSimilarity,
}
