"""What the edges are worth for cold-start users, beside what a team would try instead."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from scipy.sparse import csr_array

from gnn import metrics
from gnn.baselines import BASELINES, tuned
from gnn.data import Reading, kept
from gnn.merge import served_scores
from gnn.splits import cold_users, done_by, without
from gnn.tasks import likes_of
from gnn.train import train
from isthmus.errors import InputError, NothingToDo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph

logger = logging.getLogger("isthmus")

TRANSFER = "transfer"
MODELS = (TRANSFER, *BASELINES)
HISTORY_LENGTHS = (("1-3", 1, 3), ("4-10", 4, 10), ("11-50", 11, 50), ("51-", 51, np.inf))
Hide = Callable[["InterestGraph", int, "NDArray[np.int64]"], "InterestGraph"]
"""Takes what some users did in a domain out of a graph."""

POPULARITY_THIRDS = ("lowest", "middle", "highest")


def cold_start(
    graph: InterestGraph,
    target: str,
    *,
    fold: int = 0,
    models: Sequence[str] = MODELS,
    edges_per_node: int = 50,
    half_life_days: float = 365,
    history_limit: int = 50,
    seed: int = 7,
    threads: int | None = None,
    titles: Sequence[str] | None = None,
    dataset: str = "",
    fingerprint: str = "",
    hide: Hide | None = None,
) -> dict[str, Any]:
    """Hides all that the fold's cold users did in a domain, and ranks all its items for them.

    The transfer model is scored in the form in which the graph serves it, with pruned edges.

    Args:
        graph: The whole graph.
        target: Name of the domain.
        fold: Which users are held out, see `gnn.splits`.
        models: Names out of `MODELS`.
        edges_per_node: Edges that leave a node, at most.
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions that a query reads on each side of the domain's border.
        seed: Of all that is random.
        threads: Threads at most; all cores without it.
        titles: Of the items, to find twins by; without them twins are not looked for.
        dataset: Its name, for the result.
        fingerprint: Of the data, for the result.
        hide: Makes what the models see; without it interactions are hidden by `gnn.splits.without`,
            which knows nothing of texts.

    Returns:
        The result document.

    Raises:
        InputError: There is no such domain or model.
        NothingToDo: No user is held out.
    """
    _check(graph, target, models)
    t = graph.domains.index(target)
    reading = Reading(half_life_days, history_limit)
    cold = cold_users(graph, t, fold)
    if hide is not None:
        seen = hide(graph, t, cold.test)
    else:
        seen = without(graph, done_by(graph, t, cold.test), half_life_days=half_life_days)
    exam = _exam(graph, seen, t, cold.test, titles)
    if not len(exam.users):
        raise NothingToDo(
            f"Fold {fold} holds out no user with likes in {target} and interactions elsewhere.",
            "Try another fold, or a larger dataset.",
        )
    scores, reports = {}, {}
    for name in models:
        logger.info("%s: %s", target, name)
        with _measured() as cost:
            if name == TRANSFER:
                learned = train(
                    seen,
                    edges_per_node=edges_per_node,
                    half_life_days=half_life_days,
                    history_limit=history_limit,
                    seed=seed,
                    threads=threads,
                    fold=fold,
                )
                scores[name] = served_scores(seen, learned, t, exam.users, reading)
            else:
                model = tuned(name, graph, seen, t, cold.validation, reading, seed)
                scores[name] = model.scores(exam.users)
        reports[name] = _report(scores[name], exam, seed) | cost
    for name in models:
        if TRANSFER in models and name != TRANSFER:
            reports[name]["transfer_gain"] = _gain(scores[TRANSFER], scores[name], exam, seed)
    return {
        "protocol": f"cold-start, fold {fold}, full ranking",
        "dataset": dataset,
        "fingerprint": fingerprint,
        "target": target,
        "users": len(exam.users),
        "twin_rows": int(exam.twins.sum()) if titles is not None else None,
        "models": reports,
    }


def _check(graph: InterestGraph, target: str, models: Sequence[str]) -> None:
    if target not in graph.domains:
        raise InputError(
            f"There is no domain {target!r}.", f"There are: {', '.join(graph.domains)}."
        )
    for name in models:
        if name not in MODELS:
            raise InputError(f"There is no model {name!r}.", f"There are: {', '.join(MODELS)}.")


@dataclass(frozen=True)
class Exam:
    """The held-out users, and what a ranking for them is judged by.

    Attributes:
        users: Those with likes in the target.
        liked: What they like, hidden from all models, CSR (users, items of the target).
        twins: Which of these likes have a twin of the same title in a domain that the user's
            history holds, aligned with `liked.data`.
        lengths: Of what is left of their histories.
        likers: Users who like each item, of those that the models see, (items of the target,).
        vectors: Embeddings of the items of the target.
        seen_users: Users that the models see.
    """

    users: NDArray[np.int64]
    liked: csr_array
    twins: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    likers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    seen_users: int


def _exam(
    graph: InterestGraph,
    seen: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    titles: Sequence[str] | None,
) -> Exam:
    liked = likes_of(graph, target, users)
    some = np.flatnonzero(np.diff(liked.indptr))
    users, liked = users[some], csr_array(liked[some])
    items = graph.items_of(target)
    everyone = likes_of(seen, target, np.arange(len(graph.users)))
    return Exam(
        users=users,
        liked=liked,
        twins=_twins(seen, target, users, liked, titles),
        lengths=np.diff(seen.interactions.indptr)[users],
        likers=np.bincount(everyone.indices, minlength=len(items)),
        vectors=graph.item_vectors[items],
        seen_users=len(graph.users),
    )


def _twins(
    seen: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    liked: csr_array,
    titles: Sequence[str] | None,
) -> NDArray[np.bool_]:
    """Which likes have a twin of the same title in a domain that their user's history holds."""
    twins = np.zeros(liked.nnz, dtype=bool)
    if titles is None:
        return twins
    domains_of: dict[str, set[int]] = {}
    plain = [" ".join(title.casefold().split()) for title in titles]
    for title, domain in zip(plain, seen.item_domain.tolist(), strict=True):
        if title:
            domains_of.setdefault(title, set()).add(domain)
    items = seen.items_of(target)
    for row, user in enumerate(users):
        met = seen.interactions.indices[seen.interactions.indptr[user] :][
            : int(seen.interactions.indptr[user + 1] - seen.interactions.indptr[user])
        ]
        held = set(seen.item_domain[met].tolist())
        for place in range(liked.indptr[row], liked.indptr[row + 1]):
            title = plain[items[liked.indices[place]]]
            twins[place] = bool(domains_of.get(title, set()) & held - {target})
    return twins


def _report(scores: NDArray[np.float32], exam: Exam, seed: int) -> dict[str, Any]:
    """What one model is worth."""
    values = metrics.ndcg(scores, exam.liked)
    lists = metrics.best_items(scores)
    low, high = metrics.interval(values, seed)
    thirds = _thirds(exam.likers)
    without_twins = kept(exam.liked, ~exam.twins)
    return {
        "recall@10": float(metrics.recall(scores, exam.liked).mean()),
        "ndcg@10": float(values.mean()),
        "ndcg@10_interval": [low, high],
        "ndcg@10_without_twins": _mean_of_some(scores, without_twins),
        "coverage@10": metrics.coverage(lists, scores.shape[1]),
        "diversity@10": metrics.diversity(lists, exam.vectors),
        "novelty@10": metrics.novelty(lists, exam.likers, exam.seen_users),
        "ndcg@10_by_popularity": {
            name: _mean_of_some(scores, kept(exam.liked, thirds[exam.liked.indices] == third))
            for third, name in enumerate(POPULARITY_THIRDS)
        },
        "ndcg@10_by_history": {
            name: _mean(values[(exam.lengths >= least) & (exam.lengths <= most)])
            for name, least, most in HISTORY_LENGTHS
        },
    }


def _thirds(likers: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 or 2: the third of the items that each belongs to, by how many like it."""
    place = np.empty(len(likers), np.int64)
    place[np.argsort(likers, kind="stable")] = np.arange(len(likers))
    return 3 * place // max(len(likers), 1)


def _mean_of_some(scores: NDArray[np.float32], liked: csr_array) -> float | None:
    """NDCG@10 over the users who like some of these items; None where nobody does."""
    some = np.flatnonzero(np.diff(liked.indptr))
    return _mean(metrics.ndcg(scores[some], csr_array(liked[some])))


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _gain(
    scores: NDArray[np.float32], others: NDArray[np.float32], exam: Exam, seed: int
) -> dict[str, Any]:
    """NDCG@10 of one model less that of another, user by user."""
    gains = metrics.ndcg(scores, exam.liked) - metrics.ndcg(others, exam.liked)
    return {"ndcg@10": float(gains.mean()), "interval": list(metrics.interval(gains, seed))}


@contextmanager
def _measured() -> Iterator[dict[str, float]]:
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
