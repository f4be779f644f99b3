"""What the edges are worth for cold-start users, beside what a team would try instead."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import NothingToDo
from isthmus.gnn.baselines.registry import BASELINES
from isthmus.gnn.data.examples import likes_of
from isthmus.gnn.data.splits import cold_users, done_by, interactions_in, without
from isthmus.gnn.evaluation import leakage as audit
from isthmus.gnn.evaluation.ablation import scores_of
from isthmus.gnn.evaluation.conditions import Conditions, Scores
from isthmus.gnn.evaluation.harness import best_baseline, compared
from isthmus.gnn.evaluation.held_out import exam_of
from isthmus.gnn.evaluation.ranking import audits, graded
from isthmus.gnn.evaluation.results import Result, pooled
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.training.train import TrainingResult, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.gnn.data.arrays import InterestGraph


def cold_start(
    graph: InterestGraph, target: str, conditions: Conditions | None = None, *, fold: int = 0
) -> dict[str, Any]:
    """Hides all that the fold's cold users did in a domain, and ranks all its items for them.

    The transfer model is scored in the form in which the graph serves it, with pruned edges.

    Args:
        graph: The whole graph.
        target: Name of the domain.
        conditions: What is compared, and how; the default where it is None.
        fold: Which users are held out, see `isthmus.gnn.data.splits`.

    Returns:
        The result document.

    Raises:
        InputError: There is no such domain or model.
        NothingToDo: No user is held out.
        LeakError: The models would see what is hidden.
    """
    return cold_start_fold(graph, target, fold, conditions or Conditions()).document()


def cold_start_folds(
    graph: InterestGraph, target: str, conditions: Conditions, folds: Sequence[int]
) -> dict[str, Any]:
    """The same over several folds: their users pooled, and each fold's document under `folds`.

    A fold that holds out nobody is left out.

    Raises:
        InputError: There is no such domain or model.
        NothingToDo: No fold holds out a user.
        LeakError: The models would see what is hidden.
    """
    results, empty = [], None
    for fold in folds:
        try:
            results.append(cold_start_fold(graph, target, fold, conditions))
        except NothingToDo as error:
            empty = error
    if not results:
        raise empty or NothingToDo("No fold is named.", "Name folds from 0 to 9, or all.")
    return pool(results).document()


def pool(results: Sequence[Result]) -> Result:
    """Folds of one target as one result."""
    names = ", ".join(str(result.head["fold"]) for result in results)
    return pooled(results, f"cold-start, folds {names} pooled, full ranking")


def cold_start_fold(graph: InterestGraph, target: str, fold: int, conditions: Conditions) -> Result:
    """What every model is worth to each cold user of one fold; see `cold_start`."""
    conditions.check(graph, [target])
    t = graph.domains.index(target)
    cold = cold_users(graph, t, fold)
    hidden = done_by(graph, t, cold.test)
    if conditions.hide:
        seen = conditions.hide(graph, t, cold.test)
    else:
        seen = without(graph, hidden, half_life_days=conditions.training.half_life_days)
    visible = interactions_in(seen, t) & np.isin(seen.owners(), cold.test)
    checked = audit.leaks(
        seen,
        visible,
        cold.test,
        int(hidden.sum()),
        conditions.training.half_life_days,
        texts=conditions.hide is not None,
    )
    exam = exam_of(graph, hidden, seen, t, cold.test, titles=conditions.titles)
    if not len(exam.users):
        raise NothingToDo(
            f"Fold {fold} holds out no user with likes in {target} and interactions elsewhere.",
            "Try another fold, or a larger dataset.",
        )

    unseen = done_by(seen, t, cold.validation)
    known = without(seen, unseen, half_life_days=conditions.training.half_life_days)
    validated = likes_of(seen, t, cold.validation)

    def worth(scores: Scores) -> float:
        return float(ndcg(scores(cold.validation), validated).sum())

    @cache
    def trained_without(part: str) -> TrainingResult:
        return train(seen, conditions.training, fold=fold, ablated=part)

    def fit(name: str) -> Scores:
        if name not in BASELINES:
            return scores_of(name, trained_without, seen, t, conditions)
        return best_baseline(name, known, seen, t, worth, conditions)

    grades = compared(target, conditions, fit, lambda scores: graded(scores, exam))
    head = conditions.head(f"cold-start, fold {fold}, full ranking", target)
    head |= {"fold": fold} | audits(exam, checked, conditions)
    return Result(head, exam.lengths, grades, conditions.training.seed)
