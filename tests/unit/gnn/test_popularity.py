"""Popularity: without a like of one's own, and the half-life that serves a domain best."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions
from isthmus.gnn.model.features import compute_features
from isthmus.gnn.model.popularity import compute_popularity
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.target_tuning import tune_target
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import checkerboard

DAY = 86_400.0


def dated_graph(newest_by_most: bool) -> InterestGraph:
    """In each domain, three quarters of the users like the even items only.

    Their likes are the newest, or ten years older than those of the odd items.
    """
    graph = checkerboard()
    rng = np.random.default_rng(1)
    odd = graph.interactions.indices % 2 == 1
    liked = odd == (graph.interaction_users() % 4 == 0)
    liked &= rng.random(len(odd)) < 0.5
    data = np.where(liked, 1, -1).astype(np.float32)
    old = odd if newest_by_most else ~odd
    return dataclasses.replace(
        graph,
        interactions=csr_array(
            (data, graph.interactions.indices, graph.interactions.indptr),
            shape=graph.interactions.shape,
        ),
        last_at=np.where(old, 350 * DAY, 4000 * DAY),
    )


def test_popularity_without_one_like_is_that_of_a_graph_without_it() -> None:
    graph = checkerboard()
    whole = compute_popularity(graph, 1, 365)
    user = int(graph.interaction_users()[graph.interactions.data > 0][0])
    rest = hide_interactions(graph, graph.interaction_users() == user, half_life_days=365)
    liked = csr_array(graph.interactions[[user]][:, graph.items_of(1)])
    items = liked.indices[liked.data > 0]
    assert len(items)
    likes = rest.like_counts(365)[graph.items_of(1)]
    most = graph.like_counts(365)[graph.items_of(1)].max()
    expected = np.log1p(likes) / np.log1p(most)  # on the scale of the whole graph
    assert whole.without_one[items] == pytest.approx(expected[items], rel=1e-5)
    assert (whole.without_one <= whole.values).all()


@pytest.mark.parametrize("newest_by_most", [True, False])
def test_half_life_lets_the_items_count_that_users_like(newest_by_most: bool) -> None:
    graph = dated_graph(newest_by_most)
    features = compute_features(graph, seed=7)
    parameters, _ = tune_target(graph, 1, features, HistoryWeighting(), 7)
    popularity = compute_popularity(graph, 1, parameters.popularity_half_life_days).values
    assert popularity[::2].mean() > popularity[1::2].mean()


def test_without_dates_the_half_life_is_not_tuned() -> None:
    graph = checkerboard()
    parameters, _ = tune_target(graph, 1, compute_features(graph, 7), HistoryWeighting(90), 7)
    assert parameters.popularity_half_life_days == 90


def test_users_without_history_are_scored_by_likes_with_the_tuned_half_life() -> None:
    graph = dated_graph(newest_by_most=False)
    training = train_edges(graph, TrainingConfig(half_life_days=200))
    merge = training.edges.merge["b"]
    assert merge.popularity_half_life_days in (50, 200, 800, 20_000)
    assert merge.popularity_half_life_days == training.tuned.targets["b"].popularity_half_life_days
    without_history = hide_interactions(graph, graph.interaction_users() == 0, half_life_days=200)
    without_history = dataclasses.replace(
        without_history, user_interests=csr_array(graph.user_interests.shape)
    )
    user = np.array([0])
    scores = score_users(without_history, training.edges, 1, user, HistoryWeighting(200))[0]
    days = merge.popularity_half_life_days
    assert scores == pytest.approx(without_history.likes_share(days)[graph.items_of(1)])
