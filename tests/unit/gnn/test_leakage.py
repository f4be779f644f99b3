"""The leakage check finds planted leaks before anything is ranked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import LeakError
from isthmus.gnn.data.arrays import InterestGraph, derive_interests
from isthmus.gnn.data.splits import (
    cold_start_users,
    hide_interactions,
    interactions_in_domain,
    interactions_of_users,
)
from isthmus.gnn.evaluation import cold_start
from isthmus.gnn.evaluation.cold_start import evaluate_cold_start
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.evaluation.leakage import find_twins
from tests.unit.checkerboard import ITEMS, checkerboard

MODELS = ("popularity",)


def test_visible_interactions_of_test_users_are_a_leak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test_users = cold_start_users(checkerboard(), 1).test
    monkeypatch.setattr(
        cold_start, "hide_interactions", lambda graph, hidden, half_life_days: graph
    )
    with pytest.raises(LeakError) as raised:
        evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=MODELS))
    assert f"{4 * len(test_users):,} interactions" in raised.value.message
    assert f"user 'user {test_users[0]:03}' with item 'b:" in raised.value.message


def test_a_single_visible_interaction_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    def hide_all_but_one(
        graph: InterestGraph, hidden: np.ndarray, *, half_life_days: float
    ) -> InterestGraph:
        hidden = hidden.copy()
        hidden[np.flatnonzero(hidden)[-1]] = False
        return hide_interactions(graph, hidden, half_life_days=half_life_days)

    monkeypatch.setattr(cold_start, "hide_interactions", hide_all_but_one)
    with pytest.raises(LeakError, match="1 interactions"):
        evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=MODELS))


def swapped_interests() -> InterestGraph:
    """Item 0 of the target has the other colour's interest, so that hiding it changes interests."""
    graph = checkerboard()
    item_interests = graph.item_interests.toarray()
    item_interests[ITEMS] = item_interests[ITEMS, ::-1]
    graph = dataclasses.replace(graph, item_interests=csr_array(item_interests))
    return dataclasses.replace(graph, user_interests=derive_interests(graph, graph.interactions))


def test_interests_derived_from_hidden_interactions_are_a_leak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keep_interests(
        graph: InterestGraph, hidden: np.ndarray, *, half_life_days: float
    ) -> InterestGraph:
        remaining = hide_interactions(graph, hidden, half_life_days=half_life_days)
        return dataclasses.replace(remaining, user_interests=graph.user_interests)

    graph = swapped_interests()
    evaluate_cold_start(graph, "b", EvaluationConfig(models=MODELS))
    monkeypatch.setattr(cold_start, "hide_interactions", keep_interests)
    with pytest.raises(LeakError, match=r"interests of users .* user 'user \d+' in '(even|odd)'"):
        evaluate_cold_start(graph, "b", EvaluationConfig(models=MODELS))


def test_a_result_reports_what_the_leakage_check_covered() -> None:
    test_users = cold_start_users(checkerboard(), 1).test
    document = evaluate_cold_start(
        checkerboard(), "b", EvaluationConfig(models=MODELS, titles=["same"] * (2 * ITEMS))
    )
    rows = 4 * len(test_users)
    assert document["audits"] == {
        "leak": {"checked_users": len(test_users), "hidden_rows": rows, "found": 0},
        "twins": {"checked_rows": rows, "found": rows},
    }
    assert document["twin_rows"] == rows
    assert document["models"]["popularity"]["ndcg@10_without_twins"] is None


def test_no_baseline_is_fitted_on_hidden_interactions(monkeypatch: pytest.MonkeyPatch) -> None:
    test_users = cold_start_users(checkerboard(), 1).test
    fitted: list[InterestGraph] = []
    fit_baseline = cold_start.fit_baseline

    def record_graphs(name, tuning_set, training_set, *others):
        fitted.extend((tuning_set, training_set))
        return fit_baseline(name, tuning_set, training_set, *others)

    monkeypatch.setattr(cold_start, "fit_baseline", record_graphs)
    evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=MODELS))
    assert fitted
    for graph in fitted:
        assert not (
            interactions_in_domain(graph, 1) & np.isin(graph.interaction_users(), test_users)
        ).any()


def test_a_twin_is_in_a_source_domain_of_the_users_history() -> None:
    graph = checkerboard()
    titles = [f"title {k}" for k in range(2 * ITEMS)]
    titles[ITEMS] = " Title  0"
    users = cold_start_users(graph, 1).test
    training_set = hide_interactions(
        graph, interactions_of_users(graph, 1, users), half_life_days=365
    )
    liked = csr_array(np.eye(1, ITEMS, dtype=np.float32))
    assert find_twins(training_set, 1, users[:1], liked, titles).tolist() == [True]
    empty = hide_interactions(graph, np.ones(graph.interactions.nnz, bool), half_life_days=365)
    assert find_twins(empty, 1, users[:1], liked, titles).tolist() == [False]
