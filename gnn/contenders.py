"""The models that are compared: fitted by name on the same data, at a cost that is measured."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import psutil

from gnn.baselines import BASELINES
from gnn.exam import TRANSFER
from gnn.merge import served_scores
from gnn.results import Grades
from gnn.train import reproducible, threads_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph, LearnedEdges
    from gnn.exam import Conditions, Scores

logger = logging.getLogger("isthmus")


def compared(
    target: str,
    conditions: Conditions,
    fit: Callable[[str], Scores],
    grade: Callable[[Scores], Grades],
    paid: Mapping[str, float] | None = None,
) -> dict[str, Grades]:
    """Fits each model and grades its answers.

    Args:
        target: Name of the domain, for the log.
        conditions: Name the models.
        fit: Gives a fitted model by its name.
        grade: What a model's answers are worth.
        paid: What transfer cost, where one training serves all targets and was done before.
    """
    grades = {}
    for name in conditions.models:
        logger.info("%s: %s", target, name)
        with measured() as cost:
            scores = fit(name)
        found = grade(scores)
        if paid and name == TRANSFER:
            cost.update(paid)
        grades[name] = Grades(found.users, {**found.whole, **cost})
    return grades


def served(
    seen: InterestGraph, learned: LearnedEdges, target: int, conditions: Conditions
) -> Scores:
    """Scores as the graph serves them, with pruned edges."""

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        return served_scores(seen, learned, target, users, conditions.reading)

    return scores


def refitted(
    name: str,
    known: InterestGraph,
    seen: InterestGraph,
    target: int,
    worth: Callable[[Scores], float],
    conditions: Conditions,
) -> Scores:
    """A baseline with the settings that were best on an earlier graph, fitted on a later one.

    Args:
        name: Out of `BASELINES`.
        known: What could be learned from when the validation began.
        seen: What may be learned from.
        target: The domain.
        worth: Of a model that was fitted on `known`, by validation.
        conditions: How a history is read.
    """
    fits = BASELINES[name].fits
    with reproducible(conditions.seed, threads_for(seen, conditions.threads)):
        tried = fits(known, target, conditions.reading, conditions.seed)
        best = int(np.argmax([worth(model.scores) for model in tried]))
        again = fits(seen, target, conditions.reading, conditions.seed)
        return next(islice(again, best, None)).scores


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Fills in how long the block took and how much memory the process held at most."""
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
