"""Target smoothing: what it computes, and that users who are hidden decide about it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.examples import build_examples
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.edges import factored_weights
from isthmus.gnn.edges.factored_weights import FactoredWeights
from isthmus.gnn.model.target_smoothing import SMOOTHING_SHARE, TargetSmoothing
from isthmus.gnn.training.additions import select_smoothing
from isthmus.gnn.training.train import TrainingResult, train_edges
from isthmus.gnn.training.tuned_parameters import TunedParameters
from isthmus.gnn.training.validation import hold_out_validation
from tests.unit.checkerboard import checkerboard


def test_smoothed_edges_are_the_edges_and_what_the_spectrum_carries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    liked = (rng.random((50, 20)) < 0.3).astype(np.float32)
    liked[:, 7] = 0
    left = rng.normal(size=(30, 6)).astype(np.float32)
    right = rng.normal(size=(6, 20)).astype(np.float32)
    history = (rng.random((40, 30)) < 0.2).astype(np.float32)
    # Of rank 19, so that the random decomposition is nearly the exact one.
    smoothing = TargetSmoothing.of_likes(csr_array(liked), csr_array(history), seed=7)
    monkeypatch.setattr(factored_weights, "TARGET_BLOCK", 8)
    weights = FactoredWeights((left,), lambda targets: (right[:, targets],), 20)
    smoothed = smoothing.smooth(weights).scores(csr_array(np.eye(30, dtype=np.float32)))

    likes = liked.sum(axis=0)
    normalised = liked / np.sqrt(np.outer(liked.sum(axis=1), np.maximum(likes, 1)))
    vectors = np.linalg.svd(normalised)[2][:19].T
    vectors[likes == 0] = 0
    power = np.maximum(likes, 1) ** 0.25
    edges = left @ right
    carried = edges @ (vectors / power[:, None]) @ (vectors * power[:, None]).T
    share = SMOOTHING_SHARE * (history @ edges).std(axis=1).mean()
    share /= (history @ carried).std(axis=1).mean()
    assert smoothed == pytest.approx(edges + share * carried, abs=1e-4)
    assert smoothed[:, 7] == pytest.approx(edges[:, 7], abs=1e-4)  # nobody likes it


@pytest.fixture(scope="module")
def training() -> TrainingResult:
    return train_edges(checkerboard(), TrainingConfig())


@pytest.mark.parametrize("good", [True, False])
def test_hidden_users_decide_about_smoothing(training: TrainingResult, good: bool) -> None:
    graph, weighting = checkerboard(), HistoryWeighting()
    split = hold_out_validation(graph, 0, weighting.half_life_days)
    validation = [
        build_examples(split.training_graph, t, users, weighting, weighting, label_graph=graph)
        for t, users in enumerate(split.cold_users)
    ]
    right = training.edges
    # From the items of one colour to those of the other.
    weights = -right.transfer.weights
    wrong = dataclasses.replace(
        right, transfer=dataclasses.replace(right.transfer, weights=weights)
    )
    plain, smoothed = (wrong, right) if good else (right, wrong)
    assert select_smoothing(split.training_graph, plain, smoothed, validation, weighting) == good
    assert not select_smoothing(split.training_graph, right, right, validation, weighting)


def test_a_training_with_smoothing_needs_no_popularity_beside_the_edges(
    training: TrainingResult,
) -> None:
    tuned = dataclasses.replace(training.tuned, smoothed=True)
    stored = TunedParameters.from_document(json.loads(json.dumps(tuned.document())))
    unsmoothed = dataclasses.replace(training.tuned, smoothed=False)
    smooth, plain = (
        train_edges(checkerboard(), TrainingConfig(), tuned=each).edges
        for each in (stored, unsmoothed)
    )
    assert [weights.popularity for weights in smooth.merge.values()] == [0, 0]
    for edges in (smooth, plain):
        same_colour = edges.transfer.sources % 2 == edges.transfer.targets % 2
        assert (edges.transfer.weights > 0).tolist() == same_colour.tolist()
    assert not np.array_equal(smooth.transfer.weights, plain.transfer.weights)
