"""The last like of each user, hidden and found again among others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import InputError, LeakError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.evaluation import next_item as module
from isthmus.gnn.evaluation.conditions import Conditions
from isthmus.gnn.evaluation.next_item import (
    NOBODY,
    Draw,
    before,
    drawn,
    next_item,
    placed,
    sequences,
)
from tests.unit.checkerboard import ITEMS, USERS, checkerboard


def dated() -> InterestGraph:
    """Each user meets the four items of `a` on days 0 to 3 and those of `b` on days 4 to 7."""
    graph = checkerboard()
    return dataclasses.replace(graph, last_at=np.tile(np.arange(8.0), USERS) * 86_400)


def with_first_user(weights: list[float], days: list[float]) -> InterestGraph:
    graph = dated()
    data, times = graph.interactions.data.copy(), graph.last_at.copy()
    data[:8], times[:8] = weights, np.array(days) * 86_400
    parts = (data, graph.interactions.indices, graph.interactions.indptr)
    likes = csr_array(parts, shape=graph.interactions.shape)
    return dataclasses.replace(graph, interactions=likes, last_at=times)


def test_the_last_like_is_the_test_and_the_one_before_it_the_validation() -> None:
    order = sequences(with_first_user([1, 1, 1, 1, 1, 1, 1, 1], [7, 0, 1, 2, 3, 4, 5, 6]))
    assert order.rank[:8].tolist() == [7, 0, 1, 2, 3, 4, 5, 6]
    assert (order.test[0], order.validation[0]) == (0, 7)
    assert (order.test[1], order.validation[1]) == (15, 14)


def test_one_time_is_ordered_by_item() -> None:
    order = sequences(with_first_user([1] * 8, [5] * 8))
    assert order.rank[:8].tolist() == list(range(8))


def test_a_dislike_is_never_asked_for_and_what_follows_the_test_is_hidden() -> None:
    graph = with_first_user([1, 1, 1, 1, 1, 1, -1, -1], list(range(8)))
    order = sequences(graph)
    assert (order.test[0], order.validation[0]) == (5, 4)
    assert before(graph, order, order.test)[:8].tolist() == [True] * 5 + [False] * 3
    assert before(graph, order, order.validation)[:8].tolist() == [True] * 4 + [False] * 4


def test_who_has_nothing_before_the_two_likes_is_not_asked_and_keeps_all() -> None:
    graph = with_first_user([1, 1, -1, -1, -1, -1, -1, -1], list(range(8)))
    order = sequences(graph)
    assert order.test[0] == order.validation[0] == NOBODY
    assert before(graph, order, order.test)[:8].all()


def test_what_has_no_date_is_hidden() -> None:
    graph = with_first_user([1] * 8, [np.nan, 1, 2, 3, 4, 5, 6, 7])
    order = sequences(graph)
    assert order.test[0] == 7
    assert before(graph, order, order.test)[:8].tolist() == [False] + [True] * 6 + [False]


def test_a_history_is_cut_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HISTORY", 3)
    graph = dated()
    order = sequences(graph)
    expected = [False] * 4 + [True] * 3 + [False]
    assert before(graph, order, order.test)[:8].tolist() == expected


def test_candidates_are_the_item_and_all_that_the_user_never_met() -> None:
    graph = dated()
    order = sequences(graph)
    draw = drawn(graph, order.test, 1, seed=1)
    assert draw.users.tolist() == list(range(USERS))
    for user, row in zip(draw.users, draw.candidates, strict=True):
        met = set(graph.interactions[[user]].indices - ITEMS)
        found = row[row != NOBODY]
        assert found[0] == graph.interactions.indices[order.test[user]] - ITEMS
        assert set(found[1:].tolist()) == set(range(ITEMS)) - met
    again = drawn(graph, order.test, 1, seed=1)
    assert np.array_equal(again.candidates, draw.candidates)
    assert not len(drawn(graph, order.test, 0, seed=1).users)


def test_places_by_hand() -> None:
    # The item asked for stands third among four, then shares the first place with one other.
    scores = np.array([[3, 2, 1, 0], [5, 5, 1, 0]], np.float32)
    draw = Draw(np.array([0, 1]), np.array([[2, 0, 1, 3], [0, 1, 2, NOBODY]]))
    users = placed(lambda rows: scores[rows], draw).users
    assert users["mrr"].tolist() == pytest.approx([1 / 3, (1 + 1 / 2) / 2])
    assert users["ndcg@10"].tolist() == pytest.approx([1 / 2, (1 + 1 / np.log2(3)) / 2])
    assert users["hr@5"].tolist() == [1, 1]


def test_transfer_finds_the_colour_of_the_next_item() -> None:
    models = ("transfer", "popularity", "als")
    document = next_item(
        dated(), ["a", "b"], Conditions(models, TrainingConfig(edges_per_node=6, threads=1))
    )
    assert [part["target"] for part in document] == ["b"]
    found = document[0]["models"]
    assert found["transfer"]["mrr"] > found["popularity"]["mrr"]
    assert set(document[0]["best_baseline"]) == {"hr@5", "hr@10", "ndcg@10", "mrr"}
    assert document[0]["audits"]["leak"] == {
        "checked_users": USERS,
        "hidden_rows": USERS,
        "found": 0,
    }


def test_an_item_that_was_left_in_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "without", lambda graph, hidden, half_life_days: graph)
    with pytest.raises(LeakError, match=f"{USERS} interactions"):
        next_item(dated(), ["b"], Conditions(models=("popularity",)))


def test_without_dates_it_says_that_it_needs_them() -> None:
    with pytest.raises(InputError, match="date"):
        next_item(checkerboard(), ["b"], Conditions(models=("popularity",)))
