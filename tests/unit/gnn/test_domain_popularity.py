"""Domain popularity for users without history, and the tuning of its half-life."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import Examples, build_examples
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions
from isthmus.gnn.model.domain_popularity import (
    LIKES_EXPONENT,
    compute_domain_popularity,
    domain_popularity_edges,
)
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import train_edges
from isthmus.gnn.training.tuning import tune_popularity_half_lives
from tests.unit.checkerboard import USERS, checkerboard

DAY = 86_400.0


def dated_graph() -> InterestGraph:
    """Even items were liked ten years before odd ones, by three times as many users."""
    graph = checkerboard()
    odd = graph.interactions.indices % 2 == 1
    few = graph.interaction_users() < USERS // 3
    return dataclasses.replace(
        graph,
        interactions=csr_array(
            (np.where(odd & ~few, -1, 1), graph.interactions.indices, graph.interactions.indptr),
            shape=graph.interactions.shape,
        ),
        last_at=np.where(odd, 4000 * DAY, 350 * DAY),
    )


def validation_examples(graph: InterestGraph, users: np.ndarray, target: int = 1) -> Examples:
    return build_examples(graph, target, users, HistoryWeighting(), HistoryWeighting())


@pytest.mark.parametrize(("first", "half_life"), [(0, 36_500), (1, 365)])
def test_the_half_life_is_longer_where_validation_users_like_formerly_popular_items(
    first: int, half_life: float
) -> None:
    graph = dated_graph()
    examples = validation_examples(graph, np.arange(first, USERS // 3, 2))
    assert tune_popularity_half_lives(graph, [examples], HistoryWeighting()) == {"b": half_life}


def test_a_domain_gets_its_own_half_life_where_it_is_clearly_better_for_its_users() -> None:
    graph = dated_graph()
    even, odd = (np.arange(first, USERS // 3, 2) for first in (0, 1))
    examples = [validation_examples(graph, odd, 0), validation_examples(graph, even, 1)]
    half_lives = tune_popularity_half_lives(graph, examples, HistoryWeighting())
    assert half_lives == {"a": 365, "b": 36_500}


def test_without_dates_the_half_life_is_not_tuned() -> None:
    graph = checkerboard()
    examples = [validation_examples(graph, np.arange(USERS), t) for t in (0, 1)]
    half_lives = tune_popularity_half_lives(graph, examples, HistoryWeighting(90))
    assert half_lives == {"a": 90, "b": 90}


def test_each_like_of_a_user_with_many_likes_counts_less() -> None:
    graph = checkerboard()
    liked = graph.interactions.toarray() > 0
    expected = np.zeros(len(graph.items))
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        counts = np.maximum(liked[:, items].sum(axis=1), 1)
        total = (liked[:, items] * counts[:, None] ** LIKES_EXPONENT).sum(axis=0)
        expected[items] = total / total.max()
    assert compute_domain_popularity(graph, 365) == pytest.approx(expected, rel=1e-6)


def test_the_strongest_edges_lead_from_each_domain_to_its_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isthmus.gnn.model.domain_popularity.MAX_DOMAIN_EDGES", 5)
    graph = dated_graph()
    edges = domain_popularity_edges(graph, {"a": 365, "b": 36_500})
    assert edges.sources.tolist() == [0] * 5 + [1] * 5
    assert (graph.item_domain[edges.targets] == edges.sources).all()
    assert (edges.targets[:5] % 2 == 1).all()
    assert (edges.targets[5:] % 2 == 0).all()
    strongest = np.sort(compute_domain_popularity(graph, 36_500)[graph.items_of(1)])[::-1][:5]
    assert edges.weights[5:] == pytest.approx(strongest)


def test_users_without_history_are_scored_by_the_tuned_edges_of_the_domain() -> None:
    graph = dated_graph()
    training = train_edges(graph, TrainingConfig(half_life_days=200))
    learned = training.edges
    half_lives = training.tuned.popularity_half_life_days
    assert set(half_lives.values()) <= {50, 200, 800, 20_000}
    without_history = hide_interactions(graph, graph.interaction_users() == 0, half_life_days=200)
    without_history = dataclasses.replace(
        without_history, user_interests=csr_array(graph.user_interests.shape)
    )
    scores = score_users(without_history, learned, 1, np.array([0]), HistoryWeighting(200))[0]
    expected = compute_domain_popularity(graph, half_lives["b"])[graph.items_of(1)]
    popularity = without_history.popularity(200)[graph.items_of(1)]
    assert scores == pytest.approx(expected + learned.merge["b"].popularity_alone * popularity)
