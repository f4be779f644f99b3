"""How commands ended, as Prometheus reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from isthmus.errors import InputError, NothingToDo
from isthmus.metrics import METRICS, RESULTS, recorded
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def told(file: Path) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(file.read_text("utf-8"))
    return {
        (sample.name, sample.labels["command"]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", metrics_file=tmp_path / "isthmus.prom")


def test_a_good_run_tells_its_results_and_the_next_failure_keeps_them(settings: Settings) -> None:
    file = settings.metrics_file
    assert file is not None
    with recorded(settings, "retrain") as run:
        run.document = {"generation": 5, "edges": 1200, "reason": "published"}
    first = told(file)
    assert first["isthmus_command_success", "retrain"] == 1
    assert first["isthmus_generation", "retrain"] == 5
    assert first["isthmus_edges", "retrain"] == 1200
    assert first["isthmus_command_peak_memory_bytes", "retrain"] > 10_000_000
    assert abs(first["isthmus_command_timestamp_seconds", "retrain"] - time.time()) < 60

    with recorded(settings, "ingest") as run:
        run.document = {"users": 2, "items": 3, "interactions": 4, "texts": 0, "rejected": 1}
    with pytest.raises(InputError), recorded(settings, "retrain"):
        raise InputError("A bad file.")
    second = told(file)
    assert second["isthmus_rejected_rows", "ingest"] == 1
    assert second["isthmus_command_success", "retrain"] == 0
    assert second["isthmus_command_exit_code", "retrain"] == 2
    kept = ("isthmus_command_last_success_timestamp_seconds", "retrain")
    assert second[kept] == first[kept]
    assert second["isthmus_generation", "retrain"] == 5
    assert sorted(file.parent.iterdir()) == [settings.home, file]


def test_a_run_that_has_nothing_to_do_is_a_good_one(settings: Settings) -> None:
    assert settings.metrics_file is not None
    with pytest.raises(NothingToDo), recorded(settings, "encode"):
        raise NothingToDo("There is nothing.")
    samples = told(settings.metrics_file)
    assert samples["isthmus_command_success", "encode"] == 1
    assert samples["isthmus_command_exit_code", "encode"] == 3


def test_a_damaged_file_is_replaced_and_a_missing_folder_stops_no_command(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.metrics_file is not None
    settings.metrics_file.write_text("half a li")
    with recorded(settings, "encode"):
        pass
    assert told(settings.metrics_file)["isthmus_command_success", "encode"] == 1
    with recorded(settings.model_copy(update={"metrics_file": tmp_path / "no" / "f"}), "encode"):
        pass
    assert "metrics file cannot be written" in caplog.text


def test_every_result_has_a_metric() -> None:
    assert {name for results in RESULTS.values() for name in results.values()} <= set(METRICS)


def test_every_command_writes_the_file_of_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.prom"
    command = [sys.executable, "-P", "-m", "isthmus.scripts.main", "ingest", "nowhere"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ISTHMUS_METRICS_FILE": str(file)},
    )
    assert done.returncode == 2, done.stderr
    assert told(file)["isthmus_command_exit_code", "ingest"] == 2
