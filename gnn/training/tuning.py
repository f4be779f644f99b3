"""Tunes popularity half-lives and merge weights on validation users.

Validation users have hidden their history in the target domain, or part of it, from the training
graph. There, the default stays unless another value is significantly better by NDCG@10.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import half_life_grid, limit_users
from isthmus.gnn.edges import MergeWeights
from isthmus.gnn.metrics import ndcg
from isthmus.gnn.model import MIN_INTEREST_USERS, compute_domain_popularity
from isthmus.gnn.scoring import (
    Signals,
    compute_signals,
    domain_popularity_scores,
    served_ndcg,
    sum_edges,
)
from isthmus.gnn.selection import (
    STANDARD_ERRORS,
    select_jointly,
    select_significantly_best,
)
from isthmus.gnn.training.content import keep_content

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples, HistoryWeighting, InterestGraph
    from isthmus.gnn.edges import LearnedEdges

logger = logging.getLogger("isthmus")

Value = TypeVar("Value")

POPULARITY_WEIGHT_FACTORS = (0.0, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0, 8.0)
# For users with a history the default is 0: interests must clearly add to it.
INTEREST_WEIGHTS = (0.25, 0.5, 1.0, 2.0)
# For users with texts only: by default, domain popularity has so many times the standard deviation
# of the interest signal.
DOMAIN_POPULARITY_LEAD = 4.0
INTEREST_ALONE_FACTORS = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
MAX_WARM_USERS = 1000
DEFAULT_COLLABORATIVE = 4.0
COLLABORATIVE_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
# With fewer validation users of a target domain, its merge weights stay as they are.
MIN_MERGE_USERS = 10


def tune_popularity_half_lives(
    training_graph: InterestGraph,
    validation_examples: Sequence[Examples],
    weighting: HistoryWeighting,
) -> dict[str, float]:
    """Selects the half-life of domain popularity in days, by domain name.

    It differs from that of histories: the taste of a user may change within a year, while the
    popularity of films lasts for ten years and that of news for a day. One half-life is selected
    for all target domains jointly; a domain gets its own where that is clearly better for its
    users.

    Args:
        training_graph: The training graph.
        validation_examples: By target domain, for users whose history in it is hidden from the
            training graph.
        weighting: Contains the default half-life.
    """
    half_lives = [each.half_life_days for each in half_life_grid(training_graph, weighting)]
    if len(half_lives) == 1:
        return dict.fromkeys(training_graph.domains, half_lives[0])

    def user_ndcg(popularity: NDArray[np.float32], examples: Examples) -> NDArray[np.float64]:
        items = training_graph.items_of(examples.target)
        return ndcg(np.tile(popularity[items], (len(examples), 1)), examples.liked)

    popularities = [compute_domain_popularity(training_graph, days) for days in half_lives]
    user_metrics = [
        [user_ndcg(popularity, examples) for popularity in popularities]
        for examples in validation_examples
    ]
    order = [select_jointly(user_metrics), *range(len(half_lives))]
    selected = {}
    for examples, metrics in zip(validation_examples, user_metrics, strict=True):
        best = order[select_significantly_best([metrics[k] for k in order], STANDARD_ERRORS)]
        selected[training_graph.domains[examples.target]] = half_lives[best]
    if set(selected.values()) != {weighting.half_life_days}:
        by_domain = ", ".join(f"{name} {days:g}" for name, days in selected.items())
        logger.info("training: half-life of domain popularity in days: %s", by_domain)
    return selected


def tune_merge_weights(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    validation_examples: Sequence[Examples],
    training_examples: Sequence[Examples],
    warm_likes: Sequence[csr_array],
    weighting: HistoryWeighting,
) -> tuple[dict[str, MergeWeights], dict[str, float]]:
    """Tunes the merge weights of each target domain.

    Args:
        training_graph: The training graph.
        learned: Edges learned from it, with the default merge weights.
        validation_examples: By target domain, for users whose history in it is hidden from the
            training graph.
        training_examples: By target domain.
        warm_likes: By target domain, likes hidden from the training graph, of users with other
            likes in the domain, CSR (users, items).
        weighting: Half-life of popularity, and the history limit.

    Returns:
        The merge weights by name of the target domain, and the metrics of the validation users.
    """
    merge, metrics = {}, {}
    for t, name in enumerate(training_graph.domains):
        weights = learned.merge[name]
        if len(training_examples[t]) < MIN_INTEREST_USERS:
            weights = keep_content(training_graph, learned, t, weights, weighting)
        cold_ndcg = served_ndcg(training_graph, learned, validation_examples[t : t + 1], weighting)
        if len(cold_ndcg):
            metrics[f"{name} cold ndcg@10"] = float(cold_ndcg.mean())
        weights, warm_ndcg = tune_warm_merge(
            training_graph, learned, weights, t, warm_likes[t], weighting
        )
        merge[name] = weights
        if warm_ndcg is not None:
            metrics[f"{name} warm ndcg@10"] = warm_ndcg
    merge = tune_merge_without_history(training_graph, learned, validation_examples, merge)
    return merge, metrics


def tune_merge_without_history(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    validation_examples: Sequence[Examples],
    merge: Mapping[str, MergeWeights],
) -> dict[str, MergeWeights]:
    """Tunes the weight of interests for users with texts only, `interest_alone`.

    The graph may have no such users: validation users stand for them, with the interests that their
    histories imply. All target domains are tuned jointly, starting where domain popularity varies
    more than the interest signal, because texts say less about a user's taste than a history does.

    Args:
        training_graph: The training graph.
        learned: Edges learned from it.
        validation_examples: By target domain, for users whose history in it is hidden from the
            training graph.
        merge: Merge weights by name of the target domain.
    """
    grid, user_metrics = {}, []
    for examples in filter(len, validation_examples):
        popularity = domain_popularity_scores(training_graph, learned, examples.target)
        items = training_graph.items_of(examples.target)
        interest = sum_edges(examples.interests, learned.interest, items)
        if popularity.any() and interest.any():
            default = float(popularity.std() / interest.std()) / DOMAIN_POPULARITY_LEAD
            values = [default * factor for factor in (1.0, *INTEREST_ALONE_FACTORS)]
            user_metrics.append(
                [ndcg(popularity + value * interest, examples.liked) for value in values]
            )
            grid[training_graph.domains[examples.target]] = values
    if not user_metrics:
        return dict(merge)
    best = select_jointly(user_metrics)
    tuned = {
        name: dataclasses.replace(merge[name], interest_alone=values[best])
        for name, values in grid.items()
    }
    return {**merge, **tuned}


def tune_warm_merge(
    training_graph: InterestGraph,
    learned: LearnedEdges,
    weights: MergeWeights,
    target: int,
    hidden: csr_array,
    weighting: HistoryWeighting,
) -> tuple[MergeWeights, float | None]:
    """Tunes the weight of the collaborative signal on users with a history in the target domain.

    In a single domain these are all users with a history, so that they tune popularity and
    interests too. Elsewhere these weights serve cold-start users, and stay as they are.

    Args:
        training_graph: The training graph.
        learned: Edges learned from it.
        weights: The merge weights so far.
        target: Index of the target domain.
        hidden: Likes hidden from the training graph, of users with other likes in the domain, CSR
            (users, items).
        weighting: Half-life of popularity, and the history limit.

    Returns:
        The merge weights, and NDCG@10 of these users; None where there are too few.
    """
    users = np.flatnonzero(np.diff(hidden.indptr))
    users = limit_users(users, MAX_WARM_USERS, training_graph, target)
    if len(users) < MIN_MERGE_USERS:
        return weights, None
    items = training_graph.items_of(target)
    signals = compute_signals(training_graph, learned, target, users, weighting, weights)
    liked = csr_array(hidden[users][:, items])
    history = csr_array(training_graph.interactions[users][:, items])
    weights, mean_ndcg = tune_merge_weight(
        weights, "collaborative", COLLABORATIVE_WEIGHTS, signals, liked, history
    )
    if len(training_graph.domains) == 1:
        popularity_weights = [weights.popularity * factor for factor in POPULARITY_WEIGHT_FACTORS]
        grids = ("popularity", popularity_weights), ("interest", (0.0, *INTEREST_WEIGHTS))
        for field, values in grids:
            weights, mean_ndcg = tune_merge_weight(weights, field, values, signals, liked, history)
    return weights, mean_ndcg


def tune_merge_weight(
    weights: MergeWeights,
    field: str,
    values: Sequence[float],
    signals: Signals,
    liked: csr_array,
    history: csr_array | None = None,
) -> tuple[MergeWeights, float]:
    """Tunes one of the merge weights, and returns all of them with NDCG@10 of the users.

    Args:
        weights: The default merge weights.
        field: Name of the weight to tune.
        values: Values to try beside the default.
        signals: The signals of the validation users.
        liked: Their hidden likes, CSR (users, items).
        history: Their interactions, to exclude from the ranking, CSR (users, items).
    """

    def scores(value: float) -> NDArray[np.float32]:
        merged = signals.merge(dataclasses.replace(weights, **{field: value}))
        if history is not None:
            merged[history.nonzero()] = -np.inf
        return merged

    value, mean_ndcg = select_value(getattr(weights, field), values, scores, liked)
    return dataclasses.replace(weights, **{field: value}), mean_ndcg


def select_value(
    default: Value,
    others: Sequence[Value],
    scores: Callable[[Value], NDArray[np.float32]],
    liked: csr_array,
) -> tuple[Value, float]:
    """Selects the significantly best value, or the default, and returns it with its NDCG@10."""
    values = [default, *others]
    user_metrics = [ndcg(scores(value), liked) for value in values]
    best = select_significantly_best(user_metrics, STANDARD_ERRORS)
    return values[best], float(user_metrics[best].mean())
