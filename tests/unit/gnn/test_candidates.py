"""Candidate edges and the sampled softmax approximate all edges and the full softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.examples import Examples
from isthmus.gnn.edges import candidates
from isthmus.gnn.edges.candidates import candidate_lists
from isthmus.gnn.edges.factored_weights import FactoredWeights, popularity_factor, select_top_edges
from isthmus.gnn.model.batches import make_batch, make_training_batch
from isthmus.gnn.model.edge_decoder import softmax_loss
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import checkerboard

SOURCES, TARGETS, GROUPS = 40, 600, 12


def grouped_weights() -> tuple[FactoredWeights, np.ndarray]:
    """Weights of sources and targets in twelve directions, and the targets' likes."""
    rng = np.random.default_rng(3)
    axes = np.eye(GROUPS, 16, dtype=np.float32)
    left = axes[np.arange(SOURCES) % GROUPS] + rng.normal(0, 0.01, (SOURCES, 16))
    right = axes[np.arange(TARGETS) % GROUPS] + rng.normal(0, 0.01, (TARGETS, 16))
    left, right = left.astype(np.float32), right.astype(np.float32)
    likes = rng.integers(0, 50, TARGETS)
    return FactoredWeights((left,), lambda targets: (right[targets].T,), TARGETS), likes


@pytest.fixture
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "POPULAR_TARGETS", 30)
    monkeypatch.setattr(candidates, "LIST_SIZE", 40)
    monkeypatch.setattr(candidates, "LISTS_PER_SOURCE", 3)


@pytest.mark.usefixtures("small_lists")
def test_each_target_is_in_one_list_and_popular_targets_are_candidates_of_all_sources() -> None:
    weights, likes = grouped_weights()
    lists = list(candidate_lists(weights, likes.astype(float), 7))
    targets = np.concatenate([part for part, _ in lists])
    assert len(targets) == len(np.unique(targets))
    popular, sources = lists[0]
    assert len(popular) == 30
    assert likes[popular].min() >= np.delete(likes, popular).max()
    assert len(sources) == SOURCES
    candidate_edges = sum(len(part) * len(part_sources) for part, part_sources in lists)
    assert candidate_edges < SOURCES * TARGETS / 2


@pytest.mark.usefixtures("small_lists")
def test_candidate_edges_contain_over_nine_in_ten_of_the_top_edges() -> None:
    weights, likes = grouped_weights()
    exact = select_top_edges(weights, likes.astype(float), 10)
    lists = candidate_lists(weights, likes.astype(float), 7)
    approximate = select_top_edges(weights, likes.astype(float), 10, lists)
    exact_pairs = {*zip(exact.sources.tolist(), exact.targets.tolist(), strict=True)}
    pairs = {*zip(approximate.sources.tolist(), approximate.targets.tolist(), strict=True)}
    assert len(exact_pairs & pairs) > 0.9 * len(exact_pairs)


def test_in_a_small_domain_candidate_edges_are_all_edges() -> None:
    weights, likes = grouped_weights()
    exact = select_top_edges(weights, likes.astype(float), 10)
    lists = candidate_lists(weights, likes * 1.0, 7)
    edges = select_top_edges(weights, likes.astype(float), 10, lists)
    assert np.array_equal(exact.sources, edges.sources)
    assert np.allclose(np.sort(exact.weights), np.sort(edges.weights))


def test_negative_edges_are_selected_by_magnitude_or_where_all_edges_fit() -> None:
    left = np.array([[1.0], [-1.0]], np.float32)
    right = np.array([[2.0, 1.0, -1.0]], np.float32)
    weights = FactoredWeights((left,), lambda targets: (right[:, targets],), 3)
    assert (select_top_edges(weights, np.ones(3), 2).weights > 0).all()
    largest = select_top_edges(weights, np.ones(3), 1, by_magnitude=True)
    assert largest.weights.tolist() == [2, -2]
    all_edges = select_top_edges(weights, np.ones(3), 3)
    assert len(all_edges) == 6
    assert np.allclose(all_edges.weights.sum(), 0)


def test_the_popularity_factor_grows_with_the_root_of_likes() -> None:
    assert np.allclose(popularity_factor(np.array([0.0, 3.0, 8.0])), [1, 2, 3])


def random_examples() -> Examples:
    rng = np.random.default_rng(5)
    history = csr_array((rng.random((4, 6)) < 0.6).astype(np.float32))
    liked = csr_array((rng.random((4, 50)) < 0.1).astype(np.float32))
    return Examples(1, np.arange(4), [history, csr_array((4, 50))], csr_array((4, 0)), liked)


def test_the_mean_loss_of_the_sampled_softmax_is_that_of_the_full_softmax() -> None:
    examples, rows = random_examples(), np.arange(4)
    logits = torch.randn(4, 50, generator=torch.Generator().manual_seed(1))
    full_loss = softmax_loss(logits, make_batch(examples, rows))
    rng, losses = np.random.default_rng(2), []
    for _ in range(300):
        batch = make_training_batch(examples, rows, rng, 0.0, 25)
        assert batch.scored is not None
        losses.append(softmax_loss(logits[:, batch.scored], batch))
    assert float(torch.stack(losses).mean()) == pytest.approx(float(full_loss), rel=0.02)


def test_each_like_points_to_its_item_among_the_scored_items() -> None:
    examples = random_examples()
    batch = make_training_batch(examples, np.arange(4), np.random.default_rng(2), 0.0, 10)
    assert batch.scored is not None
    likes = examples.liked.tocoo()
    assert batch.scored[batch.likes].tolist() == likes.col.tolist()
    assert len(np.unique(batch.scored)) == len(batch.scored)


def test_training_a_large_domain_again_gives_the_same_edges() -> None:
    config = TrainingConfig(edges_per_node=5, dense_items=4)
    first, second = (train_edges(checkerboard(), config).edges for _ in range(2))
    assert np.array_equal(first.transfer.targets, second.transfer.targets)
    assert np.array_equal(first.transfer.weights, second.transfer.weights)
