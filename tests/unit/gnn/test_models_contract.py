"""What every model promises, on a checkerboard whose answer is known by heart."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import InputError
from isthmus.gnn.baselines.protocol import Baseline
from isthmus.gnn.baselines.registry import BASELINES, tuned
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import HISTORY_POWER, across
from isthmus.gnn.data.histories import Reading, histories, over_length
from isthmus.gnn.data.splits import cold_users, done_by, without
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.gnn.evaluation.cold_start import cold_start
from isthmus.gnn.evaluation.conditions import Conditions
from isthmus.gnn.model.item_cosine import co_liked
from isthmus.gnn.scoring import served_scores
from isthmus.gnn.training.train import train
from tests.unit.checkerboard import ITEMS, checkerboard

READING = Reading()
COLD = cold_users(checkerboard(), 1).test


def seen() -> InterestGraph:
    graph = checkerboard()
    return without(graph, done_by(graph, 1, COLD), half_life_days=365)


@pytest.fixture(scope="module")
def learned() -> LearnedEdges:
    return train(seen(), TrainingConfig(edges_per_node=5)).edges


def scores_of(name: str, learned: LearnedEdges) -> np.ndarray:
    if name == "transfer":
        return served_scores(seen(), learned, 1, COLD, READING)
    return tuned_baseline(name).scores(COLD)


@cache
def tuned_baseline(name: str) -> Baseline:
    validation = cold_users(checkerboard(), 1).validation
    known = without(seen(), done_by(seen(), 1, validation), half_life_days=365)

    def worth(model: Baseline) -> float:
        return float((model.scores(validation).argmax(axis=1) % 2 == validation % 2).mean())

    return tuned(name, known, seen(), 1, worth, READING, 7)


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
def test_a_model_finds_the_colour_of_a_cold_user(name: str, learned: LearnedEdges) -> None:
    best = scores_of(name, learned).argmax(axis=1)
    assert (best % 2 == COLD % 2).all()


def test_at_most_so_many_edges_leave_a_node(learned: LearnedEdges) -> None:
    for edges in (learned.transfer, learned.interest, learned.co_liked):
        assert 0 < np.bincount(edges.sources).max() <= 5
    domain = seen().item_domain
    assert (domain[learned.transfer.sources] != domain[learned.transfer.targets]).all()
    assert (domain[learned.co_liked.sources] == domain[learned.co_liked.targets]).all()


def test_a_history_outside_a_domain_is_in_the_order_of_the_items_outside() -> None:
    graph = dataclasses.replace(
        checkerboard(),
        domains=("a", "b", "c"),
        item_domain=np.arange(2 * ITEMS, dtype=np.int32) % 3,
    )
    task = across(graph, 1, np.arange(len(graph.users)), READING, READING)
    whole = over_length(histories(graph, 1, task.users, READING).outside, HISTORY_POWER)
    expected = whole[:, graph.items_outside(1)].toarray()
    assert np.array_equal(task.outside().toarray(), expected)
    assert np.count_nonzero(expected)


@pytest.mark.parametrize(
    ("limit", "as_if_cold", "read"),
    [
        (10, False, (5, 3)),
        (7, False, (4, 3)),
        (4, False, (2, 2)),
        (1, False, (1, 1)),
        (4, True, (4, 0)),
    ],
)
def test_each_side_of_a_border_has_half_of_what_is_read_or_what_the_other_leaves(
    limit: int, as_if_cold: bool, read: tuple[int, int]
) -> None:
    graph = dataclasses.replace(
        checkerboard(),
        users=np.array(["somebody"]),
        interactions=csr_array(np.ones((1, 8), np.float32)),
        last_at=np.arange(8, dtype=float),
        item_domain=np.array([0, 0, 0, 1, 1, 1, 1, 1], np.int32),
        user_interests=csr_array((1, 1), dtype=np.float32),
    )
    user = np.zeros(1, np.int64)
    found = histories(graph, 0, user, Reading(365, limit), as_if_cold=as_if_cold)
    assert (found.outside.nnz, found.inside.nnz) == read
    newest = np.arange(8 - read[0], 8)
    assert np.array_equal(np.sort(found.outside.indices), newest)


def test_two_trainings_give_the_same_edges(learned: LearnedEdges) -> None:
    again = train(seen(), TrainingConfig(edges_per_node=5)).edges
    for name, array in vars(learned.transfer).items():
        assert np.array_equal(array, getattr(again.transfer, name))
    assert again.merge == learned.merge


def test_items_liked_by_the_same_users_are_co_liked() -> None:
    edges = co_liked(checkerboard(), 5, 365)
    assert (edges.sources % 2 == edges.targets % 2).all()
    assert (edges.weights > 0).all()


@pytest.mark.parametrize("left", ["nothing", "one domain"])
def test_training_ends_where_there_is_little_to_learn(left: str) -> None:
    graph = checkerboard()
    inside = (
        np.ones(graph.interactions.nnz, bool)
        if left == "nothing"
        else graph.item_domain[graph.interactions.indices] == 1
    )
    poor = without(graph, inside, half_life_days=365)
    learned = train(poor).edges
    assert len(learned.transfer) == 0
    assert set(learned.merge) == {"a", "b"}


def test_training_needs_neither_text_nor_interests() -> None:
    graph = checkerboard()
    bare = dataclasses.replace(
        graph,
        item_vectors=np.zeros((2 * ITEMS, 0), np.float32),
        interests=np.array([], dtype=np.str_),
        interest_vectors=np.zeros((0, 0), np.float32),
        item_interests=csr_array((2 * ITEMS, 0), dtype=np.float32),
        user_interests=csr_array((len(graph.users), 0), dtype=np.float32),
    )
    edges = train(bare, TrainingConfig(edges_per_node=5)).edges.transfer
    assert ((edges.sources % 2 == edges.targets % 2) == (edges.weights > 0)).mean() > 0.9


def test_an_evaluation_ranks_transfer_above_popularity() -> None:
    document = cold_start(
        checkerboard(),
        "b",
        Conditions(("transfer", "popularity"), TrainingConfig(edges_per_node=6)),
    )
    models = document["models"]
    assert document["users"] == len(COLD)
    assert models["transfer"]["ndcg@10"] > models["popularity"]["ndcg@10"]
    low, high = models["transfer"]["ndcg@10_interval"]
    assert low <= models["transfer"]["ndcg@10"] <= high


def test_an_evaluation_of_an_unknown_domain_or_model_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="a, b"):
        cold_start(checkerboard(), "c")
    with pytest.raises(InputError, match="popularity"):
        cold_start(checkerboard(), "b", Conditions(models=("oracle",)))
