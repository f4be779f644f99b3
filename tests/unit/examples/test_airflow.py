"""The DAG of Airflow; alone: `pytest --noconftest` where Airflow is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.examples.stub import EXAMPLES, Stub, load_example

pytest.importorskip("airflow.sdk", reason="Airflow 3 is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

ALL = ["ingest /srv/isthmus/tables", "encode", "retrain", "report -o /srv/isthmus/report.html"]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow with the DAG and a database of its own."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    text = (EXAMPLES / "pipelines" / "airflow_dag.py").read_text("utf-8")
    # A retry of `airflow dags test` waits as long as one of the scheduler.
    (home / "dags" / "isthmus_nightly.py").write_text(
        text.replace("minutes=5", "seconds=0").replace("retries=12", "retries=2")
    )
    variables = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return variables


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    return Stub(tmp_path, monkeypatch)


def run(variables: dict[str, str]) -> str:
    """Runs the DAG once, and returns its state."""
    command = [sys.executable, "-m", "airflow", "dags", "test", "isthmus_nightly"]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert "isthmus_nightly" in said, said
    return "failed" if done.returncode else "success"


def test_the_dag_tries_again_for_an_hour_and_runs_once_at_a_time(
    airflow: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in airflow.items():
        monkeypatch.setenv(name, value)
    dag = load_example("pipelines/airflow_dag.py").nightly
    assert dag.max_active_runs == 1
    for task in dag.tasks:
        assert (task.retries, task.retry_delay) == (12, timedelta(minutes=5))


def test_nothing_to_do_is_skipped_and_the_report_is_written(
    airflow: dict[str, str], stub: Stub
) -> None:
    stub.answer({"retrain": [(3, {})]})
    assert run(airflow) == "success"
    assert stub.calls() == ALL


def test_a_lock_is_tried_again(airflow: dict[str, str], stub: Stub) -> None:
    stub.answer({"retrain": [(75, {}), (0, {})]})
    assert run(airflow) == "success"
    assert stub.calls() == [*ALL[:2], "retrain", "retrain", ALL[3]]


def test_a_refusal_fails_at_once(airflow: dict[str, str], stub: Stub) -> None:
    stub.answer({"retrain": [(4, {})] * 3})
    assert run(airflow) == "failed"
    assert stub.calls() == ALL[:3]
