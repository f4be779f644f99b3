"""Candidate lists, and the sampled softmax, against what they stand for: all items."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.examples import Task
from isthmus.gnn.edges import candidates
from isthmus.gnn.edges.candidates import candidate_lists
from isthmus.gnn.edges.factored_weights import Weights, strongest, wanted
from isthmus.gnn.model.batches import batch_of, lesson_of
from isthmus.gnn.model.edge_decoder import softmax_loss
from isthmus.gnn.training.train import train
from tests.unit.checkerboard import checkerboard

SOURCES, TARGETS, GROUPS = 40, 600, 12


def grouped() -> tuple[Weights, np.ndarray]:
    """Sources and targets of twelve directions, which go together, and the targets' likes."""
    rng = np.random.default_rng(3)
    axes = np.eye(GROUPS, 16, dtype=np.float32)
    left = axes[np.arange(SOURCES) % GROUPS] + rng.normal(0, 0.01, (SOURCES, 16))
    right = axes[np.arange(TARGETS) % GROUPS] + rng.normal(0, 0.01, (TARGETS, 16))
    left, right = left.astype(np.float32), right.astype(np.float32)
    return Weights((left,), lambda some: (right[some].T,), TARGETS), rng.integers(0, 50, TARGETS)


@pytest.fixture
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "POPULAR", 30)
    monkeypatch.setattr(candidates, "IN_A_LIST", 40)
    monkeypatch.setattr(candidates, "LISTS_A_SOURCE", 3)


@pytest.mark.usefixtures("small_lists")
def test_no_target_is_in_two_lists_and_the_popular_are_looked_at_by_all() -> None:
    weights, likes = grouped()
    lists = list(candidate_lists(weights, likes.astype(float), 7))
    targets = np.concatenate([of for of, _ in lists])
    assert len(targets) == len(np.unique(targets))
    popular, sources = lists[0]
    assert len(popular) == 30
    assert likes[popular].min() >= np.delete(likes, popular).max()
    assert len(sources) == SOURCES
    looked = sum(len(of) * len(by) for of, by in lists)
    assert looked < SOURCES * TARGETS / 2


@pytest.mark.usefixtures("small_lists")
def test_candidates_find_nearly_the_edges_that_all_pairs_give() -> None:
    weights, likes = grouped()
    everything = strongest(weights, likes.astype(float), 10)
    lists = candidate_lists(weights, likes.astype(float), 7)
    found = strongest(weights, likes.astype(float), 10, lists)
    pairs = {*zip(everything.sources.tolist(), everything.targets.tolist(), strict=True)}
    also = {*zip(found.sources.tolist(), found.targets.tolist(), strict=True)}
    assert len(pairs & also) > 0.9 * len(pairs)


def test_a_few_candidates_are_as_good_as_all_pairs_where_all_are_looked_at() -> None:
    weights, likes = grouped()
    everything = strongest(weights, likes.astype(float), 10)
    found = strongest(weights, likes.astype(float), 10, candidate_lists(weights, likes * 1.0, 7))
    assert np.array_equal(everything.sources, found.sources)
    assert np.allclose(np.sort(everything.weights), np.sort(found.weights))


def test_edges_against_a_target_are_kept_where_asked_for_or_where_there_is_room() -> None:
    left = np.array([[1.0], [-1.0]], np.float32)
    right = np.array([[2.0, 1.0, -1.0]], np.float32)
    weights = Weights((left,), lambda some: (right[:, some],), 3)
    assert (strongest(weights, np.ones(3), 2).weights > 0).all()
    against = strongest(weights, np.ones(3), 1, against=True)
    assert against.weights.tolist() == [2, -2]
    every = strongest(weights, np.ones(3), 3)
    assert len(every) == 6
    assert np.allclose(every.weights.sum(), 0)


def test_wanted_grows_with_the_root_of_likes() -> None:
    assert np.allclose(wanted(np.array([0.0, 3.0, 8.0])), [1, 2, 3])


def task() -> Task:
    rng = np.random.default_rng(5)
    history = csr_array((rng.random((4, 6)) < 0.6).astype(np.float32))
    liked = csr_array((rng.random((4, 50)) < 0.1).astype(np.float32))
    return Task(1, np.arange(4), [history, csr_array((4, 50))], csr_array((4, 0)), liked)


def test_a_sampled_softmax_expects_the_loss_over_all_items() -> None:
    lesson, everybody = task(), np.arange(4)
    logits = torch.randn(4, 50, generator=torch.Generator().manual_seed(1))
    whole = softmax_loss(logits, batch_of(lesson, everybody))
    rng, losses = np.random.default_rng(2), []
    for _ in range(300):
        batch = lesson_of(lesson, everybody, rng, 0.0, 25)
        assert batch.scored is not None
        losses.append(softmax_loss(logits[:, batch.scored], batch))
    assert float(torch.stack(losses).mean()) == pytest.approx(float(whole), rel=0.02)


def test_each_like_keeps_its_place_among_the_scored() -> None:
    lesson = task()
    batch = lesson_of(lesson, np.arange(4), np.random.default_rng(2), 0.0, 10)
    assert batch.scored is not None
    likes = lesson.liked.tocoo()
    assert batch.scored[batch.likes].tolist() == likes.col.tolist()
    assert len(np.unique(batch.scored)) == len(batch.scored)


def test_a_large_domain_trains_to_the_same_edges_again() -> None:
    config = TrainingConfig(edges_per_node=5, dense_items=4)
    first, again = (train(checkerboard(), config).edges for _ in range(2))
    assert np.array_equal(first.transfer.targets, again.transfer.targets)
    assert np.array_equal(first.transfer.weights, again.transfer.weights)
