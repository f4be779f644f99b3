"""Each baseline equals its formula, evaluated densely on a small graph."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.baselines.ease import Ease
from isthmus.gnn.baselines.item_cosine import ItemCosine
from isthmus.gnn.baselines.lightgcn import LightGcn
from isthmus.gnn.baselines.registry import BASELINES, tune_baseline
from isthmus.gnn.baselines.ridge import Ridge
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import HistoryWeighting
from tests.unit.checkerboard import checkerboard

WEIGHTING = HistoryWeighting()
# Users by items. Items 0 to 2 are in domain a, items 3 to 5 in domain b; negative is a dislike.
WEIGHTS = np.array(
    [
        [1, 1, 0, 1, 0, 0],
        [1, 0, 0, 1, 1, 0],
        [0, 1, 1, 0, 1, 0],
        [1, 0, -1, 0, 1, 0],
        [0, 2, 1, 0, 0, -1],
        [0, 0, 0, 1, 0, 1],
    ],
    dtype=np.float32,
)
LIKES = np.maximum(WEIGHTS, 0)
ALL_USERS = np.arange(len(WEIGHTS))


def small_graph(weights: np.ndarray = WEIGHTS) -> InterestGraph:
    users, items = weights.shape
    interactions = csr_array(weights)
    return InterestGraph(
        users=np.array([f"user {k}" for k in range(users)]),
        items=np.array([f"{'ab'[k // 3]}:{k}" for k in range(items)]),
        domains=("a", "b"),
        item_domain=np.repeat(np.array([0, 1], np.int32), 3),
        item_vectors=np.zeros((items, 0), np.float32),
        interactions=interactions,
        last_at=np.full(interactions.nnz, np.nan),
        interests=np.array([], dtype=np.str_),
        interest_vectors=np.zeros((0, 0), np.float32),
        item_interests=csr_array((items, 0), dtype=np.float32),
        user_interests=csr_array((users, 0), dtype=np.float32),
        written_interests=csr_array((users, 0), dtype=np.float32),
    )


@pytest.mark.parametrize("shrinkage", [0, 10])
def test_cosine_sums_similarities_over_the_history_in_all_domains(shrinkage: float) -> None:
    lengths = np.linalg.norm(LIKES, axis=0)
    similar = LIKES.T @ LIKES / (np.outer(lengths, lengths) + shrinkage)
    (model,) = ItemCosine.fit_grid(small_graph(), 1, [(WEIGHTING, 0, shrinkage)], 7)
    assert np.allclose(model.scores(ALL_USERS), (LIKES @ similar)[:, 3:])


def test_cosine_of_two_items_matches_a_calculation_by_hand() -> None:
    (model,) = ItemCosine.fit_grid(small_graph(), 1, [(WEIGHTING, 0, 0)], 7)
    # User 3 likes items 0 and 4, which have three likes each; two users like both.
    assert model.scores(np.array([3]))[0, 1] == pytest.approx(2 / 3 + 1)


def test_a_long_history_counts_less_in_item_similarities() -> None:
    weighted = LIKES / np.sqrt((LIKES > 0).sum(axis=1, keepdims=True))
    lengths = np.linalg.norm(weighted, axis=0)
    similar = weighted.T @ weighted / np.outer(lengths, lengths)
    (model,) = ItemCosine.fit_grid(small_graph(), 1, [(WEIGHTING, 0.5, 0)], 7)
    assert np.allclose(model.scores(ALL_USERS), (LIKES @ similar)[:, 3:])


@pytest.mark.parametrize("power", [0, 0.5])
def test_the_dual_form_of_ridge_equals_the_primal_form(power: float) -> None:
    history = LIKES[:, :3] / np.maximum((LIKES[:, :3] > 0).sum(axis=1, keepdims=True), 1) ** power
    training_users = slice(0, 4)  # User 4 has no likes in b, user 5 none in a.
    A, Y = history[training_users], LIKES[training_users, 3:]
    W = np.linalg.solve(A.T @ A + 2 * np.eye(3), A.T @ Y)
    (model,) = Ridge.fit_grid(small_graph(), 1, [(WEIGHTING, power, 2, 0.0)], 7)
    assert np.allclose(model.scores(ALL_USERS), history @ W, atol=1e-6)


@pytest.mark.parametrize("target", [0, 1])
def test_ease_equals_its_formula(target: int) -> None:
    P = np.linalg.inv(LIKES.T @ LIKES + 0.5 * np.eye(6))
    B = -P / P.diagonal()
    B[np.diag_indices(6)] = 0
    (model,) = Ease.fit_grid(small_graph(), target, [(WEIGHTING, 0.5)], 7)
    in_target = slice(3 * target, 3 * target + 3)
    assert np.allclose(model.scores(ALL_USERS), (LIKES @ B)[:, in_target], atol=1e-6)


def test_ease_ranks_items_beyond_its_maximum_last_and_by_popularity() -> None:
    # Items 0, 1 and 3 are fitted. Of the others in b, item 4 has more likes than item 5.
    (model,) = Ease.fit_grid(small_graph(), 1, [(WEIGHTING, 0.5)], 7, max_items=3)
    fitted = LIKES[:, [0, 1, 3]]
    P = np.linalg.inv(fitted.T @ fitted + 0.5 * np.eye(3))
    B = -P / P.diagonal()
    scores = model.scores(ALL_USERS)
    assert np.allclose(scores[:, 0], fitted[:, :2] @ B[:2, 2], atol=1e-6)
    assert (scores[:, 0] > scores[:, 1]).all()
    assert (scores[:, 1] > scores[:, 2]).all()


@pytest.mark.parametrize("name", BASELINES)
def test_the_same_seed_reproduces_the_scores(name: str) -> None:
    baseline = BASELINES[name]
    settings = baseline.grid([WEIGHTING])
    first, second = (
        [model.scores(ALL_USERS) for model in baseline.fit_grid(checkerboard(), 1, settings, 3)]
        for _ in range(2)
    )
    assert len(first) == len(second) == len(settings)
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))


def test_another_seed_changes_lightgcn() -> None:
    first, other = (
        next(LightGcn.fit_grid(small_graph(), 1, [(2,)], seed)).scores(ALL_USERS) for seed in (1, 2)
    )
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("remaining", ["nothing", "one domain", "dislikes"])
def test_a_baseline_scores_graphs_with_few_or_no_likes(name: str, remaining: str) -> None:
    weights = WEIGHTS * {"nothing": 0, "one domain": [1, 1, 1, 0, 0, 0], "dislikes": -1}[remaining]
    graph = small_graph(weights.astype(np.float32))
    graph = dataclasses.replace(graph, item_vectors=np.eye(6, dtype=np.float32))
    baseline = BASELINES[name]
    for model in baseline.fit_grid(graph, 1, baseline.grid([WEIGHTING]), 7):
        scores = model.scores(ALL_USERS)
        assert scores.shape == (len(WEIGHTS), 3)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_tuning_refits_the_best_setting_and_frees_the_other_models() -> None:
    tuning_set, training_set = small_graph(), small_graph()
    alive: weakref.WeakSet[FakeBaseline] = weakref.WeakSet()
    max_alive = 0

    class FakeBaseline:
        """A baseline whose validation score is its setting."""

        def __init__(self, graph: InterestGraph, share: float) -> None:
            nonlocal max_alive
            self.graph, self.share = graph, share
            alive.add(self)
            max_alive = max(max_alive, len(alive))

        @classmethod
        def grid(cls, weightings: list[HistoryWeighting]) -> list[tuple[HistoryWeighting, float]]:
            return [(*weightings, share) for share in (0.1, 0.9, 0.3, 0.2, 0.5)]

        @classmethod
        def fit_grid(
            cls,
            graph: InterestGraph,
            _: int,
            settings: list[tuple[HistoryWeighting, float]],
            __: int,
        ) -> Iterator[FakeBaseline]:
            return (cls(graph, share) for _, share in settings)

    def validation_score(model: FakeBaseline) -> float:
        assert model.graph is tuning_set
        return model.share

    model = tune_baseline(FakeBaseline, tuning_set, training_set, 1, validation_score, WEIGHTING, 7)
    assert isinstance(model, FakeBaseline)
    assert model.graph is training_set
    assert model.share == 0.9
    assert max_alive == 2
