"""Logging of a retraining to MLflow; alone: `pytest --noconftest` where MLflow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.examples.stub import Stub, load_example

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

RETRAINED: dict[str, Any] = {
    "generation": 4,
    "promoted": False,
    "reason": "films: a significant loss.",
    "champion": {"films held-out ndcg@10": 0.5},
    "challenger": {"films held-out ndcg@10": 0.25, "電影🎬 cold ndcg@10": 0.125},
    "encoder_version": 2,
    "seconds": 12.5,
    "peak_mb": 800.0,
    "steps": [{"name": "train", "seconds": 9.0}],
    "log": None,
}
GENERATIONS = [{"number": 4}, {"number": 5}]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(f"file:{tmp_path / 'runs'}")
    return load_example("pipelines/mlflow_retraining.py")


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    (tmp_path / "bin").mkdir()
    return Stub(tmp_path / "bin", monkeypatch)


def test_a_refused_retraining_is_logged_with_settings_metrics_and_the_decision(
    example: Any, stub: Stub, tmp_path: Path
) -> None:
    log = tmp_path / "retrain.log"
    log.write_text("trained")
    stub.answer(
        {
            "retrain": [(4, RETRAINED | {"log": str(log)})],
            "generations list": [(0, GENERATIONS)],
            "generations show": [(0, {"number": 5, "settings": {"seed": 7, "half_life_days": 30}})],
        }
    )
    assert example.main(["--force"]) == 4
    assert stub.calls() == [
        "retrain --force --json",
        "generations list --all --json",
        "generations show 5 --json",
    ]
    (run,) = mlflow.search_runs(output_format="list")
    assert run.data.params == {"seed": "7", "half_life_days": "30"}
    assert run.data.metrics == {
        "champion/films held-out ndcg_at_10": 0.5,
        "challenger/films held-out ndcg_at_10": 0.25,
        "challenger/電影_ cold ndcg_at_10": 0.125,
        "seconds": 12.5,
        "peak_mb": 800.0,
        "step seconds/train": 9.0,
    }
    tags = {name: run.data.tags[name] for name in ("gate", "generation", "reason")}
    assert tags == {"gate": "refused", "generation": "5", "reason": "films: a significant loss."}
    artifacts = mlflow.MlflowClient().list_artifacts(run.info.run_id)
    assert {each.path for each in artifacts} == {"generation.json", "retrain.log"}


@pytest.mark.parametrize("code", [3, 75])
def test_a_run_that_trained_nothing_is_not_logged(
    example: Any, stub: Stub, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer({"retrain": [(code, {"error": {"message": "Nothing changed."}})]})
    assert example.main([]) == code
    assert capsys.readouterr().out == "Nothing changed.\n"
    assert mlflow.search_runs(output_format="list") == []
