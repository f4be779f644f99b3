"""The selection of the largest edges, and the sampled softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.examples import Examples
from isthmus.gnn.edges import factored_weights
from isthmus.gnn.edges.factored_weights import FactoredWeights, select_top_edges
from isthmus.gnn.model.batches import make_training_batch
from isthmus.gnn.model.edge_decoder import softmax_loss
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import checkerboard


def test_the_largest_edges_are_selected_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    left = rng.normal(size=(40, 16)).astype(np.float32)
    right = rng.normal(size=(16, 600)).astype(np.float32)
    weights = FactoredWeights((left,), lambda targets: (right[:, targets],), 600)
    sources, targets = np.arange(0, 40, 2), np.arange(0, 600, 3)
    monkeypatch.setattr(factored_weights, "TARGET_BLOCK", 64)
    monkeypatch.setattr(factored_weights, "SOURCE_BLOCK", 8)
    edges = select_top_edges(weights, sources, targets, 10)
    dense = (left @ right)[np.ix_(sources, targets)]
    expected = targets[np.argsort(-np.abs(dense), axis=1)[:, :10]]
    for row, source in enumerate(sources):
        assert set(edges.targets[edges.sources == source].tolist()) == set(expected[row].tolist())
    assert edges.weights == pytest.approx((left @ right)[edges.sources, edges.targets], abs=1e-5)


def test_negative_edges_are_selected_by_magnitude_unless_only_positive_ones_count() -> None:
    left = np.array([[1.0], [-1.0]], np.float32)
    right = np.array([[2.0, 1.0, -1.0, 0.0]], np.float32)
    weights = FactoredWeights((left,), lambda targets: (right[:, targets],), 4)
    both, all_targets = np.arange(2), np.arange(4)
    assert select_top_edges(weights, both, all_targets, 1).weights.tolist() == [2, -2]
    assert len(select_top_edges(weights, both, all_targets, 4)) == 6  # 0 is no edge
    positive = select_top_edges(weights, both, all_targets, 4, only_positive=True)
    assert positive.weights.tolist() == [2, 1, 1]
    assert not len(select_top_edges(weights, both, np.zeros(0, np.int64), 4))


def test_averaged_weights_are_the_means_of_those_to_other_targets() -> None:
    rng = np.random.default_rng(3)
    left, right = rng.normal(size=(4, 2)), rng.normal(size=(2, 3))
    weights = FactoredWeights(
        (left.astype(np.float32),), lambda targets: (right[:, targets].astype(np.float32),), 3
    )
    shares = csr_array(np.array([[0, 0, 0.25], [0, 0, 0.75], [0, 0, 0]], np.float32))
    means = weights.average(shares).scores(csr_array(np.eye(4, dtype=np.float32)))
    dense = left @ right
    assert means[:, 2] == pytest.approx(0.25 * dense[:, 0] + 0.75 * dense[:, 1], abs=1e-5)
    assert not means[:, :2].any()


def random_examples() -> Examples:
    rng = np.random.default_rng(5)
    history = csr_array((rng.random((4, 6)) < 0.6).astype(np.float32))
    liked = csr_array((rng.random((4, 50)) < 0.1).astype(np.float32))
    by_domain = [history, csr_array((4, 50))]
    return Examples(1, np.arange(4), history, by_domain, csr_array((4, 0)), liked)


def test_the_mean_loss_of_the_sampled_softmax_is_that_of_the_full_softmax() -> None:
    examples, rows = random_examples(), np.arange(4)
    logits = torch.randn(4, 50, generator=torch.Generator().manual_seed(1))
    rng, losses = np.random.default_rng(2), []
    full_loss = softmax_loss(logits, make_training_batch(examples, rows, rng, 0.0, 50))
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
