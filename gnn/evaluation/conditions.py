"""The configuration of an evaluation: which models are compared, on which data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import InputError
from isthmus.gnn.baselines import BASELINES, Baseline, installed_baselines
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import HideFunction, HistoryWeighting
from isthmus.gnn.evaluation.results import TRANSFER, VARIANTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

MODELS = (TRANSFER, *BASELINES)
ScoreFunction = Callable[["NDArray[np.int64]"], "NDArray[np.float32]"]
"""Scores the target's items for some users: (users,) to (users, items of the target)."""


@dataclass(frozen=True)
class EvaluationConfig:
    """Which models are compared, and on which data.

    Attributes:
        models: Names from `MODELS`, `isthmus.gnn.evaluation.results.VARIANTS` and `own`.
        training: Configuration of the training of edges; baselines use its seed, threads and
            history weighting.
        titles: Titles of the items, by which twins are found; None to skip the search for twins.
        dataset: Name of the dataset, for the result document.
        fingerprint: Fingerprint of the data, for the result document.
        hide: Builds the training set where users wrote texts; None to hide interactions only, by
            `isthmus.gnn.data.splits.hide_interactions`, which does not handle texts.
        own: Baselines that are not isthmus's own, by name.
    """

    models: Sequence[str] = MODELS
    training: TrainingConfig = field(default_factory=TrainingConfig)
    titles: Sequence[str] | None = None
    dataset: str = ""
    fingerprint: str = ""
    hide: HideFunction | None = None
    own: Mapping[str, type[Baseline]] = field(default_factory=dict)

    @property
    def baselines(self) -> Mapping[str, type[Baseline]]:
        """All baselines by name."""
        return BASELINES | dict(self.own)

    @property
    def history_weighting(self) -> HistoryWeighting:
        """The history weighting of served scores before tuning."""
        return HistoryWeighting(self.training.half_life_days, self.training.history_limit)

    def document_head(self, protocol: str, target: str) -> dict[str, Any]:
        """Returns the first keys of a result document."""
        return {
            "protocol": protocol,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "target": target,
        }

    def validate(self, graph: InterestGraph, targets: Sequence[str]) -> None:
        """Checks that all domains and models exist.

        Raises:
            InputError: A domain or model does not exist; the advice lists the existing ones.
        """
        for kind, names, known in (
            ("domain", targets, graph.domains),
            ("model", self.models, (*MODELS, *VARIANTS, *self.own, *installed_baselines())),
        ):
            for name in names:
                if name not in known:
                    raise InputError(
                        f"There is no {kind} {name!r}.", f"Choose from: {', '.join(known)}."
                    )
