"""The job of Dagster; alone: `pytest --noconftest` where Dagster is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.examples.stub import Stub, load_example

dagster = pytest.importorskip("dagster", reason="Dagster is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

ALL = ["ingest /srv/isthmus/tables", "encode", "retrain", "report -o /srv/isthmus/report.html"]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    return Stub(tmp_path, monkeypatch)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load_example("pipelines/dagster_job.py")
    monkeypatch.setattr(module, "WAIT_SECONDS", 0)
    return module


def run(example: Any) -> bool:
    return bool(example.isthmus_nightly.execute_in_process(raise_on_error=False).success)


def test_the_commands_run_in_their_order_and_nothing_to_do_is_no_failure(
    example: Any, stub: Stub
) -> None:
    stub.answer({"retrain": [(3, {})]})
    assert run(example)
    assert stub.calls() == ALL


def test_a_lock_is_tried_again(example: Any, stub: Stub) -> None:
    stub.answer({"retrain": [(75, {}), (75, {}), (0, {})]})
    assert run(example)
    assert stub.calls() == [*ALL[:2], "retrain", "retrain", *ALL[2:]]


@pytest.mark.parametrize("code", [1, 2, 4])
def test_a_failure_and_a_refusal_end_the_job_at_once(example: Any, stub: Stub, code: int) -> None:
    stub.answer({"retrain": [(code, {})] * 3})
    assert not run(example)
    assert stub.calls() == ALL[:3]


def test_it_runs_every_night(example: Any) -> None:
    (schedule,) = example.definitions.schedules
    assert (schedule.cron_schedule, schedule.job_name) == ("0 3 * * *", "isthmus_nightly")
