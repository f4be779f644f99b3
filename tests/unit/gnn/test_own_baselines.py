"""Baselines of one's own: classes with `fit` and `score`, given or installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from isthmus.errors import InputError
from isthmus.gnn.baselines import own
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.evaluation.cold_start import evaluate_cold_start
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from tests.unit.checkerboard import checkerboard


class Colour:
    """Knows the answer of the checkerboard: users like the items of their colour."""

    def fit(self, graph: InterestGraph, target: int) -> None:
        self.items = graph.items_of(target)

    def score(self, users: np.ndarray) -> np.ndarray:
        return (self.items[None, :] % 2 == users[:, None] % 2).astype(int)


class OneRow(Colour):
    name = "one row"

    def score(self, users: np.ndarray) -> np.ndarray:
        return np.zeros(len(self.items))


class NotFinite(Colour):
    def score(self, users: np.ndarray) -> np.ndarray:
        return np.full((len(users), len(self.items)), np.nan)


def evaluate(model: type) -> dict[str, object]:
    config = EvaluationConfig(
        models=[own.model_name(model), "popularity"], own=own.own_baselines([model, "popularity"])
    )
    return evaluate_cold_start(checkerboard(), "b", config)["models"]


def test_a_class_of_ones_own_is_ranked_beside_the_baselines() -> None:
    models = evaluate(Colour)
    # Four of the six items of the colour are liked, in a tie: better than all twelve in a tie.
    assert models["Colour"]["ndcg@10"] > models["popularity"]["ndcg@10"]


@pytest.mark.parametrize(
    ("model", "message"), [(OneRow, r"shape \(12,\)"), (NotFinite, "not finite")]
)
def test_a_wrong_score_is_a_sentence(model: type, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(model)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([int], "no fit and no score"),
        ([Colour, Colour], "two models of the name 'Colour'"),
        ([type("Als", (Colour,), {"name": "als"})], "two models of the name 'als'"),
    ],
)
def test_a_model_that_is_none_is_a_sentence(models: list[type], message: str) -> None:
    with pytest.raises(InputError, match=message):
        own.own_baselines(models)


def test_an_installed_class_is_loaded_by_its_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("colour", f"{__name__}:Colour", own.ENTRY_POINTS),
        EntryPoint("broken", "no_such_module:Model", own.ENTRY_POINTS),
    ]
    monkeypatch.setattr(own, "entry_points", lambda group: entries)
    assert list(own.own_baselines(["transfer", "popularity", "colour"])) == ["colour"]
    with pytest.raises(InputError, match="no_such_module"):
        own.own_baselines(["broken"])
    config = EvaluationConfig(models=["unknown"])
    with pytest.raises(InputError, match="colour"):
        config.validate(checkerboard(), ["b"])
