"""Edges from interests by ridge regression, and their merge weight for users with texts only."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import Examples, build_examples
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions, interactions_of_users
from isthmus.gnn.determinism import reproducible
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.gnn.model.domain_popularity import compute_domain_popularity
from isthmus.gnn.model.interest_edges import RIDGE, solve_interest_edges
from isthmus.gnn.model.kernel import Kernel
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import Trainer
from isthmus.gnn.training.tuned_parameters import TargetParameters, TunedParameters
from isthmus.gnn.training.tuning import (
    DOMAIN_POPULARITY_LEAD,
    INTEREST_ALONE_FACTORS,
    tune_merge_without_history,
)
from tests.unit.checkerboard import ITEMS, checkerboard

USERS = np.arange(20)


def test_interest_edges_are_the_ridge_regression_of_likes_on_interests() -> None:
    interests = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], np.float32)
    liked = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    examples = Examples(
        0, np.arange(3), csr_array((3, 0)), [], csr_array(interests), csr_array(liked)
    )
    mean_squared_length = (1 + 4 + 2) / 3
    likes = liked / np.array([[1], [1], [2**0.25]])
    gram = interests.T @ interests + RIDGE * mean_squared_length * np.eye(2)
    expected = np.linalg.solve(gram, interests.T @ likes)
    weights = solve_interest_edges(examples, seed=7).scores(csr_array(np.eye(2, dtype=np.float32)))
    assert weights == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def kernel_training() -> tuple[InterestGraph, LearnedEdges, Examples]:
    """A training graph, edges learned from it by the kernel alone, and held-out examples in b."""
    graph = checkerboard()
    training_graph = hide_interactions(
        graph, interactions_of_users(graph, 1, USERS), half_life_days=365
    )
    with reproducible(7, 1):
        trainer = Trainer(TrainingConfig(edges_per_node=10))
        targets = dict.fromkeys(
            training_graph.domains, TargetParameters(HistoryWeighting(), Kernel())
        )
        tuned = TunedParameters(targets, dict.fromkeys(training_graph.domains, 365.0))
        features = trainer.features(training_graph)
        examples = trainer.examples(training_graph, targets)
        model = trainer.train(training_graph, features, examples, tuned)
        learned = trainer.build_edges(training_graph, examples, model, tuned)
    held_out = build_examples(
        training_graph, 1, USERS, HistoryWeighting(), HistoryWeighting(), label_graph=graph
    )
    return training_graph, learned, held_out


def test_interest_alone_starts_below_domain_popularity_and_is_tuned_by_all_targets(
    kernel_training: tuple[InterestGraph, LearnedEdges, Examples],
) -> None:
    training_graph, learned, held_out = kernel_training
    merge = tune_merge_without_history(
        training_graph, learned, [held_out], {"b": learned.merge["b"]}
    )["b"]
    edges = np.zeros((2, len(training_graph.items)), np.float32)
    edges[learned.interest.sources, learned.interest.targets] = learned.interest.weights
    items = training_graph.items_of(1)
    interest = held_out.interests @ edges[:, items]
    popularity = compute_domain_popularity(training_graph, 365)[items]
    lead = popularity.std() / (merge.interest_alone * interest.std())
    assert any(
        lead == pytest.approx(DOMAIN_POPULARITY_LEAD / factor)
        for factor in (1, *INTEREST_ALONE_FACTORS)
    )
    # All likes of a user are of their colour, so interests must get more weight than by default.
    assert lead < DOMAIN_POPULARITY_LEAD


def test_the_kernel_alone_recommends_users_with_texts_only_items_of_their_colour(
    kernel_training: tuple[InterestGraph, LearnedEdges, Examples],
) -> None:
    graph, (training_graph, learned, held_out) = checkerboard(), kernel_training
    merge = tune_merge_without_history(
        training_graph, learned, [held_out], {"b": learned.merge["b"]}
    )["b"]
    no_history = hide_interactions(
        graph, np.isin(graph.interaction_users(), USERS), half_life_days=365
    )
    interests = no_history.user_interests.tolil()
    for user in USERS:
        interests[user, user % 2] = 0.5
    texts_only = dataclasses.replace(no_history, user_interests=csr_array(interests))
    merged = dataclasses.replace(learned, merge={"b": merge})
    scores = score_users(texts_only, merged, 1, USERS, HistoryWeighting())
    best = np.argmax(scores, axis=1)
    assert (best % 2).tolist() == (USERS % 2).tolist()
    assert scores.shape == (len(USERS), ITEMS)
