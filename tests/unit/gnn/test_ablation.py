"""Ablations of transfer, on a checkerboard of which the correct scores are known."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.errors import InputError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.evaluation.cold_start import evaluate_cold_start
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.evaluation.results import VARIANTS
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import checkerboard


@pytest.fixture(scope="module")
def models() -> dict[str, dict]:
    names = ("popularity", "transfer", *VARIANTS)
    return evaluate_cold_start(
        checkerboard(), "b", EvaluationConfig(names, TrainingConfig(edges_per_node=6))
    )["models"]


def test_every_variant_is_compared_with_transfer(models: dict[str, dict]) -> None:
    assert list(models) == ["popularity", "transfer", *VARIANTS]
    for name in VARIANTS:
        assert "interval" in models[name]["transfer_gain"]
        assert "fit_seconds" not in models[name]


def test_without_transfer_edges_the_score_is_popularity_and_interests(
    models: dict[str, dict],
) -> None:
    without = models["without-transfer"]["ndcg@10"]
    assert models["popularity"]["ndcg@10"] <= without < models["transfer"]["ndcg@10"]


def test_gains_are_reported_by_length_of_history(models: dict[str, dict]) -> None:
    gains = models["without-transfer"]["transfer_gain"]["ndcg@10_by_history"]
    for gain in gains.values():
        assert gain["interval"][0] <= gain["gain"] <= gain["interval"][1]
    assert gains


def test_a_variant_is_never_the_best_baseline() -> None:
    document = evaluate_cold_start(
        checkerboard(),
        "b",
        EvaluationConfig(("transfer", "unpruned"), TrainingConfig(edges_per_node=6)),
    )
    assert document["best_baseline"] is None


def test_interests_have_edges_without_the_edge_decoder_too() -> None:
    learned = train_edges(
        checkerboard(), TrainingConfig(edges_per_node=5), ablation="network"
    ).edges
    assert set(learned.interest.sources.tolist()) == {0, 1}
    assert len(learned.transfer) > 0


def test_stored_edges_have_the_unpruned_weights() -> None:
    training = train_edges(checkerboard(), TrainingConfig(edges_per_node=5))
    learned = training.edges
    graph = checkerboard()
    weights, _ = training.unpruned(1)
    unpruned = np.hstack(
        [
            sum(
                a @ b
                for a, b in zip(weights.source_factors, weights.target_factors(at), strict=True)
            )
            for at in weights.target_blocks()
        ]
    )
    into = graph.item_domain[learned.transfer.targets] == 1
    first = graph.items_of(1)[0]
    expected = unpruned[learned.transfer.sources[into], learned.transfer.targets[into] - first]
    assert np.allclose(expected, learned.transfer.weights[into], atol=1e-5)


def test_an_unknown_ablation_is_rejected() -> None:
    with pytest.raises(InputError, match="without-wheels"):
        evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=("without-wheels",)))
