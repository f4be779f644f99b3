"""The half-life by which likes make an item popular, as held-out users choose it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from gnn.data import InterestGraph, Reading
from gnn.reading import best_popularity
from gnn.tasks import Task, across
from gnn.train import train
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
    assert best_popularity(graph, [asked], Reading()) == {"b": half_life}


def test_a_domain_has_a_half_life_of_its_own_where_its_users_are_clearly_better_served() -> None:
    graph = dated()
    even, odd = (np.arange(first, USERS // 3, 2) for first in (0, 1))
    found = best_popularity(graph, [exam(graph, odd, 0), exam(graph, even, 1)], Reading())
    assert found == {"a": 365, "b": 36_500}


def test_without_dates_there_is_nothing_to_choose() -> None:
    graph = checkerboard()
    found = best_popularity(graph, [exam(graph, np.arange(USERS), t) for t in (0, 1)], Reading(90))
    assert found == {"a": 90, "b": 90}


def test_every_domain_is_merged_by_the_half_life_that_was_chosen() -> None:
    learned = train(dated(), half_life_days=200)
    assert learned.choices is not None
    chosen = learned.choices.popularity_half_life_days
    assert set(chosen.values()) <= {50, 200, 800, 20_000}
    merged = {name: merge.popularity_half_life_days for name, merge in learned.merge.items()}
    assert merged == chosen
