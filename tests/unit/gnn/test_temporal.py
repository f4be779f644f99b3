"""At one instant everybody's future is hidden."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isthmus.errors import InputError, LeakError, NothingToDo
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import instant_of
from isthmus.gnn.evaluation import temporal as module
from isthmus.gnn.evaluation.conditions import Conditions
from isthmus.gnn.evaluation.temporal import Moment, temporal
from isthmus.gnn.metrics import ndcg
from tests.unit.checkerboard import ITEMS, USERS, checkerboard


def dated() -> InterestGraph:
    """Each user meets the four items of `a` at 0 to 3 and those of `b` at 4 to 7, in days."""
    graph = checkerboard()
    return dataclasses.replace(graph, last_at=np.tile(np.arange(8.0), USERS) * 86_400)


def day(number: float) -> float:
    return number * 86_400


def test_the_instant_is_when_the_share_had_happened() -> None:
    graph = dated()
    assert instant_of(graph, 0.5) == day(3)
    assert instant_of(graph, 0.51) == day(4)
    assert instant_of(graph, 1) == day(7)
    assert instant_of(graph, 0.5, until=day(3)) == day(1)


def test_without_dates_it_says_that_it_needs_them() -> None:
    graph = checkerboard()
    with pytest.raises(InputError, match="date"):
        temporal(graph, graph.last_at, ["b"], Conditions(models=("popularity",)))


def test_what_was_met_before_is_neither_asked_nor_ranked() -> None:
    graph = dated()
    moment = Moment.of(graph, graph.last_at, day(5), 365)
    exam = moment.exam(1, None)
    assert exam.users.tolist() == list(range(USERS))
    assert np.diff(exam.liked.indptr).tolist() == [2] * USERS
    assert np.diff(exam.met.indptr).tolist() == [2] * USERS
    assert exam.liked.multiply(exam.met).nnz == 0
    assert moment.seen.last_at.max() == day(5)
    assert exam.likers.sum() == 2 * USERS


def test_an_item_met_before_and_after_is_hidden_and_not_asked() -> None:
    graph = dated()
    first_at = graph.last_at.copy()
    first_at[7] = day(0)  # The first user had met the last item on the first day already.
    moment = Moment.of(graph, first_at, day(6), 365)
    exam = moment.exam(1, None)
    again = graph.interactions.indices[7]
    assert again not in moment.seen.interactions[[0]].indices
    assert 0 not in exam.users
    assert len(exam.users) == USERS - 1
    document = temporal(graph, first_at, ["b"], Conditions(models=("popularity",)), at=day(6))[0]
    assert document["split"]["before_and_after"] == 1


def test_undated_interactions_are_hidden_altogether() -> None:
    graph = dated()
    times = graph.last_at.copy()
    times[0] = np.nan
    graph = dataclasses.replace(graph, last_at=times)
    moment = Moment.of(graph, times, day(6), 365)
    assert moment.seen.interactions.nnz == graph.interactions.nnz - 1 - USERS
    document = temporal(graph, times, ["b"], Conditions(models=("popularity",)), at=day(6))[0]
    assert document["split"]["undated"] == 1
    assert document["audits"]["leak"]["hidden_rows"] == USERS + 1


def test_popularity_ranks_by_what_had_happened_and_leaves_out_what_was_met() -> None:
    graph = dated()
    document = temporal(graph, graph.last_at, ["b"], Conditions(models=("popularity",)), at=day(5))[
        0
    ]
    moment = Moment.of(graph, graph.last_at, day(5), 365)
    exam = moment.exam(1, None)
    scores = np.tile(moment.seen.popularity(365)[ITEMS:], (USERS, 1))
    scores[exam.met.nonzero()] = -np.inf
    expected = ndcg(scores, exam.liked).mean()
    assert document["models"]["popularity"]["ndcg@10"] == pytest.approx(expected)
    assert document["protocol"].startswith("temporal, at 1970-01-06")


def test_transfer_is_trained_on_the_past_and_beats_popularity() -> None:
    graph = dated()
    models = ("transfer", "popularity", "als")
    conditions = Conditions(models, TrainingConfig(edges_per_node=6, threads=1))
    document = temporal(graph, graph.last_at, ["b"], conditions, at=day(5))[0]
    found = document["models"]
    assert found["transfer"]["ndcg@10"] > found["popularity"]["ndcg@10"]
    assert found["transfer"]["fit_seconds"] > 0
    assert document["audits"]["leak"]["found"] == 0


def test_a_future_that_was_left_in_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = dated()
    monkeypatch.setattr(module, "without", lambda graph, hidden, half_life_days: graph)
    with pytest.raises(LeakError, match=f"{2 * USERS} interactions"):
        temporal(graph, graph.last_at, ["b"], Conditions(models=("popularity",)), at=day(5))


def test_an_instant_after_everything_has_nobody_to_ask() -> None:
    graph = dated()
    with pytest.raises(NothingToDo, match="after 1970-01-09"):
        temporal(graph, graph.last_at, ["b"], Conditions(models=("popularity",)), at=day(8))
