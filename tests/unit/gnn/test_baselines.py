"""What each baseline computes, against its formula written out on a graph small enough for it."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.baselines.ease import Ease
from isthmus.gnn.baselines.item_cosine import Cosine
from isthmus.gnn.baselines.lightgcn import LightGcn
from isthmus.gnn.baselines.registry import BASELINES, tuned
from isthmus.gnn.baselines.ridge import Ridge
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import Reading
from tests.unit.checkerboard import checkerboard

READING = Reading()
# Users are rows. Items 0 to 2 are of domain a, items 3 to 5 of domain b; -1 is a dislike.
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
EVERYBODY = np.arange(len(WEIGHTS))


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
    )


@pytest.mark.parametrize("shrinkage", [0, 10])
def test_cosine_sums_similarities_over_the_whole_history(shrinkage: float) -> None:
    lengths = np.linalg.norm(LIKES, axis=0)
    similar = LIKES.T @ LIKES / (np.outer(lengths, lengths) + shrinkage)
    (model,) = Cosine.fits(small_graph(), 1, [(READING, 0, shrinkage)], 7)
    assert np.allclose(model.scores(EVERYBODY), (LIKES @ similar)[:, 3:])


def test_cosine_of_two_items_is_what_it_is_by_hand() -> None:
    (model,) = Cosine.fits(small_graph(), 1, [(READING, 0, 0)], 7)
    # User 3 likes items 0 and 4, each of three users; of these two like both.
    assert model.scores(np.array([3]))[0, 1] == pytest.approx(2 / 3 + 1)


def test_a_long_history_says_less_about_which_items_are_alike() -> None:
    weighted = LIKES / np.sqrt((LIKES > 0).sum(axis=1, keepdims=True))
    lengths = np.linalg.norm(weighted, axis=0)
    similar = weighted.T @ weighted / np.outer(lengths, lengths)
    (model,) = Cosine.fits(small_graph(), 1, [(READING, 0.5, 0)], 7)
    assert np.allclose(model.scores(EVERYBODY), (LIKES @ similar)[:, 3:])


@pytest.mark.parametrize("power", [0, 0.5])
def test_ridge_in_its_dual_form_equals_the_primal(power: float) -> None:
    history = LIKES[:, :3] / np.maximum((LIKES[:, :3] > 0).sum(axis=1, keepdims=True), 1) ** power
    taught = slice(0, 4)  # User 4 likes nothing of b, user 5 nothing of a.
    A, Y = history[taught], LIKES[taught, 3:]
    W = np.linalg.solve(A.T @ A + 2 * np.eye(3), A.T @ Y)
    (model,) = Ridge.fits(small_graph(), 1, [(READING, power, 2)], 7)
    assert np.allclose(model.scores(EVERYBODY), history @ W, atol=1e-6)


@pytest.mark.parametrize("target", [0, 1])
def test_ease_is_its_formula(target: int) -> None:
    P = np.linalg.inv(LIKES.T @ LIKES + 0.5 * np.eye(6))
    B = -P / P.diagonal()
    B[np.diag_indices(6)] = 0
    (model,) = Ease.fits(small_graph(), target, [(READING, 0.5)], 7)
    mine = slice(3 * target, 3 * target + 3)
    assert np.allclose(model.scores(EVERYBODY), (LIKES @ B)[:, mine], atol=1e-6)


def test_ease_puts_the_items_that_it_leaves_out_last_and_by_popularity() -> None:
    # By likers, items 1, 0 and 3, 4 come before 2 with two and 5 with one.
    (model,) = Ease.fits(small_graph(), 1, [(READING, 0.5)], 7, most_items=3)
    kept = LIKES[:, [0, 1, 3]]
    P = np.linalg.inv(kept.T @ kept + 0.5 * np.eye(3))
    B = -P / P.diagonal()
    scores = model.scores(EVERYBODY)
    assert np.allclose(scores[:, 0], kept[:, :2] @ B[:2, 2], atol=1e-6)
    assert (scores[:, 0] > scores[:, 1]).all()
    assert (scores[:, 1] > scores[:, 2]).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_seed_gives_the_same_scores_again(name: str) -> None:
    baseline = BASELINES[name]
    settings = baseline.settings([READING])
    first, again = (
        [model.scores(EVERYBODY) for model in baseline.fits(checkerboard(), 1, settings, 3)]
        for _ in range(2)
    )
    assert len(first) == len(again) == len(settings)
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


def test_another_seed_starts_lightgcn_elsewhere() -> None:
    first, other = (
        next(LightGcn.fits(small_graph(), 1, [(2,)], seed)).scores(EVERYBODY) for seed in (1, 2)
    )
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("left", ["nothing", "one domain", "dislikes"])
def test_a_baseline_scores_where_there_is_little_to_learn(name: str, left: str) -> None:
    weights = WEIGHTS * {"nothing": 0, "one domain": [1, 1, 1, 0, 0, 0], "dislikes": -1}[left]
    graph = small_graph(weights.astype(np.float32))
    graph = dataclasses.replace(graph, item_vectors=np.eye(6, dtype=np.float32))
    baseline = BASELINES[name]
    for model in baseline.fits(graph, 1, baseline.settings([READING]), 7):
        scores = model.scores(EVERYBODY)
        assert scores.shape == (len(WEIGHTS), 3)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_tuning_fits_the_best_setting_anew_and_lets_go_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, seen = small_graph(), small_graph()
    alive: weakref.WeakSet[Likes] = weakref.WeakSet()
    most = 0

    class Likes:
        """Knows a share of the answers."""

        def __init__(self, graph: InterestGraph, share: float) -> None:
            nonlocal most
            self.graph, self.share = graph, share
            alive.add(self)
            most = max(most, len(alive))

        @classmethod
        def settings(cls, readings: list[Reading]) -> list[tuple[Reading, float]]:
            return [(*readings, share) for share in (0.1, 0.9, 0.3, 0.2, 0.5)]

        @classmethod
        def fits(
            cls, graph: InterestGraph, _: int, settings: list[tuple[Reading, float]], __: int
        ) -> Iterator[Likes]:
            return (cls(graph, share) for _, share in settings)

    def worth(model: Likes) -> float:
        assert model.graph is known
        return model.share

    monkeypatch.setitem(BASELINES, "likes", Likes)
    model = tuned("likes", known, seen, 1, worth, READING, 7)
    assert isinstance(model, Likes)
    assert model.graph is seen
    assert model.share == 0.9
    assert most == 2
