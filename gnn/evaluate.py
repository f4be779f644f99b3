"""What the edges are worth for cold-start users, beside what a team would try instead."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn import audit
from gnn.ablation import scores_of
from gnn.baselines import BASELINES
from gnn.contenders import best_baseline, compared
from gnn.exam import MODELS, Conditions, Scores, audits, exam_of, graded
from gnn.metrics import ndcg
from gnn.results import Result, pooled
from gnn.splits import cold_users, done_by, interactions_in, without
from gnn.tasks import likes_of
from gnn.train import trained
from isthmus.errors import NothingToDo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gnn.data import InterestGraph, LearnedEdges

__all__ = ["MODELS", "cold_start", "cold_start_fold", "cold_start_folds", "of_targets", "pool"]

logger = logging.getLogger("isthmus")


def cold_start(
    graph: InterestGraph, target: str, *, fold: int = 0, **conditions: Any
) -> dict[str, Any]:
    """Hides all that the fold's cold users did in a domain, and ranks all its items for them.

    The transfer model is scored in the form in which the graph serves it, with pruned edges.

    Args:
        graph: The whole graph.
        target: Name of the domain.
        fold: Which users are held out, see `gnn.splits`.
        conditions: Fields of `Conditions`.

    Returns:
        The result document.

    Raises:
        InputError: There is no such domain or model.
        NothingToDo: No user is held out.
        LeakError: The models would see what is hidden.
    """
    return cold_start_fold(graph, target, fold, Conditions(**conditions)).document()


def cold_start_folds(
    graph: InterestGraph, target: str, folds: Sequence[int], **conditions: Any
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
            results.append(cold_start_fold(graph, target, fold, Conditions(**conditions)))
        except NothingToDo as error:
            empty = error
    if not results:
        raise empty or NothingToDo("No fold is named.", "Name folds from 0 to 9, or all.")
    return pool(results).document()


def of_targets(
    targets: Sequence[str], measure: Callable[[str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The documents of those targets for which somebody can be held out.

    Raises:
        NothingToDo: There is no such target.
    """
    documents, nothing = [], None
    for target in targets:
        try:
            documents.append(measure(target))
        except NothingToDo as error:
            nothing = error
            logger.warning("%s: left out. %s", target, error.message)
    if nothing and not documents:
        raise nothing
    return documents


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
        seen = without(graph, hidden, half_life_days=conditions.half_life_days)
    visible = interactions_in(seen, t) & np.isin(seen.owners(), cold.test)
    checked = audit.leaks(
        seen,
        visible,
        cold.test,
        int(hidden.sum()),
        conditions.half_life_days,
        texts=conditions.hide is not None,
    )
    exam = exam_of(graph, hidden, seen, t, cold.test, titles=conditions.titles)
    if not len(exam.users):
        raise NothingToDo(
            f"Fold {fold} holds out no user with likes in {target} and interactions elsewhere.",
            "Try another fold, or a larger dataset.",
        )

    unseen = done_by(seen, t, cold.validation)
    known = without(seen, unseen, half_life_days=conditions.half_life_days)
    validated = likes_of(seen, t, cold.validation)

    def worth(scores: Scores) -> float:
        return float(ndcg(scores(cold.validation), validated).sum())

    @cache
    def trained_without(part: str) -> LearnedEdges:
        return trained(seen, conditions, fold, without=part)

    def fit(name: str) -> Scores:
        if name not in BASELINES:
            return scores_of(name, trained_without, seen, t, conditions)
        return best_baseline(name, known, seen, t, worth, conditions)

    grades = compared(target, conditions, fit, lambda scores: graded(scores, exam))
    head = conditions.head(f"cold-start, fold {fold}, full ranking", target)
    head |= {"fold": fold} | audits(exam, checked, conditions)
    return Result(head, exam.lengths, grades, conditions.seed)
