"""From users' values to result documents, on numbers that are added up by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isthmus.errors import NothingToDo
from isthmus.gnn.data.splits import cold_users
from isthmus.gnn.evaluation.cold_start import cold_start, cold_start_folds
from isthmus.gnn.evaluation.conditions import Conditions
from isthmus.gnn.evaluation.results import Grades, Result, pooled
from tests.unit.checkerboard import USERS, checkerboard

NONE = np.nan


def result(transfer: list[float], als: list[float], text: list[float], fold: int = 0) -> Result:
    def grades(ndcg: list[float], seconds: float) -> Grades:
        users = {"ndcg@10": np.array(ndcg), "rank_correlation": np.full(len(ndcg), NONE)}
        whole = {"coverage@10": 0.5 + fold, "fit_seconds": seconds, "peak_mb": 100.0 + fold}
        return Grades(users, whole)

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
    models = {"transfer": grades(transfer, 4), "als": grades(als, 2), "text": grades(text, 1)}
    return Result(head, np.full(len(als), 5), models)


def test_gains_are_paired_user_by_user() -> None:
    document = result([0.3, 0.5, 0.7], [0.2, 0.4, 0.6], [0, 0, 0]).document()
    gain = document["models"]["als"]["transfer_gain"]
    assert gain["ndcg@10"] == pytest.approx(0.1)
    # Every user gains the same, so no resampling can tell anything else.
    assert gain["interval"] == pytest.approx([0.1, 0.1])
    assert "transfer_gain" not in document["models"]["transfer"]


def test_the_best_baseline_is_the_one_of_the_highest_mean() -> None:
    best = result([0.4, 0.6], [0.4, 0.0], [0.1, 0.4]).document()["best_baseline"]["ndcg@10"]
    assert best["name"] == "text"
    assert best["value"] == pytest.approx(0.25)
    assert best["ratio"] == pytest.approx(2)
    assert best["gain"] == pytest.approx(0.25)
    assert best["interval"][0] >= 0.2 - 1e-9
    assert best["interval"][1] <= 0.3 + 1e-9


def test_what_no_user_can_be_judged_by_is_left_out() -> None:
    document = result([1, 1], [0, 0], [0, 0]).document()
    assert "rank_correlation" not in document["models"]["als"]
    assert set(document["best_baseline"]) == {"ndcg@10"}
    assert document["best_baseline"]["ndcg@10"]["ratio"] is None


def test_folds_are_pooled_user_by_user() -> None:
    first, second = result([0.9], [0.1], [0]), result([0.3] * 3, [0.5] * 3, [0] * 3, fold=1)
    document = pooled([first, second], "both").document()
    assert document["protocol"] == "both"
    assert document["users"] == 4
    assert document["models"]["als"]["ndcg@10"] == pytest.approx(0.4)
    assert document["models"]["als"]["transfer_gain"]["ndcg@10"] == pytest.approx(0.05)
    assert document["models"]["als"]["coverage@10"] == 1
    assert document["models"]["als"]["peak_mb"] == 101
    assert document["audits"]["leak"] == {"checked_users": 4, "hidden_rows": 18, "found": 0}
    assert "fold" not in document
    assert [part["users"] for part in document["folds"]] == [1, 3]


def test_a_saved_result_is_read_as_it_was(tmp_path: Path) -> None:
    saved = result([0.9, 0.2], [0.1, 0.5], [0, 0])
    saved.save(tmp_path / "results" / "films-0")
    again = Result.load(tmp_path / "results" / "films-0")
    assert again.document() == saved.document()
    assert pooled([again, again], "twice").document()["users"] == 4


def test_folds_of_an_evaluation_test_each_user_once() -> None:
    document = cold_start_folds(checkerboard(), "b", Conditions(models=("popularity",)), range(10))
    assert document["users"] == USERS
    assert sum(part["users"] for part in document["folds"]) == USERS
    one = cold_start(checkerboard(), "b", Conditions(models=("popularity",)), fold=3)
    again = document["folds"][3]
    for part in (one, again):
        del part["models"]["popularity"]["fit_seconds"], part["models"]["popularity"]["peak_mb"]
    assert again == one
    assert len(cold_users(checkerboard(), 1, 3).test) == one["users"]


def test_folds_without_users_say_so() -> None:
    with pytest.raises(NothingToDo):
        cold_start_folds(checkerboard(), "b", Conditions(), [])


def test_the_document_has_the_promised_keys() -> None:
    document = cold_start(checkerboard(), "b", Conditions(models=("popularity",), dataset="board"))
    assert {"protocol", "dataset", "fingerprint", "target", "users", "models"} <= set(document)
    promised = {"recall@10", "ndcg@10", "ndcg@10_interval", "coverage@10", "diversity@10"}
    promised |= {"novelty@10", "fit_seconds", "peak_mb"}
    assert promised <= set(document["models"]["popularity"])
