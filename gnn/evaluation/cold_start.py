"""Cold-start protocol: full ranking of a target domain for users whose history in it is hidden."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import NothingToDo
from isthmus.gnn.data import (
    cold_start_users,
    domain_likes,
    hide_interactions,
    interactions_in_domain,
    interactions_of_users,
)
from isthmus.gnn.evaluation.ablation import score_variant
from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction
from isthmus.gnn.evaluation.harness import compare_models, fit_baseline
from isthmus.gnn.evaluation.held_out import build_held_out_set
from isthmus.gnn.evaluation.leakage import check_leakage
from isthmus.gnn.evaluation.ranking import evaluate_ranking, leakage_summary
from isthmus.gnn.evaluation.results import EvaluationResult, pool_folds
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.training import TrainingResult, train_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.gnn.data import InterestGraph


def evaluate_cold_start(
    graph: InterestGraph, target: str, config: EvaluationConfig | None = None, *, fold: int = 0
) -> dict[str, Any]:
    """Hides the fold's cold-start users' history in a domain and ranks all its items for them.

    The transfer model is scored in the form in which the graph serves it, with pruned edges.

    Args:
        graph: The whole graph.
        target: Name of the target domain.
        config: The evaluation configuration; None for the default.
        fold: Which users are held out, see `isthmus.gnn.data.splits`.

    Returns:
        The result document.

    Raises:
        InputError: The domain or a model does not exist.
        NothingToDo: The fold holds out no user.
        LeakError: The training set contains hidden data.
    """
    return evaluate_fold(graph, target, fold, config or EvaluationConfig()).document()


def evaluate_folds(
    graph: InterestGraph, target: str, config: EvaluationConfig, folds: Sequence[int]
) -> dict[str, Any]:
    """Evaluates several folds, pools their users, and adds each fold's document under `folds`.

    Folds without held-out users are skipped.

    Raises:
        InputError: The domain or a model does not exist.
        NothingToDo: No fold holds out a user.
        LeakError: The training set contains hidden data.
    """
    results, empty = [], None
    for fold in folds:
        try:
            results.append(evaluate_fold(graph, target, fold, config))
        except NothingToDo as error:
            empty = error
    if not results:
        raise empty or NothingToDo("No fold is given.", "Give folds from 0 to 9, or `all`.")
    return pool(results).document()


def pool(results: Sequence[EvaluationResult]) -> EvaluationResult:
    """Pools the folds of one target into one result."""
    names = ", ".join(str(result.head["fold"]) for result in results)
    return pool_folds(results, f"cold-start, folds {names} pooled, full ranking")


def evaluate_fold(
    graph: InterestGraph, target: str, fold: int, config: EvaluationConfig
) -> EvaluationResult:
    """Returns the per-user metrics of every model in one fold, see `evaluate_cold_start`."""
    config.validate(graph, [target])
    t = graph.domains.index(target)
    _check_overlap(graph, t)
    cold = cold_start_users(graph, t, fold)
    hidden = interactions_of_users(graph, t, cold.test)
    if config.hide:
        training_set = config.hide(graph, t, cold.test)
    else:
        training_set = hide_interactions(
            graph, hidden, half_life_days=config.training.half_life_days
        )
    forbidden = interactions_in_domain(training_set, t) & np.isin(
        training_set.interaction_users(), cold.test
    )
    leakage = check_leakage(
        training_set,
        forbidden,
        cold.test,
        int(hidden.sum()),
        config.training.half_life_days,
        texts=config.hide is not None,
    )
    held_out = build_held_out_set(graph, hidden, training_set, t, cold.test, titles=config.titles)
    if not len(held_out.users):
        raise NothingToDo(
            f"Fold {fold} holds out no user with likes in {target} and interactions elsewhere.",
            "Choose another fold or a larger dataset.",
        )

    validation_rows = interactions_of_users(training_set, t, cold.validation)
    tuning_set = hide_interactions(
        training_set, validation_rows, half_life_days=config.training.half_life_days
    )
    validation_likes = domain_likes(training_set, t, cold.validation)

    def validation_ndcg(scores: ScoreFunction) -> float:
        return float(ndcg(scores(cold.validation), validation_likes).sum())

    @cache
    def train_ablation(part: str) -> TrainingResult:
        return train_edges(training_set, config.training, fold=fold, ablation=part)

    def fit(name: str) -> ScoreFunction:
        if name not in config.baselines:
            return score_variant(name, train_ablation, training_set, t, config)
        return fit_baseline(name, tuning_set, training_set, t, validation_ndcg, config)

    model_metrics = compare_models(
        target, config, fit, lambda scores: evaluate_ranking(scores, held_out)
    )
    head = config.document_head(f"cold-start, fold {fold}, full ranking", target)
    head |= {"fold": fold} | leakage_summary(held_out, leakage, config)
    return EvaluationResult(head, held_out.history_lengths, model_metrics, config.training.seed)


def _check_overlap(graph: InterestGraph, target: int) -> None:
    """Checks that users have a history in the target domain and in another one, and likes.

    Raises:
        NothingToDo: Nobody has; the advice names the protocols that need one domain only.
    """
    inside, owners = interactions_in_domain(graph, target), graph.interaction_users()
    name = graph.domains[target]
    if inside.any() and not (graph.interactions.data[inside] > 0).any():
        raise NothingToDo(
            f"Nobody likes an item of {name}: no interaction there has a weight above 0.",
            "If the weights are ratings, evaluate with --weights centre.",
        )
    if len(np.intersect1d(owners[inside], owners[~inside])):
        return
    reason = (
        f"{name} is the only domain"
        if len(graph.domains) == 1
        else f"Nobody with interactions in {name} has any in another domain"
    )
    dated = not np.isnan(graph.last_at).all()
    raise NothingToDo(
        f"{reason}, while a cold-start user has a history in another one.",
        "Within one domain, `isthmus evaluate temporal` and `isthmus evaluate next-item` measure"
        + (" the same models." if dated else "; they need a timestamp for each interaction."),
    )
