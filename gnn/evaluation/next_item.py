"""Next-item protocol: each user's last item is ranked among sampled items of its domain.

The protocol under which ABXI reports (Bian et al., "ABXI: invariant interest adaptation for
task-guided cross-domain sequential recommendation", 2025): the last item of the merged sequence of
all domains is the test item, the last but one the validation item, the history is truncated to its
last 50 interactions, and the item is ranked among 999 of its own domain that the user never
interacted with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.errors import NothingToDo
from isthmus.gnn import metrics
from isthmus.gnn.data import hide_interactions, time_quantile
from isthmus.gnn.evaluation.ablation import score_variant
from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction
from isthmus.gnn.evaluation.harness import (
    compare_models,
    evaluate_targets,
    fit_baseline,
    measure_cost,
)
from isthmus.gnn.evaluation.held_out import USER_BLOCK
from isthmus.gnn.evaluation.leakage import check_leakage
from isthmus.gnn.evaluation.results import TRANSFER, EvaluationResult, ModelMetrics
from isthmus.gnn.training import TrainingResult, train_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

MAX_HISTORY_LENGTH = 50
NEGATIVES = 999
MAX_VALIDATION_USERS = 1000
NO_ITEM = -1


@dataclass(frozen=True)
class Sequences:
    """The interactions of each user in the order of time, and the test and validation likes.

    Attributes:
        rank: Rank of each interaction in its user's sequence, aligned with the interactions'
            data; undated ones come last.
        test: Position of each user's last like in the interactions' data, -1 for users who are
            not evaluated, (users,).
        validation: Likewise the like before it.
    """

    rank: NDArray[np.int64]
    test: NDArray[np.int64]
    validation: NDArray[np.int64]


@dataclass(frozen=True)
class CandidateSample:
    """Users, and the candidate items among which each one's held-out item is ranked.

    Attributes:
        users: Indices, (users,).
        candidates: Positions within the target's items, the held-out item first, -1 where the
            domain has no more, (users, 1 + negatives).
    """

    users: NDArray[np.int64]
    candidates: NDArray[np.int64]


def build_sequences(graph: InterestGraph) -> Sequences:
    """Orders interactions by time, then item, and selects each user's last two likes.

    Only users with an interaction before these two likes are evaluated.
    """
    owners, users = graph.interaction_users(), len(graph.users)
    order = np.lexsort((graph.interactions.indices, graph.last_at, owners))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - graph.interactions.indptr[owners[order]]
    liked = (graph.interactions.data > 0) & ~np.isnan(graph.last_at)
    test, validation = np.full(users, NO_ITEM), np.full(users, NO_ITEM)
    for position in order[liked[order]]:
        # The previous last like becomes the last but one.
        validation[owners[position]], test[owners[position]] = test[owners[position]], position
    evaluated = (validation != NO_ITEM) & (rank[validation] > 0)
    return Sequences(
        rank, np.where(evaluated, test, NO_ITEM), np.where(evaluated, validation, NO_ITEM)
    )


def visible_before(
    graph: InterestGraph, sequences: Sequences, held_out: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Returns which interactions a model may see when the held-out likes are ranked.

    For users with a held-out like, the last 50 before it; for the others, all. Undated
    interactions are never visible.

    Args:
        graph: The whole graph.
        sequences: The order of its interactions.
        held_out: Position of each user's held-out like in the interactions' data, -1 for none,
            (users,).
    """
    owners = graph.interaction_users()
    end = np.where(held_out == NO_ITEM, np.iinfo(np.int64).max, sequences.rank[held_out])[owners]
    recent = (held_out[owners] == NO_ITEM) | (sequences.rank >= end - MAX_HISTORY_LENGTH)
    visible: NDArray[np.bool_] = (sequences.rank < end) & recent & ~np.isnan(graph.last_at)
    return visible


def sample_candidates(
    graph: InterestGraph,
    held_out: NDArray[np.int64],
    target: int,
    seed: int,
    max_users: int | None = None,
) -> CandidateSample:
    """Samples negatives for the users whose held-out like is in the target domain.

    Negatives are items that the user never interacted with, not even later.

    Args:
        graph: The whole graph.
        held_out: Position of each user's held-out like in the interactions' data, -1 for none,
            (users,).
        target: The target domain.
        seed: Seed of the sampling.
        max_users: Maximum number of users; None for all.
    """
    rng = np.random.default_rng(seed)
    items = graph.items_of(target)
    position = np.full(len(graph.items), NO_ITEM)
    position[items] = np.arange(len(items))
    held_out_items = np.where(
        held_out == NO_ITEM, NO_ITEM, position[graph.interactions.indices[held_out]]
    )
    users = np.flatnonzero(held_out_items != NO_ITEM)[:max_users]
    candidates = np.full((len(users), 1 + NEGATIVES), NO_ITEM)
    candidates[:, 0] = held_out_items[users]
    for row, user in enumerate(users):
        start, end = graph.interactions.indptr[user : user + 2]
        history = position[graph.interactions.indices[start:end]]
        unseen = np.setdiff1d(np.arange(len(items)), history, assume_unique=True)
        negatives = rng.choice(unseen, min(NEGATIVES, len(unseen)), replace=False)
        candidates[row, 1 : 1 + len(negatives)] = negatives
    return CandidateSample(users, candidates)


def evaluate_candidates(scores: ScoreFunction, sample: CandidateSample) -> ModelMetrics:
    """Computes the per-user metrics of ranking the held-out item among its candidates."""
    blocks: dict[str, list[NDArray[np.float64]]] = {}
    for start in range(0, len(sample.users), USER_BLOCK):
        rows = slice(start, start + USER_BLOCK)
        candidates = sample.candidates[rows]
        block = np.take_along_axis(scores(sample.users[rows]), np.maximum(candidates, 0), axis=1)
        block[candidates == NO_ITEM] = -np.inf
        first_column = np.zeros(len(block), np.int64)
        relevant = csr_array(
            (np.ones(len(block)), first_column, np.arange(len(block) + 1)), shape=block.shape
        )
        for name, values in (
            ("hr@5", metrics.hit_rate(block, relevant, 5)),
            ("hr@10", metrics.hit_rate(block, relevant, 10)),
            ("ndcg@10", metrics.ndcg(block, relevant)),
            ("mrr", metrics.reciprocal_rank(block, relevant)),
        ):
            blocks.setdefault(name, []).append(values)
    return ModelMetrics({name: np.concatenate(values) for name, values in blocks.items()}, {})


def evaluate_next_item(
    graph: InterestGraph, targets: Sequence[str], config: EvaluationConfig | None = None
) -> list[dict[str, Any]]:
    """Hides each user's last like and ranks it among sampled items of its domain.

    Models see what happened before it in the user's own sequence; other users' later interactions
    are not hidden, as the protocol has it. Baselines are tuned on the like before the last one.

    Args:
        graph: The whole graph.
        targets: Names of the target domains; users are evaluated in the one of their last like.
        config: The evaluation configuration; None for the default.

    Returns:
        A result document for each target with held-out users.

    Raises:
        InputError: A domain or model does not exist, or no interaction is dated.
        NothingToDo: No user has a sequence of three.
        LeakError: The training set contains hidden data.
    """
    config = config or EvaluationConfig()
    config.validate(graph, targets)
    time_quantile(graph, 1)  # Raises an InputError for a graph without dates.
    sequences = build_sequences(graph)
    visible = visible_before(graph, sequences, sequences.test)
    half_life = config.training.half_life_days
    training_set = hide_interactions(graph, ~visible, half_life_days=half_life)
    tuning_set = hide_interactions(
        graph, ~visible_before(graph, sequences, sequences.validation), half_life_days=half_life
    )
    leakage = _check_leakage(graph, training_set, sequences.test, int((~visible).sum()), half_life)
    cost: dict[str, float] = {}

    @cache
    def train_ablation(part: str) -> TrainingResult:
        return train_edges(training_set, config.training, ablation=part)

    if TRANSFER in config.models and (sequences.test != NO_ITEM).any():
        with measure_cost() as cost:
            train_ablation("")

    def evaluate_target(target: str) -> dict[str, Any]:
        t = graph.domains.index(target)
        test = sample_candidates(graph, sequences.test, t, config.training.seed)
        validation = sample_candidates(
            graph, sequences.validation, t, config.training.seed + 1, MAX_VALIDATION_USERS
        )
        if not len(test.users):
            raise NothingToDo(
                f"No user's last like is in {target} and follows at least two interactions.",
                "Choose a dataset with longer histories.",
            )

        def validation_ndcg(scores: ScoreFunction) -> float:
            return (
                float(evaluate_candidates(scores, validation).per_user["ndcg@10"].mean())
                if validation.users.size
                else 0
            )

        def fit(name: str) -> ScoreFunction:
            if name not in config.baselines:
                return score_variant(name, train_ablation, training_set, t, config)
            return fit_baseline(name, tuning_set, training_set, t, validation_ndcg, config)

        model_metrics = compare_models(
            target, config, fit, lambda scores: evaluate_candidates(scores, test), cost
        )
        protocol = (
            f"next-item, 1 and {NEGATIVES} unmet items of the domain, last {MAX_HISTORY_LENGTH}"
        )
        head = config.document_head(protocol, target)
        head |= {"audits": {"leak": leakage, "twins": None}}
        history_lengths = np.diff(training_set.interactions.indptr)[test.users]
        return EvaluationResult(
            head, history_lengths, model_metrics, config.training.seed
        ).document()

    return evaluate_targets(targets, evaluate_target)


def _check_leakage(
    graph: InterestGraph,
    training_set: InterestGraph,
    test: NDArray[np.int64],
    hidden_rows: int,
    half_life_days: float,
) -> dict[str, int]:
    """Checks that no user's test item, nor any later interaction of theirs, is visible."""
    owners = training_set.interaction_users()
    not_evaluated = test == NO_ITEM
    test_item = np.where(not_evaluated, NO_ITEM, graph.interactions.indices[test])
    test_time = np.where(not_evaluated, np.inf, graph.last_at[test])
    forbidden = (training_set.interactions.indices == test_item[owners]) | ~(
        training_set.last_at <= test_time[owners]
    )
    with_hidden = np.diff(graph.interactions.indptr) > np.diff(training_set.interactions.indptr)
    return check_leakage(
        training_set, forbidden, np.flatnonzero(with_hidden), hidden_rows, half_life_days
    )
