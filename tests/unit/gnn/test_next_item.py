"""The next-item protocol: each user's last like is hidden and ranked among candidates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import InputError, LeakError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.evaluation import next_item
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.evaluation.next_item import (
    NO_ITEM,
    CandidateSample,
    build_sequences,
    evaluate_candidates,
    evaluate_next_item,
    sample_candidates,
    visible_before,
)
from tests.unit.checkerboard import ITEMS, USERS, checkerboard


def dated_graph() -> InterestGraph:
    """Each user interacts with four items of `a` on days 0 to 3 and four of `b` on days 4 to 7."""
    graph = checkerboard()
    return dataclasses.replace(graph, last_at=np.tile(np.arange(8.0), USERS) * 86_400)


def with_first_user(weights: list[float], days: list[float]) -> InterestGraph:
    """The dated graph with other weights and days of the first user's interactions."""
    graph = dated_graph()
    data, times = graph.interactions.data.copy(), graph.last_at.copy()
    data[:8], times[:8] = weights, np.array(days) * 86_400
    parts = (data, graph.interactions.indices, graph.interactions.indptr)
    likes = csr_array(parts, shape=graph.interactions.shape)
    return dataclasses.replace(graph, interactions=likes, last_at=times)


def test_the_last_like_is_for_testing_and_the_one_before_it_for_validation() -> None:
    sequences = build_sequences(with_first_user([1, 1, 1, 1, 1, 1, 1, 1], [7, 0, 1, 2, 3, 4, 5, 6]))
    assert sequences.rank[:8].tolist() == [7, 0, 1, 2, 3, 4, 5, 6]
    assert (sequences.test[0], sequences.validation[0]) == (0, 7)
    assert (sequences.test[1], sequences.validation[1]) == (15, 14)


def test_interactions_at_the_same_time_are_ordered_by_item() -> None:
    sequences = build_sequences(with_first_user([1] * 8, [5] * 8))
    assert sequences.rank[:8].tolist() == list(range(8))


def test_a_dislike_is_no_test_item_and_interactions_after_the_test_item_are_hidden() -> None:
    graph = with_first_user([1, 1, 1, 1, 1, 1, -1, -1], list(range(8)))
    sequences = build_sequences(graph)
    assert (sequences.test[0], sequences.validation[0]) == (5, 4)
    assert visible_before(graph, sequences, sequences.test)[:8].tolist() == [True] * 5 + [False] * 3
    expected = [True] * 4 + [False] * 4
    assert visible_before(graph, sequences, sequences.validation)[:8].tolist() == expected


def test_users_without_history_before_two_likes_are_not_evaluated_and_stay_visible() -> None:
    graph = with_first_user([1, 1, -1, -1, -1, -1, -1, -1], list(range(8)))
    sequences = build_sequences(graph)
    assert sequences.test[0] == sequences.validation[0] == NO_ITEM
    assert visible_before(graph, sequences, sequences.test)[:8].all()


def test_undated_interactions_are_hidden() -> None:
    graph = with_first_user([1] * 8, [np.nan, 1, 2, 3, 4, 5, 6, 7])
    sequences = build_sequences(graph)
    assert sequences.test[0] == 7
    expected = [False] + [True] * 6 + [False]
    assert visible_before(graph, sequences, sequences.test)[:8].tolist() == expected


def test_a_history_is_truncated_to_its_last_interactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_item, "MAX_HISTORY_LENGTH", 3)
    graph = dated_graph()
    sequences = build_sequences(graph)
    expected = [False] * 4 + [True] * 3 + [False]
    assert visible_before(graph, sequences, sequences.test)[:8].tolist() == expected


def test_candidates_are_the_test_item_and_items_that_are_new_to_the_user() -> None:
    graph = dated_graph()
    sequences = build_sequences(graph)
    sample = sample_candidates(graph, sequences.test, 1, seed=1)
    assert sample.users.tolist() == list(range(USERS))
    for user, row in zip(sample.users, sample.candidates, strict=True):
        history = set(graph.interactions[[user]].indices - ITEMS)
        items = row[row != NO_ITEM]
        assert items[0] == graph.interactions.indices[sequences.test[user]] - ITEMS
        assert set(items[1:].tolist()) == set(range(ITEMS)) - history
    again = sample_candidates(graph, sequences.test, 1, seed=1)
    assert np.array_equal(again.candidates, sample.candidates)
    assert not len(sample_candidates(graph, sequences.test, 0, seed=1).users)


def test_per_user_metrics_match_a_calculation_by_hand() -> None:
    # The test item ranks third of four, then ties with another item for the first rank.
    scores = np.array([[3, 2, 1, 0], [5, 5, 1, 0]], np.float32)
    sample = CandidateSample(np.array([0, 1]), np.array([[2, 0, 1, 3], [0, 1, 2, NO_ITEM]]))
    per_user = evaluate_candidates(lambda rows: scores[rows], sample).per_user
    assert per_user["mrr"].tolist() == pytest.approx([1 / 3, (1 + 1 / 2) / 2])
    assert per_user["ndcg@10"].tolist() == pytest.approx([1 / 2, (1 + 1 / np.log2(3)) / 2])
    assert per_user["hr@5"].tolist() == [1, 1]


def test_transfer_ranks_the_next_item_higher_than_popularity_does() -> None:
    models = ("transfer", "popularity", "als")
    documents = evaluate_next_item(
        dated_graph(),
        ["a", "b"],
        EvaluationConfig(models, TrainingConfig(edges_per_node=6, threads=1)),
    )
    assert [part["target"] for part in documents] == ["b"]
    metrics = documents[0]["models"]
    assert metrics["transfer"]["mrr"] > metrics["popularity"]["mrr"]
    assert set(documents[0]["best_baseline"]) == {"hr@5", "hr@10", "ndcg@10", "mrr"}
    assert documents[0]["audits"]["leak"] == {
        "checked_users": USERS,
        "hidden_rows": USERS,
        "found": 0,
    }


def test_a_visible_test_item_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_item, "hide_interactions", lambda graph, hidden, half_life_days: graph)
    with pytest.raises(LeakError, match=f"{USERS} interactions"):
        evaluate_next_item(dated_graph(), ["b"], EvaluationConfig(models=("popularity",)))


def test_the_protocol_refuses_a_graph_without_dates() -> None:
    with pytest.raises(InputError, match="date"):
        evaluate_next_item(checkerboard(), ["b"], EvaluationConfig(models=("popularity",)))
