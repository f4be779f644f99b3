"""Under which conditions models are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import InputError
from isthmus.gnn.baselines.registry import BASELINES
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.evaluation.results import TRANSFER, VARIANTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

MODELS = (TRANSFER, *BASELINES)
Hide = Callable[["InterestGraph", int, "NDArray[np.int64]"], "InterestGraph"]
"""Takes what some users did and wrote in a domain out of a graph."""
Scores = Callable[["NDArray[np.int64]"], "NDArray[np.float32]"]
"""Scores of some users, (users, items of the target)."""


@dataclass(frozen=True)
class Conditions:
    """Under which conditions models are compared.

    Attributes:
        models: Names out of `MODELS` and `isthmus.gnn.evaluation.results.VARIANTS`.
        training: How edges are learned; baselines take of it what they can use.
        titles: Of the items, to find twins by; without them twins are not looked for.
        dataset: Its name, for the result.
        fingerprint: Of the data, for the result.
        hide: Makes what the models see where users wrote texts; without it interactions are hidden
            by `isthmus.gnn.data.splits.without`, which knows nothing of texts.
    """

    models: Sequence[str] = MODELS
    training: TrainingConfig = field(default_factory=TrainingConfig)
    titles: Sequence[str] | None = None
    dataset: str = ""
    fingerprint: str = ""
    hide: Hide | None = None

    @property
    def reading(self) -> Reading:
        """How a query reads a history."""
        return Reading(self.training.half_life_days, self.training.history_limit)

    def head(self, protocol: str, target: str) -> dict[str, Any]:
        """How a result document begins."""
        return {
            "protocol": protocol,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "target": target,
        }

    def check(self, graph: InterestGraph, targets: Sequence[str]) -> None:
        """Refuses names that do not exist.

        Raises:
            InputError: There is no such domain or model; it names those that there are.
        """
        for kind, names, known in (
            ("domain", targets, graph.domains),
            ("model", self.models, (*MODELS, *VARIANTS)),
        ):
            for name in names:
                if name not in known:
                    raise InputError(
                        f"There is no {kind} {name!r}.", f"There are: {', '.join(known)}."
                    )
