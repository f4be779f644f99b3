"""The contract of every model, on a checkerboard of which the correct scores are known."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import InputError
from isthmus.gnn.baselines.protocol import Baseline
from isthmus.gnn.baselines.registry import BASELINES, tune_baseline
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import HISTORY_EXPONENT, build_examples
from isthmus.gnn.data.histories import HistoryWeighting, normalize_by_length, split_histories
from isthmus.gnn.data.splits import cold_start_users, hide_interactions, interactions_of_users
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.gnn.evaluation.cold_start import evaluate_cold_start
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.model.item_cosine import item_cosine_edges
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import ITEMS, checkerboard

WEIGHTING = HistoryWeighting()
COLD = cold_start_users(checkerboard(), 1).test


def training_set() -> InterestGraph:
    graph = checkerboard()
    return hide_interactions(graph, interactions_of_users(graph, 1, COLD), half_life_days=365)


@pytest.fixture(scope="module")
def learned() -> LearnedEdges:
    return train_edges(training_set(), TrainingConfig(edges_per_node=5)).edges


def scores_of(name: str, learned: LearnedEdges) -> np.ndarray:
    if name == "transfer":
        return score_users(training_set(), learned, 1, COLD, WEIGHTING)
    return tuned_baseline(name).scores(COLD)


@cache
def tuned_baseline(name: str) -> Baseline:
    validation = cold_start_users(checkerboard(), 1).validation
    tuning_set = hide_interactions(
        training_set(), interactions_of_users(training_set(), 1, validation), half_life_days=365
    )

    def accuracy(model: Baseline) -> float:
        return float((model.scores(validation).argmax(axis=1) % 2 == validation % 2).mean())

    return tune_baseline(BASELINES[name], tuning_set, training_set(), 1, accuracy, WEIGHTING, 7)


@pytest.mark.parametrize("name", ["transfer", *BASELINES])
def test_a_model_scores_every_item_of_the_target_and_nothing_else(
    name: str, learned: LearnedEdges
) -> None:
    scores = scores_of(name, learned)
    assert scores.shape == (len(COLD), ITEMS)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "name", ["transfer", *(name for name in BASELINES if name != "popularity")]
)
def test_a_model_recommends_the_colour_of_a_cold_start_user(
    name: str, learned: LearnedEdges
) -> None:
    best = scores_of(name, learned).argmax(axis=1)
    assert (best % 2 == COLD % 2).all()


def test_no_node_has_more_than_the_maximum_number_of_edges(learned: LearnedEdges) -> None:
    for edges in (learned.transfer, learned.interest, learned.co_liked):
        assert 0 < np.bincount(edges.sources).max() <= 5
    domain = training_set().item_domain
    assert (domain[learned.transfer.sources] != domain[learned.transfer.targets]).all()
    assert (domain[learned.co_liked.sources] == domain[learned.co_liked.targets]).all()


def test_the_history_of_examples_is_outside_the_domain_and_the_same_by_domain() -> None:
    graph = dataclasses.replace(
        checkerboard(),
        domains=("a", "b", "c"),
        item_domain=np.arange(2 * ITEMS, dtype=np.int32) % 3,
    )
    examples = build_examples(graph, 1, np.arange(len(graph.users)), WEIGHTING, WEIGHTING)
    history = normalize_by_length(
        split_histories(graph, 1, examples.users, WEIGHTING).outside, HISTORY_EXPONENT
    )
    assert np.array_equal(examples.history.toarray(), history.toarray())
    assert not examples.history[:, graph.items_of(1)].nnz
    for domain, part in enumerate(examples.history_by_domain):
        assert np.array_equal(part.toarray(), history[:, graph.items_of(domain)].toarray())
        assert (part.nnz > 0) == (domain != 1)


@pytest.mark.parametrize(
    ("limit", "as_if_cold", "lengths"),
    [
        (10, False, (5, 3)),
        (7, False, (4, 3)),
        (3, False, (2, 1)),
        (4, False, (2, 2)),
        (1, False, (1, 0)),
        (4, True, (4, 0)),
    ],
)
def test_each_side_of_a_border_gets_half_of_the_history_limit_or_what_the_other_leaves(
    limit: int, as_if_cold: bool, lengths: tuple[int, int]
) -> None:
    graph = dataclasses.replace(
        checkerboard(),
        users=np.array(["user"]),
        interactions=csr_array(np.ones((1, 8), np.float32)),
        last_at=np.arange(8, dtype=float),
        item_domain=np.array([0, 0, 0, 1, 1, 1, 1, 1], np.int32),
        user_interests=csr_array((1, 1), dtype=np.float32),
    )
    user = np.zeros(1, np.int64)
    histories = split_histories(graph, 0, user, HistoryWeighting(365, limit), as_if_cold=as_if_cold)
    assert (histories.outside.nnz, histories.inside.nnz) == lengths
    newest = np.arange(8 - lengths[0], 8)
    assert np.array_equal(np.sort(histories.outside.indices), newest)


@pytest.mark.parametrize(("as_if_cold", "weight"), [(False, 0.5), (True, 1.0)])
def test_a_history_decays_from_the_newest_interaction_that_is_not_hidden(
    as_if_cold: bool, weight: float
) -> None:
    graph = dataclasses.replace(
        checkerboard(),
        users=np.array(["user"]),
        interactions=csr_array(np.ones((1, 2), np.float32)),
        last_at=np.array([1.0, 366.0]) * 86_400,
        item_domain=np.array([1, 0], np.int32),
        user_interests=csr_array((1, 1), dtype=np.float32),
    )
    user, weighting = np.zeros(1, np.int64), HistoryWeighting(half_life_days=365)
    histories = split_histories(graph, 0, user, weighting, as_if_cold=as_if_cold)
    assert histories.outside.data == pytest.approx([weight])


def test_two_trainings_give_the_same_edges(learned: LearnedEdges) -> None:
    second = train_edges(training_set(), TrainingConfig(edges_per_node=5)).edges
    for name, array in vars(learned.transfer).items():
        assert np.array_equal(array, getattr(second.transfer, name))
    assert second.merge == learned.merge


def test_items_liked_by_the_same_users_are_co_liked() -> None:
    edges = item_cosine_edges(checkerboard(), 5, 365)
    assert (edges.sources % 2 == edges.targets % 2).all()
    assert (edges.weights > 0).all()


@pytest.mark.parametrize("remaining", ["nothing", "one domain"])
def test_training_ends_where_there_are_few_interactions_to_learn_from(remaining: str) -> None:
    graph = checkerboard()
    hidden = (
        np.ones(graph.interactions.nnz, bool)
        if remaining == "nothing"
        else graph.item_domain[graph.interactions.indices] == 1
    )
    sparse = hide_interactions(graph, hidden, half_life_days=365)
    learned = train_edges(sparse).edges
    assert len(learned.transfer) == 0
    assert set(learned.merge) == {"a", "b"}


def test_training_needs_neither_text_nor_interests() -> None:
    graph = checkerboard()
    no_text = dataclasses.replace(
        graph,
        item_vectors=np.zeros((2 * ITEMS, 0), np.float32),
        interests=np.array([], dtype=np.str_),
        interest_vectors=np.zeros((0, 0), np.float32),
        item_interests=csr_array((2 * ITEMS, 0), dtype=np.float32),
        user_interests=csr_array((len(graph.users), 0), dtype=np.float32),
        written_interests=csr_array((len(graph.users), 0), dtype=np.float32),
    )
    edges = train_edges(no_text, TrainingConfig(edges_per_node=5)).edges.transfer
    assert ((edges.sources % 2 == edges.targets % 2) == (edges.weights > 0)).mean() > 0.9


def test_an_evaluation_ranks_transfer_above_popularity() -> None:
    document = evaluate_cold_start(
        checkerboard(),
        "b",
        EvaluationConfig(("transfer", "popularity"), TrainingConfig(edges_per_node=6)),
    )
    models = document["models"]
    assert document["users"] == len(COLD)
    assert models["transfer"]["ndcg@10"] > models["popularity"]["ndcg@10"]
    low, high = models["transfer"]["ndcg@10_interval"]
    assert low <= models["transfer"]["ndcg@10"] <= high


def test_an_unknown_domain_or_model_in_an_evaluation_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="a, b"):
        evaluate_cold_start(checkerboard(), "c")
    with pytest.raises(InputError, match="popularity"):
        evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=("oracle",)))
