"""Transfer without its parts, on a checkerboard whose answer is known by heart."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.errors import InputError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.evaluation.cold_start import cold_start
from isthmus.gnn.evaluation.conditions import Conditions
from isthmus.gnn.evaluation.results import VARIANTS
from isthmus.gnn.training.train import train
from tests.unit.checkerboard import checkerboard


@pytest.fixture(scope="module")
def models() -> dict[str, dict]:
    asked = ("popularity", "transfer", *VARIANTS)
    return cold_start(checkerboard(), "b", Conditions(asked, TrainingConfig(edges_per_node=6)))[
        "models"
    ]


def test_every_variant_is_measured_beside_transfer(models: dict[str, dict]) -> None:
    assert list(models) == ["popularity", "transfer", *VARIANTS]
    for name in VARIANTS:
        assert "interval" in models[name]["transfer_gain"]
        assert "fit_seconds" not in models[name]


def test_without_its_edges_transfer_is_popularity_and_interests(models: dict[str, dict]) -> None:
    without = models["without-transfer"]["ndcg@10"]
    assert models["popularity"]["ndcg@10"] <= without < models["transfer"]["ndcg@10"]


def test_gains_are_told_for_users_with_short_histories(models: dict[str, dict]) -> None:
    gains = models["without-transfer"]["transfer_gain"]["ndcg@10_by_history"]
    for gain in gains.values():
        assert gain["interval"][0] <= gain["gain"] <= gain["interval"][1]
    assert gains


def test_a_best_baseline_is_no_variant() -> None:
    document = cold_start(
        checkerboard(), "b", Conditions(("transfer", "unpruned"), TrainingConfig(edges_per_node=6))
    )
    assert document["best_baseline"] is None


def test_interests_lead_without_the_network_too() -> None:
    learned = train(checkerboard(), TrainingConfig(edges_per_node=5), ablated="network").edges
    assert set(learned.interest.sources.tolist()) == {0, 1}
    assert len(learned.transfer) > 0


def test_unpruned_edges_are_those_that_were_chosen_from() -> None:
    training = train(checkerboard(), TrainingConfig(edges_per_node=5))
    learned = training.edges
    graph = checkerboard()
    weights, _ = training.unpruned(1)
    whole = np.hstack(
        [
            sum(a @ b for a, b in zip(weights.lefts, weights.rights(at), strict=True))
            for at in weights.blocks()
        ]
    )
    into = graph.item_domain[learned.transfer.targets] == 1
    first = graph.items_of(1)[0]
    stored = whole[learned.transfer.sources[into], learned.transfer.targets[into] - first]
    assert np.allclose(stored, learned.transfer.weights[into], atol=1e-5)


def test_a_part_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="without-wheels"):
        cold_start(checkerboard(), "b", Conditions(models=("without-wheels",)))
