"""Tunes the weight of written interests beside a history, the merge weight `written`.

A history usually predicts a user's likes better than the user's texts do, so that by NDCG@10 alone
texts would hardly count. But users who write what they like expect to see it in the next answer.
Therefore `written` is the largest weight that costs the validation users almost nothing.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import limit_users
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.scoring import compute_signals
from isthmus.gnn.training.tuning import MAX_WARM_USERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import LearnedEdges, MergeWeights

logger = logging.getLogger("isthmus")

# Standard deviation, across the items, of the written signal of one praising text about one
# interest, as a multiple of that of the rest of the score.
WRITTEN_FACTORS = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0)
DEFAULT_WRITTEN_FACTOR = 0.5
# Maximum relative cost in NDCG@10, compared with the best factor or with no weight at all.
MAX_COST = 0.005
# With fewer validation users who wrote, the default factor is selected.
MIN_WRITERS = 30
MAX_SPREAD_USERS = 200


def tune_written(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    validation_examples: Sequence[Examples],
    warm_likes: Sequence[csr_array],
    merge: Mapping[str, MergeWeights],
    weighting: HistoryWeighting,
) -> dict[str, MergeWeights]:
    """Tunes `written` on the validation users who wrote, all target domains jointly.

    The arguments are those of `isthmus.gnn.training.tuning.tune_merge_weights`, with the merge
    weights that it returns.

    Returns:
        The merge weights by name of the target domain.
    """
    units = [
        written_unit(training_graph, learned, target, merge[name], weighting)
        for target, name in enumerate(training_graph.domains)
    ]
    user_metrics: list[list[NDArray[np.float64]]] = []
    for target, name in enumerate(training_graph.domains):
        for users, liked, history in _writers(
            training_graph, target, validation_examples[target], warm_likes[target]
        ):
            signals = compute_signals(
                training_graph, learned, target, users, weighting, merge[name]
            )
            by_factor = []
            for factor in (0.0, *WRITTEN_FACTORS):
                weights = dataclasses.replace(merge[name], written=factor * units[target])
                scores = signals.merge(weights)
                scores[history.nonzero()] = -np.inf
                by_factor.append(ndcg(scores, liked))
            user_metrics.append(by_factor)
    factor = select_written_factor(user_metrics)
    logger.info("training: the written signal has %g times the spread of the rest", factor)
    return {
        name: dataclasses.replace(merge[name], written=factor * unit)
        for name, unit in zip(training_graph.domains, units, strict=True)
    }


def select_written_factor(user_metrics: Sequence[Sequence[NDArray[np.float64]]]) -> float:
    """Selects the largest of `WRITTEN_FACTORS` whose NDCG@10 is at most `MAX_COST` below the best.

    The smallest where none is, so that what users write always counts.

    Args:
        user_metrics: By group of validation users, NDCG@10 of each user with a weight of 0, then
            with each of the factors.
    """
    by_factor = [np.concatenate(groups) for groups in zip(*user_metrics, strict=True)]
    if not by_factor or len(by_factor[0]) < MIN_WRITERS:
        return DEFAULT_WRITTEN_FACTOR
    means = [float(metric.mean()) for metric in by_factor]
    limit = (1 - MAX_COST) * max(means)
    affordable = [
        factor for factor, mean in zip(WRITTEN_FACTORS, means[1:], strict=True) if mean >= limit
    ]
    return max(affordable, default=min(WRITTEN_FACTORS))


def written_unit(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    target: int,
    weights: MergeWeights,
    weighting: HistoryWeighting,
) -> float:
    """Returns the weight at which a text varies as much across the items as the rest of the score.

    That is the mean standard deviation of the score without texts, over some users with a history,
    divided by the mean standard deviation of the edges of one interest; 0 where no interest leads
    into the domain.
    """
    items = training_graph.items_of(target)
    shape = (len(training_graph.interests), len(training_graph.items))
    entries = (learned.interest.weights, (learned.interest.sources, learned.interest.targets))
    edges = csr_array(csr_array(entries, shape=shape)[:, items])
    edges = csr_array(edges[np.flatnonzero(np.diff(edges.indptr))])
    if not edges.nnz:
        return 0.0
    means: NDArray[np.float64] = np.asarray(edges.mean(axis=1)).ravel()
    squares: NDArray[np.float64] = np.asarray((edges * edges).mean(axis=1)).ravel()
    text_spread = float(np.sqrt(np.maximum(squares - means**2, 0)).mean())
    users = np.flatnonzero(np.diff(training_graph.interactions.indptr))
    users = users[:: max(1, len(users) // MAX_SPREAD_USERS)]
    users = limit_users(users, MAX_SPREAD_USERS, training_graph, target)
    if not len(users) or not text_spread:
        return 0.0
    signals = compute_signals(training_graph, learned, target, users, weighting, weights)
    rest = signals.merge(dataclasses.replace(weights, written=0.0))
    return float(rest.std(axis=1).mean()) / text_spread


def _writers(
    graph: InterestGraph, target: int, validation: Examples, warm_likes: csr_array
) -> Iterator[tuple[NDArray[np.int64], csr_array, csr_array]]:
    """Yields cold-start and warm validation users who wrote, their hidden likes and histories.

    Likes and histories are in the target domain, CSR (users, its items).
    """
    items = graph.items_of(target)
    wrote = np.diff(graph.written_interests.indptr) > 0
    cold_rows = np.flatnonzero(wrote[validation.users])
    warm_users = np.flatnonzero(wrote & (np.diff(warm_likes.indptr) > 0))
    warm_users = limit_users(warm_users, MAX_WARM_USERS, graph, target)
    for users, liked in (
        (validation.users[cold_rows], validation.liked[cold_rows]),
        (warm_users, warm_likes[warm_users][:, items]),
    ):
        if len(users):
            yield users, csr_array(liked), csr_array(graph.interactions[users][:, items])
