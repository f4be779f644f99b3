"""What people who did nothing yet are led to, and the half-life by which it is chosen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import Task, across
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import without
from isthmus.gnn.model.domain_popularity import liked_by_all, newcomer_edges
from isthmus.gnn.model.kernel_ridge import LIKES_POWER
from isthmus.gnn.scoring import served_scores
from isthmus.gnn.training.half_lives import best_half_lives
from isthmus.gnn.training.train import train
from tests.unit.checkerboard import USERS, checkerboard

DAY = 86_400.0


def dated() -> InterestGraph:
    """Even items were liked ten years before odd ones, and by three times as many."""
    graph = checkerboard()
    odd = graph.interactions.indices % 2 == 1
    few = graph.owners() < USERS // 3
    return dataclasses.replace(
        graph,
        interactions=csr_array(
            (np.where(odd & ~few, -1, 1), graph.interactions.indices, graph.interactions.indptr),
            shape=graph.interactions.shape,
        ),
        last_at=np.where(odd, 4000 * DAY, 350 * DAY),
    )


def exam(graph: InterestGraph, users: np.ndarray, target: int = 1) -> Task:
    return across(graph, target, users, Reading(), Reading())


@pytest.mark.parametrize(("first", "half_life"), [(0, 36_500), (1, 365)])
def test_the_half_life_is_longer_where_held_out_users_like_what_was_liked_long_ago(
    first: int, half_life: float
) -> None:
    graph = dated()
    asked = exam(graph, np.arange(first, USERS // 3, 2))
    assert best_half_lives(graph, [asked], Reading()) == {"b": half_life}


def test_a_domain_has_a_half_life_of_its_own_where_its_users_are_clearly_better_served() -> None:
    graph = dated()
    even, odd = (np.arange(first, USERS // 3, 2) for first in (0, 1))
    found = best_half_lives(graph, [exam(graph, odd, 0), exam(graph, even, 1)], Reading())
    assert found == {"a": 365, "b": 36_500}


def test_without_dates_there_is_nothing_to_choose() -> None:
    graph = checkerboard()
    found = best_half_lives(graph, [exam(graph, np.arange(USERS), t) for t in (0, 1)], Reading(90))
    assert found == {"a": 90, "b": 90}


def test_who_likes_much_counts_less_for_each_of_it() -> None:
    graph = checkerboard()
    liked = graph.interactions.toarray() > 0
    expected = np.zeros(len(graph.items))
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        counts = np.maximum(liked[:, items].sum(axis=1), 1)
        total = (liked[:, items] * counts[:, None] ** LIKES_POWER).sum(axis=0)
        expected[items] = total / total.max()
    assert liked_by_all(graph, 365) == pytest.approx(expected, rel=1e-6)


def test_the_strongest_edges_of_each_domain_lead_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isthmus.gnn.model.domain_popularity.NEWCOMER_EDGES", 5)
    graph = dated()
    edges = newcomer_edges(graph, {"a": 365, "b": 36_500})
    assert edges.sources.tolist() == [0] * 5 + [1] * 5
    assert (graph.item_domain[edges.targets] == edges.sources).all()
    assert (edges.targets[:5] % 2 == 1).all()
    assert (edges.targets[5:] % 2 == 0).all()
    strongest = np.sort(liked_by_all(graph, 36_500)[graph.items_of(1)])[::-1][:5]
    assert edges.weights[5:] == pytest.approx(strongest)


def test_newcomers_are_answered_by_the_edges_of_the_domain_as_validation_chose_them() -> None:
    graph = dated()
    training = train(graph, TrainingConfig(half_life_days=200))
    learned = training.edges
    chosen = training.choices.newcomer_half_life_days
    assert set(chosen.values()) <= {50, 200, 800, 20_000}
    silent = without(graph, graph.owners() == 0, half_life_days=200)
    silent = dataclasses.replace(silent, user_interests=csr_array(graph.user_interests.shape))
    scores = served_scores(silent, learned, 1, np.array([0]), Reading(200))[0]
    expected = liked_by_all(graph, chosen["b"])[graph.items_of(1)]
    popularity = silent.popularity(200)[graph.items_of(1)]
    assert scores == pytest.approx(expected + learned.merge["b"].popularity_alone * popularity)
