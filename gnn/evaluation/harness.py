"""Runs models through a protocol: fits them by name on the same data and measures their cost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil

from isthmus.errors import NothingToDo
from isthmus.gnn.baselines import tune_baseline
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.evaluation.results import TRANSFER, VARIANTS, ModelMetrics
from isthmus.gnn.scoring import score_users

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph
    from isthmus.gnn.edges import LearnedEdges
    from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction

logger = logging.getLogger("isthmus")


def compare_models(
    target: str,
    config: EvaluationConfig,
    fit: Callable[[str], ScoreFunction],
    evaluate: Callable[[ScoreFunction], ModelMetrics],
    transfer_cost: Mapping[str, float] | None = None,
) -> dict[str, ModelMetrics]:
    """Fits each model and computes its metrics.

    Args:
        target: Name of the target domain, for the log.
        config: Names the models.
        fit: Fits a model by its name.
        evaluate: Computes the metrics of a model's scores.
        transfer_cost: Cost of the training of transfer, where it was done before because one
            training serves all targets.
    """
    model_metrics = {}
    for name in config.models:
        logger.info("%s: %s", target, name)
        with measure_cost() as cost:
            scores = fit(name)
        metrics = evaluate(scores)
        if transfer_cost and name == TRANSFER:
            cost.update(transfer_cost)
        # Variants share the training of transfer, so a cost of their own would mislead.
        own_cost = {} if name in VARIANTS else cost
        model_metrics[name] = ModelMetrics(metrics.per_user, {**metrics.overall, **own_cost})
    return model_metrics


def serve_scores(
    training_set: InterestGraph, learned: LearnedEdges, target: int, config: EvaluationConfig
) -> ScoreFunction:
    """Returns the served scores: those of the pruned edges, as the graph computes them."""

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        return score_users(training_set, learned, target, users, config.history_weighting)

    return scores


def fit_baseline(
    name: str,
    tuning_set: InterestGraph,
    training_set: InterestGraph,
    target: int,
    validation_score: Callable[[ScoreFunction], float],
    config: EvaluationConfig,
) -> ScoreFunction:
    """Tunes and fits a baseline, see `isthmus.gnn.baselines.registry.tune_baseline`."""
    with reproducible(
        config.training.seed, threads_for(len(training_set.items), config.training.threads)
    ):
        return tune_baseline(
            config.baselines[name],
            tuning_set,
            training_set,
            target,
            lambda model: validation_score(model.scores),
            config.history_weighting,
            config.training.seed,
        ).scores


@contextmanager
def measure_cost() -> Iterator[dict[str, float]]:
    """Measures the seconds that the block takes and the peak memory of the process in MiB."""
    cost: dict[str, float] = {}
    process, done = psutil.Process(), threading.Event()
    peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    start = time.monotonic()
    watcher.start()
    try:
        yield cost
    finally:
        done.set()
        watcher.join()
    cost |= {"fit_seconds": round(time.monotonic() - start, 2), "peak_mb": round(peak / 2**20)}


def evaluate_targets(
    targets: Sequence[str], evaluate: Callable[[str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the documents of the targets that have held-out users, and skips the others.

    Raises:
        NothingToDo: No target has held-out users.
    """
    documents, nothing = [], None
    for target in targets:
        try:
            documents.append(evaluate(target))
        except NothingToDo as error:
            nothing = error
            logger.warning("%s: skipped. %s", target, error.message)
    if nothing and not documents:
        raise nothing
    return documents
