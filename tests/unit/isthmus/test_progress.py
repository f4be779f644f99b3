"""Progress of long tasks in the log."""

from __future__ import annotations

import logging

import pytest

from isthmus import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of progress, as its one element."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_come_at_most_every_ten_seconds_with_the_time_left(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "isthmus"),
        progress._lines("training", 960, "batches") as advance,
    ):
        for step in range(400):
            clock[0] += 0.125
            advance(1, f"training, epoch {1 + step // 80} of 12")
    *lines, last = [record.getMessage() for record in caplog.records]
    assert lines == [
        "training, epoch 1 of 12: 80 of 960 batches, 110 s left",
        "training, epoch 2 of 12: 160 of 960 batches, 100 s left",
        "training, epoch 3 of 12: 240 of 960 batches, 90 s left",
        "training, epoch 4 of 12: 320 of 960 batches, 80 s left",
        "training, epoch 5 of 12: 400 of 960 batches, 70 s left",
    ]
    assert last == "training, epoch 5 of 12: 400 batches in 50.0 s"


def test_a_line_before_the_first_step_has_no_time_left(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "isthmus"),
        progress._lines("import", 80, "steps") as advance,
    ):
        clock[0] = 12.0
        advance(0)
    assert caplog.records[0].getMessage() == "import: 0 of 80 steps"


def test_a_duration_is_in_its_largest_unit() -> None:
    shown = [progress._duration(seconds) for seconds in (0, 59, 119, 150, 3600, 86_400)]
    assert shown == ["0 s", "59 s", "119 s", "2 min", "60 min", "24 h"]


def test_a_bar_shows_another_label(capsys: pytest.CaptureFixture[str]) -> None:
    with progress._bar("training", 10, "batches") as advance:
        advance(1, "training, epoch 3 of 12")
        advance(9)
    assert "training, epoch 3 of 12" in capsys.readouterr().err
