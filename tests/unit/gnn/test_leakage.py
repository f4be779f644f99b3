"""A leak that is planted is caught before anything is ranked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.errors import LeakError
from isthmus.gnn.data.arrays import InterestGraph, interests_of
from isthmus.gnn.data.splits import cold_users, done_by, interactions_in, without
from isthmus.gnn.evaluation import cold_start as evaluate
from isthmus.gnn.evaluation import leakage as audit
from isthmus.gnn.evaluation.cold_start import cold_start
from isthmus.gnn.evaluation.conditions import Conditions
from tests.unit.checkerboard import ITEMS, checkerboard

MODELS = ("popularity",)


def test_rows_of_cold_users_that_were_left_in_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cold = cold_users(checkerboard(), 1).test
    monkeypatch.setattr(evaluate, "without", lambda graph, hidden, half_life_days: graph)
    with pytest.raises(LeakError) as caught:
        cold_start(checkerboard(), "b", Conditions(models=MODELS))
    assert f"{4 * len(cold):,} interactions" in caught.value.message
    assert f"user 'user {cold[0]:03}' with item 'b:" in caught.value.message


def test_one_row_that_was_left_in_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_but_one(
        graph: InterestGraph, hidden: np.ndarray, *, half_life_days: float
    ) -> InterestGraph:
        hidden = hidden.copy()
        hidden[np.flatnonzero(hidden)[-1]] = False
        return without(graph, hidden, half_life_days=half_life_days)

    monkeypatch.setattr(evaluate, "without", all_but_one)
    with pytest.raises(LeakError, match="1 interactions"):
        cold_start(checkerboard(), "b", Conditions(models=MODELS))


def lopsided() -> InterestGraph:
    """Item 0 of the target is about the other colour, so that hiding it changes interests."""
    graph = checkerboard()
    about = graph.item_interests.toarray()
    about[ITEMS] = about[ITEMS, ::-1]
    graph = dataclasses.replace(graph, item_interests=csr_array(about))
    return dataclasses.replace(graph, user_interests=interests_of(graph, graph.interactions))


def test_interests_that_were_derived_from_hidden_rows_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forgetful(
        graph: InterestGraph, hidden: np.ndarray, *, half_life_days: float
    ) -> InterestGraph:
        clean = without(graph, hidden, half_life_days=half_life_days)
        return dataclasses.replace(clean, user_interests=graph.user_interests)

    graph = lopsided()
    cold_start(graph, "b", Conditions(models=MODELS))
    monkeypatch.setattr(evaluate, "without", forgetful)
    with pytest.raises(LeakError, match=r"interests of users .* user 'user \d+' in '(even|odd)'"):
        cold_start(graph, "b", Conditions(models=MODELS))


def test_a_clean_split_says_what_was_checked() -> None:
    cold = cold_users(checkerboard(), 1).test
    document = cold_start(
        checkerboard(), "b", Conditions(models=MODELS, titles=["same"] * (2 * ITEMS))
    )
    rows = 4 * len(cold)
    assert document["audits"] == {
        "leak": {"checked_users": len(cold), "hidden_rows": rows, "found": 0},
        "twins": {"checked_rows": rows, "found": rows},
    }
    assert document["twin_rows"] == rows
    assert document["models"]["popularity"]["ndcg@10_without_twins"] is None


def test_no_model_gets_the_whole_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    cold = cold_users(checkerboard(), 1).test
    given: list[InterestGraph] = []
    real = evaluate.best_baseline

    def watched(name, known, seen, *others):
        given.extend((known, seen))
        return real(name, known, seen, *others)

    monkeypatch.setattr(evaluate, "best_baseline", watched)
    cold_start(checkerboard(), "b", Conditions(models=MODELS))
    assert given
    for graph in given:
        assert not (interactions_in(graph, 1) & np.isin(graph.owners(), cold)).any()


def test_a_twin_counts_only_where_the_history_holds_its_domain() -> None:
    graph = checkerboard()
    titles = [f"title {k}" for k in range(2 * ITEMS)]
    titles[ITEMS] = " Title  0"
    cold = cold_users(graph, 1).test
    seen = without(graph, done_by(graph, 1, cold), half_life_days=365)
    liked = csr_array(np.eye(1, ITEMS, dtype=np.float32))
    assert audit.twins(seen, 1, cold[:1], liked, titles).tolist() == [True]
    alone = without(graph, np.ones(graph.interactions.nnz, bool), half_life_days=365)
    assert audit.twins(alone, 1, cold[:1], liked, titles).tolist() == [False]
