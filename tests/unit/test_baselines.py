"""What all baselines have in common on a graph that is small or empty, and how one is tuned."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.sparse import csr_array

from gnn.baselines import BASELINES, tuned
from gnn.data import InterestGraph, Reading
from gnn.splits import cold_users
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


@pytest.mark.parametrize("name", BASELINES)
def test_a_seed_gives_the_same_scores_again(name: str) -> None:
    first, again = (
        [model.scores(EVERYBODY) for model in BASELINES[name].fits(checkerboard(), 1, READING, 3)]
        for _ in range(2)
    )
    assert len(first) == len(again) > 0
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("left", ["nothing", "one domain", "dislikes"])
def test_a_baseline_scores_where_there_is_little_to_learn(name: str, left: str) -> None:
    weights = WEIGHTS * {"nothing": 0, "one domain": [1, 1, 1, 0, 0, 0], "dislikes": -1}[left]
    graph = small_graph(weights.astype(np.float32))
    graph = dataclasses.replace(graph, item_vectors=np.eye(6, dtype=np.float32))
    for model in BASELINES[name].fits(graph, 1, READING, 7):
        scores = model.scores(EVERYBODY)
        assert scores.shape == (len(WEIGHTS), 3)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_tuning_keeps_the_best_model_and_lets_go_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = checkerboard()
    validation = cold_users(graph, 1).validation
    alive: weakref.WeakSet[Likes] = weakref.WeakSet()
    most = 0

    class Likes:
        """Knows a share of the answers."""

        def __init__(self, share: float) -> None:
            nonlocal most
            self.share = share
            alive.add(self)
            most = max(most, len(alive))

        @classmethod
        def fits(cls, *_: object) -> Iterator[Likes]:
            return (cls(share) for share in (0.1, 0.9, 0.3, 0.2, 0.5))

        def scores(self, users: np.ndarray) -> np.ndarray:
            right = graph.interactions[users][:, graph.items_of(1)].toarray() > 0
            told = np.arange(len(users)) < self.share * len(users)
            return np.where(told[:, None], right, ~right).astype(np.float32)

    monkeypatch.setitem(BASELINES, "likes", Likes)
    model = tuned("likes", graph, graph, 1, validation, READING, 7)
    assert isinstance(model, Likes)
    assert model.share == 0.9
    assert most == 2
