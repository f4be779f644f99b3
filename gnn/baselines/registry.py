"""All baselines by name, and how each is tuned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.baselines.als import Als
from isthmus.gnn.baselines.ease import Ease
from isthmus.gnn.baselines.item_cosine import Cosine
from isthmus.gnn.baselines.lightgcn import LightGcn
from isthmus.gnn.baselines.popularity import Popularity
from isthmus.gnn.baselines.protocol import Baseline
from isthmus.gnn.baselines.ridge import Ridge
from isthmus.gnn.baselines.text_similarity import TextSimilarity
from isthmus.gnn.data.histories import half_lives

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading


def tuned(
    name: str,
    known: InterestGraph,
    seen: InterestGraph,
    target: int,
    worth: Callable[[Baseline], float],
    reading: Reading,
    seed: int,
) -> Baseline:
    """A baseline that learned from all that may be seen, with the settings that were best on less.

    Args:
        name: Out of `BASELINES`.
        known: What may be seen, without what validation asks for.
        seen: What may be seen.
        target: The domain.
        worth: Of a model that was fitted on `known`, by validation.
        reading: How a history is read as it is set; other half-lives are tried too.
        seed: Of what is random.
    """
    baseline = BASELINES[name]
    settings = baseline.settings(half_lives(seen, reading))
    best = settings[0]
    if len(settings) > 1:
        worths = [worth(model) for model in baseline.fits(known, target, settings, seed)]
        best = settings[int(np.argmax(worths))]
    (model,) = baseline.fits(seen, target, [best], seed)
    return model


# By name, in the order in which they are reported.
BASELINES: dict[str, type[Baseline]] = {
    "popularity": Popularity,
    "cosine": Cosine,
    "als": Als,
    "ridge": Ridge,
    "ease": Ease,
    "lightgcn": LightGcn,
    "text": TextSimilarity,
}
