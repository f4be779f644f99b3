"""Result documents from per-user values, on figures calculated by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isthmus.errors import NothingToDo
from isthmus.gnn.data.splits import cold_start_users
from isthmus.gnn.evaluation.cold_start import evaluate_cold_start, evaluate_folds
from isthmus.gnn.evaluation.conditions import EvaluationConfig
from isthmus.gnn.evaluation.results import EvaluationResult, ModelMetrics, pool_folds
from tests.unit.checkerboard import USERS, checkerboard


def result(
    transfer: list[float], als: list[float], text: list[float], fold: int = 0
) -> EvaluationResult:
    def metrics(ndcg: list[float], seconds: float) -> ModelMetrics:
        per_user = {"ndcg@10": np.array(ndcg), "rank_correlation": np.full(len(ndcg), np.nan)}
        overall = {"coverage@10": 0.5 + fold, "fit_seconds": seconds, "peak_mb": 100.0 + fold}
        return ModelMetrics(per_user, overall)

    head = {
        "protocol": "cold-start",
        "fold": fold,
        "target": "films",
        "audits": {
            "leak": {"checked_users": len(als), "hidden_rows": 9, "found": 0},
            "twins": None,
        },
        "twin_rows": None,
    }
    models = {"transfer": metrics(transfer, 4), "als": metrics(als, 2), "text": metrics(text, 1)}
    return EvaluationResult(head, np.full(len(als), 5), models)


def test_gains_are_paired_by_user() -> None:
    document = result([0.3, 0.5, 0.7], [0.2, 0.4, 0.6], [0, 0, 0]).document()
    gain = document["models"]["als"]["transfer_gain"]
    assert gain["ndcg@10"] == pytest.approx(0.1)
    # Every user has the same gain, so every bootstrap sample has that mean.
    assert gain["interval"] == pytest.approx([0.1, 0.1])
    assert "transfer_gain" not in document["models"]["transfer"]


def test_the_best_baseline_has_the_highest_mean() -> None:
    best = result([0.4, 0.6], [0.4, 0.0], [0.1, 0.4]).document()["best_baseline"]["ndcg@10"]
    assert best["name"] == "text"
    assert best["value"] == pytest.approx(0.25)
    assert best["ratio"] == pytest.approx(2)
    assert best["gain"] == pytest.approx(0.25)
    assert best["interval"][0] >= 0.2 - 1e-9
    assert best["interval"][1] <= 0.3 + 1e-9


def test_a_measure_that_is_undefined_for_all_users_is_omitted() -> None:
    document = result([1, 1], [0, 0], [0, 0]).document()
    assert "rank_correlation" not in document["models"]["als"]
    assert set(document["best_baseline"]) == {"ndcg@10"}
    assert document["best_baseline"]["ndcg@10"]["ratio"] is None


def test_pooled_metrics_are_means_over_the_users_of_all_folds() -> None:
    first, second = result([0.9], [0.1], [0]), result([0.3] * 3, [0.5] * 3, [0] * 3, fold=1)
    document = pool_folds([first, second], "both").document()
    assert document["protocol"] == "both"
    assert document["users"] == 4
    assert document["models"]["als"]["ndcg@10"] == pytest.approx(0.4)
    assert document["models"]["als"]["transfer_gain"]["ndcg@10"] == pytest.approx(0.05)
    assert document["models"]["als"]["coverage@10"] == 1
    assert document["models"]["als"]["peak_mb"] == 101
    assert document["audits"]["leak"] == {"checked_users": 4, "hidden_rows": 18, "found": 0}
    assert "fold" not in document
    assert [part["users"] for part in document["folds"]] == [1, 3]


def test_a_saved_result_is_loaded_unchanged(tmp_path: Path) -> None:
    saved = result([0.9, 0.2], [0.1, 0.5], [0, 0])
    saved.save(tmp_path / "results" / "films-0")
    loaded = EvaluationResult.load(tmp_path / "results" / "films-0")
    assert loaded.document() == saved.document()
    assert pool_folds([loaded, loaded], "twice").document()["users"] == 4


def test_each_user_is_a_test_user_of_one_fold() -> None:
    document = evaluate_folds(
        checkerboard(), "b", EvaluationConfig(models=("popularity",)), range(10)
    )
    assert document["users"] == USERS
    assert sum(part["users"] for part in document["folds"]) == USERS
    one = evaluate_cold_start(checkerboard(), "b", EvaluationConfig(models=("popularity",)), fold=3)
    pooled = document["folds"][3]
    for part in (one, pooled):
        del part["models"]["popularity"]["fit_seconds"], part["models"]["popularity"]["peak_mb"]
    assert pooled == one
    assert len(cold_start_users(checkerboard(), 1, 3).test) == one["users"]


def test_evaluating_no_folds_raises_nothing_to_do() -> None:
    with pytest.raises(NothingToDo):
        evaluate_folds(checkerboard(), "b", EvaluationConfig(), [])


def test_the_document_has_the_documented_keys() -> None:
    document = evaluate_cold_start(
        checkerboard(), "b", EvaluationConfig(models=("popularity",), dataset="board")
    )
    assert {"protocol", "dataset", "fingerprint", "target", "users", "models"} <= set(document)
    keys = {"recall@10", "ndcg@10", "ndcg@10_interval", "coverage@10", "diversity@10"}
    keys |= {"novelty@10", "fit_seconds", "peak_mb"}
    assert keys <= set(document["models"]["popularity"])
