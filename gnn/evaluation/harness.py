"""The models that are compared: fitted by name on the same data, at a cost that is measured."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import psutil

from isthmus.gnn.baselines.registry import tuned
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.evaluation.results import TRANSFER, VARIANTS, Grades
from isthmus.gnn.scoring import served_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.edges.learned import LearnedEdges
    from isthmus.gnn.evaluation.conditions import Conditions, Scores
from typing import TYPE_CHECKING, Any

from isthmus.errors import NothingToDo
from isthmus.gnn.evaluation.conditions import Conditions, Scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.edges.learned import LearnedEdges

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
        # Variants share the training of transfer.
        own = {} if name in VARIANTS else cost
        grades[name] = Grades(found.users, {**found.whole, **own})
    return grades


def served(
    seen: InterestGraph, learned: LearnedEdges, target: int, conditions: Conditions
) -> Scores:
    """Scores as the graph serves them, with pruned edges."""

    def scores(users: NDArray[np.int64]) -> NDArray[np.float32]:
        return served_scores(seen, learned, target, users, conditions.reading)

    return scores


def best_baseline(
    name: str,
    known: InterestGraph,
    seen: InterestGraph,
    target: int,
    worth: Callable[[Scores], float],
    conditions: Conditions,
) -> Scores:
    """A baseline tuned under these conditions, see `isthmus.gnn.baselines.registry.tuned`."""
    with reproducible(
        conditions.training.seed, threads_for(len(seen.items), conditions.training.threads)
    ):
        return tuned(
            name,
            known,
            seen,
            target,
            lambda model: worth(model.scores),
            conditions.reading,
            conditions.training.seed,
        ).scores


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
