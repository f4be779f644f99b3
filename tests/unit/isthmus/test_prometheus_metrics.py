"""Metrics of command runs, parsed by the client of Prometheus."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from isthmus.errors import InputError, NothingToDo, Refused
from isthmus.metrics import METRICS, RESULTS, record_metrics
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def read_samples(file: Path) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(file.read_text("utf-8"))
    return {
        (sample.name, sample.labels["command"]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", metrics_file=tmp_path / "isthmus.prom")


def test_a_successful_run_writes_its_results_and_a_later_failure_keeps_them(
    settings: Settings,
) -> None:
    file = settings.metrics_file
    assert file is not None
    with record_metrics(settings, "retrain") as run:
        run.document = {"generation": 5, "edges": 1200, "reason": "published"}
    first = read_samples(file)
    assert first["isthmus_command_success", "retrain"] == 1
    assert first["isthmus_generation", "retrain"] == 5
    assert first["isthmus_edges", "retrain"] == 1200
    assert first["isthmus_command_peak_memory_bytes", "retrain"] > 10_000_000
    assert abs(first["isthmus_command_timestamp_seconds", "retrain"] - time.time()) < 60

    with record_metrics(settings, "ingest") as run:
        run.document = {"users": 2, "items": 3, "interactions": 4, "texts": 0, "rejected": 1}
    with pytest.raises(InputError), record_metrics(settings, "retrain"):
        raise InputError("A bad file.")
    second = read_samples(file)
    assert second["isthmus_rejected_rows", "ingest"] == 1
    assert second["isthmus_command_success", "retrain"] == 0
    assert second["isthmus_command_exit_code", "retrain"] == 2
    last_success = ("isthmus_command_last_success_timestamp_seconds", "retrain")
    assert second[last_success] == first[last_success]
    assert second["isthmus_generation", "retrain"] == 5
    assert sorted(file.parent.iterdir()) == [settings.home, file]


def test_a_refused_retraining_is_no_success_and_shows_both_generations(settings: Settings) -> None:
    assert settings.metrics_file is not None
    with record_metrics(settings, "retrain") as run:
        run.exit_code = Refused.exit_code
        run.document = {
            "generation": None,
            "promoted": False,
            "refusals": 2,
            "generation_age": 60,
            "champion": {"films held-out ndcg@10": 0.3, "held-out users": 9.0},
            "challenger": {"films held-out ndcg@10": 0.2},
        }
    with record_metrics(settings, "encode"):
        pass  # the values of the other command stay
    families = text_string_to_metric_families(settings.metrics_file.read_text("utf-8"))
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }
    assert values["isthmus_command_success", "retrain"] == 0
    assert values["isthmus_command_exit_code", "retrain"] == 4
    assert values["isthmus_generation_promoted", "retrain"] == 0
    assert values["isthmus_generation_age_seconds", "retrain"] == 60
    assert values["isthmus_refusals_total", "retrain"] == 2
    assert values["isthmus_ndcg", "champion", "films", "retrain"] == 0.3
    assert values["isthmus_ndcg", "challenger", "films", "retrain"] == 0.2
    assert ("isthmus_generation", "retrain") not in values


def test_a_run_with_nothing_to_do_is_a_success(settings: Settings) -> None:
    assert settings.metrics_file is not None
    with pytest.raises(NothingToDo), record_metrics(settings, "encode"):
        raise NothingToDo("There is nothing.")
    samples = read_samples(settings.metrics_file)
    assert samples["isthmus_command_success", "encode"] == 1
    assert samples["isthmus_command_exit_code", "encode"] == 3


def test_a_damaged_file_is_replaced_and_a_missing_folder_is_only_a_warning(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.metrics_file is not None
    settings.metrics_file.write_text("half a li")
    with record_metrics(settings, "encode"):
        pass
    assert read_samples(settings.metrics_file)["isthmus_command_success", "encode"] == 1
    with record_metrics(
        settings.model_copy(update={"metrics_file": tmp_path / "no" / "f"}), "encode"
    ):
        pass
    assert "metrics file cannot be written" in caplog.text


def test_every_result_has_a_metric() -> None:
    assert {name for results in RESULTS.values() for name in results.values()} <= set(METRICS)


def test_a_command_writes_the_file_of_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.prom"
    command = [sys.executable, "-P", "-m", "isthmus.scripts.main", "ingest", "nowhere"]
    result = subprocess.run(
        [*command, "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_METRICS_FILE": str(file)},
    )
    assert result.returncode == 2, result.stderr
    assert read_samples(file)["isthmus_command_exit_code", "ingest"] == 2
