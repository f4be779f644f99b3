"""The temporal protocol: all interactions after an instant are hidden."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isthmus.errors import InputError, LeakError, NothingToDo
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import time_quantile
from isthmus.gnn.evaluation import temporal
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.evaluation.temporal import TimeSplit, evaluate_temporal
from isthmus.gnn.metrics import ndcg
from tests.unit.checkerboard import ITEMS, USERS, checkerboard


def dated_graph() -> InterestGraph:
    """Each user interacts with four items of `a` on days 0 to 3 and four of `b` on days 4 to 7."""
    graph = checkerboard()
    return dataclasses.replace(graph, last_at=np.tile(np.arange(8.0), USERS) * 86_400)


def day(number: float) -> float:
    return number * 86_400


def test_a_time_quantile_is_the_instant_by_which_the_share_had_happened() -> None:
    graph = dated_graph()
    assert time_quantile(graph, 0.5) == day(3)
    assert time_quantile(graph, 0.51) == day(4)
    assert time_quantile(graph, 1) == day(7)
    assert time_quantile(graph, 0.5, until=day(3)) == day(1)


def test_the_protocol_refuses_a_graph_without_dates() -> None:
    graph = checkerboard()
    with pytest.raises(InputError, match="date"):
        evaluate_temporal(graph, graph.last_at, ["b"], EvaluationConfig(models=("popularity",)))


def test_items_of_the_history_are_neither_held_out_nor_ranked() -> None:
    graph = dated_graph()
    split = TimeSplit.at_instant(graph, graph.last_at, day(5), 365)
    held_out = split.held_out_set(1, None)
    assert held_out.users.tolist() == list(range(USERS))
    assert np.diff(held_out.liked.indptr).tolist() == [2] * USERS
    assert np.diff(held_out.excluded.indptr).tolist() == [2] * USERS
    assert held_out.liked.multiply(held_out.excluded).nnz == 0
    assert split.training_set.last_at.max() == day(5)
    assert held_out.like_counts.sum() == 2 * USERS


def test_an_item_interacted_with_before_and_after_is_hidden_and_not_held_out() -> None:
    graph = dated_graph()
    first_at = graph.last_at.copy()
    first_at[7] = day(0)  # The first user interacts with the last item on day 0, too.
    split = TimeSplit.at_instant(graph, first_at, day(6), 365)
    held_out = split.held_out_set(1, None)
    repeated = graph.interactions.indices[7]
    assert repeated not in split.training_set.interactions[[0]].indices
    assert 0 not in held_out.users
    assert len(held_out.users) == USERS - 1
    document = evaluate_temporal(
        graph, first_at, ["b"], EvaluationConfig(models=("popularity",)), at=day(6)
    )[0]
    assert document["split"]["before_and_after"] == 1


def test_edges_are_tuned_on_the_later_likes_of_the_users_that_baselines_are_tuned_on() -> None:
    graph = dated_graph()
    split = TimeSplit.at_instant(graph, graph.last_at, day(3), 365)
    cold = split.validation_split()
    assert [users.tolist() for users in cold.cold_users] == [[], list(range(USERS))]
    assert [likes.nnz for likes in cold.warm_likes] == [0, 0]
    assert cold.training_graph is split.training_set
    split = TimeSplit.at_instant(graph, graph.last_at, day(5), 365)
    warm = split.validation_split()
    assert [len(users) for users in warm.cold_users] == [0, 0]
    held_out = split.held_out_set(1, None)
    likes = warm.warm_likes[1][:, graph.items_of(1)]
    assert (likes != held_out.liked).nnz == 0


def test_undated_interactions_are_hidden() -> None:
    graph = dated_graph()
    times = graph.last_at.copy()
    times[0] = np.nan
    graph = dataclasses.replace(graph, last_at=times)
    split = TimeSplit.at_instant(graph, times, day(6), 365)
    assert split.training_set.interactions.nnz == graph.interactions.nnz - 1 - USERS
    document = evaluate_temporal(
        graph, times, ["b"], EvaluationConfig(models=("popularity",)), at=day(6)
    )[0]
    assert document["split"]["undated"] == 1
    assert document["audits"]["leak"]["hidden_rows"] == USERS + 1


def test_popularity_counts_earlier_likes_and_excludes_the_history() -> None:
    graph = dated_graph()
    document = evaluate_temporal(
        graph, graph.last_at, ["b"], EvaluationConfig(models=("popularity",)), at=day(5)
    )[0]
    split = TimeSplit.at_instant(graph, graph.last_at, day(5), 365)
    held_out = split.held_out_set(1, None)
    scores = np.tile(split.training_set.popularity(365)[ITEMS:], (USERS, 1))
    scores[held_out.excluded.nonzero()] = -np.inf
    expected = ndcg(scores, held_out.liked).mean()
    assert document["models"]["popularity"]["ndcg@10"] == pytest.approx(expected)
    assert document["protocol"].startswith("temporal, at 1970-01-06")


def test_transfer_is_trained_before_the_instant_and_beats_popularity() -> None:
    graph = dated_graph()
    models = ("transfer", "popularity", "als")
    config = EvaluationConfig(models, TrainingConfig(edges_per_node=6, threads=1))
    document = evaluate_temporal(graph, graph.last_at, ["b"], config, at=day(5))[0]
    metrics = document["models"]
    assert metrics["transfer"]["ndcg@10"] > metrics["popularity"]["ndcg@10"]
    assert metrics["transfer"]["fit_seconds"] > 0
    assert document["audits"]["leak"]["found"] == 0


def test_visible_later_interactions_are_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = dated_graph()
    monkeypatch.setattr(temporal, "hide_interactions", lambda graph, hidden, half_life_days: graph)
    with pytest.raises(LeakError, match=f"{2 * USERS} interactions"):
        evaluate_temporal(
            graph, graph.last_at, ["b"], EvaluationConfig(models=("popularity",)), at=day(5)
        )


def test_an_instant_after_all_interactions_holds_out_no_user() -> None:
    graph = dated_graph()
    with pytest.raises(NothingToDo, match="after 1970-01-09"):
        evaluate_temporal(
            graph, graph.last_at, ["b"], EvaluationConfig(models=("popularity",)), at=day(8)
        )
