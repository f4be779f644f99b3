"""Temporal protocol: all interactions after an instant are hidden; new likes are ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import NothingToDo
from isthmus.gnn import metrics
from isthmus.gnn.data import (
    hide_interactions,
    interactions_in_domain,
    select_entries,
    time_quantile,
)
from isthmus.gnn.evaluation.ablation import score_variant
from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction
from isthmus.gnn.evaluation.harness import (
    compare_models,
    evaluate_targets,
    fit_baseline,
    measure_cost,
)
from isthmus.gnn.evaluation.held_out import HeldOutSet, build_held_out_set, rank_users
from isthmus.gnn.evaluation.leakage import check_leakage
from isthmus.gnn.evaluation.ranking import evaluate_ranking, leakage_summary
from isthmus.gnn.evaluation.results import TRANSFER, EvaluationResult
from isthmus.gnn.training import TrainingResult, ValidationSplit, train_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

TRAINING_SHARE = 0.8
# Share of the training set that models are fitted on to be tuned on the rest: 70 % of all.
TUNING_SHARE = 0.7 / 0.8
MAX_VALIDATION_USERS = 1000


@dataclass(frozen=True)
class TimeSplit:
    """A graph split at an instant into the training set and the hidden interactions after it.

    Attributes:
        at: The instant in seconds since 1970.
        graph: The graph with all interactions.
        first_at: Time of the first interaction of each user and item, aligned with the
            interactions' data.
        hidden: Which interactions are hidden, aligned likewise: the later and the undated ones.
        training_set: The graph that the models are trained on.
    """

    at: float
    graph: InterestGraph
    first_at: NDArray[np.float64]
    hidden: NDArray[np.bool_]
    training_set: InterestGraph

    @classmethod
    def at_instant(
        cls, graph: InterestGraph, first_at: NDArray[np.float64], at: float, half_life_days: float
    ) -> TimeSplit:
        """Splits a graph at an instant."""
        hidden = ~(graph.last_at <= at)
        return cls(
            at,
            graph,
            first_at,
            hidden,
            hide_interactions(graph, hidden, half_life_days=half_life_days),
        )

    def held_out_set(self, target: int, titles: Sequence[str] | None) -> HeldOutSet:
        """Returns users with a history, and their later likes of items that were new to them."""
        with_history = np.flatnonzero(np.diff(self.training_set.interactions.indptr))
        earlier = select_entries(self.graph.interactions, self.first_at <= self.at)
        earlier.data = np.ones_like(earlier.data)
        later = self.first_at > self.at
        return build_held_out_set(
            self.graph,
            later,
            self.training_set,
            target,
            with_history,
            excluded=earlier,
            titles=titles,
        )

    def validation_split(self) -> ValidationSplit:
        """Holds out the later likes of new items, of users with and without likes in a domain."""
        rows = self.graph.interaction_users()
        new = (self.first_at > self.at) & (self.graph.interactions.data > 0)
        cold_users, warm_likes = [], []
        for t in range(len(self.graph.domains)):
            in_target = interactions_in_domain(self.graph, t)
            warm = np.bincount(rows, in_target & ~self.hidden, minlength=len(self.graph.users)) > 0
            cold_users.append(np.unique(rows[new & in_target & ~warm[rows]])[:MAX_VALIDATION_USERS])
            warm_likes.append(select_entries(self.graph.interactions, new & in_target & warm[rows]))
        return ValidationSplit(self.training_set, cold_users, warm_likes)

    def check_leakage(self, half_life_days: float) -> dict[str, int]:
        """Runs the leakage check, see `isthmus.gnn.evaluation.leakage.check_leakage`."""
        forbidden = ~(self.training_set.last_at <= self.at)
        users = np.unique(self.graph.interaction_users()[self.hidden])
        rows = int(self.hidden.sum())
        return check_leakage(self.training_set, forbidden, users, rows, half_life_days)


def evaluate_temporal(
    graph: InterestGraph,
    first_at: NDArray[np.float64],
    targets: Sequence[str],
    config: EvaluationConfig | None = None,
    *,
    at: float | None = None,
) -> list[dict[str, Any]]:
    """Hides all interactions after an instant and ranks the items that are new to each user.

    Held-out users are those with an interaction before the instant and, after it, a like of an
    item in the target that was new to them. Undated interactions are hidden. So are interactions
    that happened both before and after, of which the graph stores only the last time; their items
    are not ranked.

    Args:
        graph: The whole graph.
        first_at: Time of the first interaction of each user and item, aligned with the
            interactions' data.
        targets: Names of the target domains.
        config: The evaluation configuration; None for the default.
        at: The instant in seconds since 1970; None for the one by which 80 % of the dated
            interactions had happened.

    Returns:
        A result document for each target with held-out users.

    Raises:
        InputError: A domain or model does not exist, or no interaction is dated.
        NothingToDo: No target has held-out users.
        LeakError: The training set contains hidden data.
    """
    config = config or EvaluationConfig()
    config.validate(graph, targets)
    half_life = config.training.half_life_days
    at = time_quantile(graph, TRAINING_SHARE) if at is None else at
    tuned_at = time_quantile(graph, TUNING_SHARE, until=at)
    split = TimeSplit.at_instant(graph, first_at, at, half_life)
    leakage = split.check_leakage(half_life)
    tuning_split = TimeSplit.at_instant(
        split.training_set, first_at[~split.hidden], tuned_at, half_life
    )
    held_out_sets = {t: split.held_out_set(graph.domains.index(t), config.titles) for t in targets}
    cost: dict[str, float] = {}

    @cache
    def train_ablation(part: str) -> TrainingResult:
        return train_edges(
            split.training_set,
            config.training,
            ablation=part,
            split=tuning_split.validation_split(),
        )

    if TRANSFER in config.models and any(len(h.users) for h in held_out_sets.values()):
        with measure_cost() as cost:
            train_ablation("")

    def evaluate_target(target: str) -> dict[str, Any]:
        held_out = held_out_sets[target]
        if not len(held_out.users):
            raise NothingToDo(
                f"No user with a history likes a new item of {target} after {_iso_time(at)}.",
                "Choose another instant with --at, or a larger dataset.",
            )

        def fit(name: str) -> ScoreFunction:
            if name not in config.baselines:
                return score_variant(
                    name, train_ablation, split.training_set, held_out.target, config
                )
            return _fit_baseline(name, tuning_split, split.training_set, held_out.target, config)

        model_metrics = compare_models(
            target, config, fit, lambda scores: evaluate_ranking(scores, held_out), cost
        )
        protocol = f"temporal, at {_iso_time(at)}, full ranking of items not met before"
        head = config.document_head(protocol, target) | {"split": _split_summary(split, tuned_at)}
        head |= leakage_summary(held_out, leakage, config)
        return EvaluationResult(
            head, held_out.history_lengths, model_metrics, config.training.seed
        ).document()

    return evaluate_targets(targets, evaluate_target)


def _fit_baseline(
    name: str,
    tuning_split: TimeSplit,
    training_set: InterestGraph,
    target: int,
    config: EvaluationConfig,
) -> ScoreFunction:
    """Fits a baseline with settings tuned on what happened after an earlier instant."""
    validation = tuning_split.held_out_set(target, None)
    rows = np.arange(min(len(validation.users), MAX_VALIDATION_USERS))

    def validation_ndcg(scores: ScoreFunction) -> float:
        if not len(rows):
            return 0.0
        ranking = rank_users(scores, validation, rows)
        return float(metrics.ndcg(ranking, validation.liked[rows]).mean())

    return fit_baseline(
        name, tuning_split.training_set, training_set, target, validation_ndcg, config
    )


def _split_summary(split: TimeSplit, tuned_at: float) -> dict[str, Any]:
    both = (split.first_at <= split.at) & (split.graph.last_at > split.at)
    return {
        "at": _iso_time(split.at),
        "tuned_at": _iso_time(tuned_at),
        "before": int((~split.hidden).sum()),
        "after": int((split.graph.last_at > split.at).sum()),
        "before_and_after": int(both.sum()),
        "undated": int(np.isnan(split.graph.last_at).sum()),
    }


def _iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
