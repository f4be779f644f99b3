"""Progress of long tasks on standard error: a bar on a terminal, otherwise a line every 10 s."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from isthmus.logs import is_json, is_quiet
from isthmus.output import escape_controls

logger = logging.getLogger("isthmus")

SECONDS_BETWEEN_LINES = 10.0


class Advance(Protocol):
    """Counts steps of a task as done; a `label` replaces the one of the task from then on."""

    def __call__(self, steps: int, label: str = "", /) -> None: ...  # noqa: D102


@contextmanager
def progress(task: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Shows the progress of a task during the block, which calls `advance(steps)`.

    Args:
        task: Label of the task, for example "encode titles".
        total: Total number of steps, if known.
        unit: Unit of the steps, for example "rows" or "jars".
    """
    bars = sys.stderr.isatty() and not is_quiet() and not is_json()
    with (_bar if bars else _lines)(task, total, unit) as advance:
        yield advance


@contextmanager
def _bar(task: str, total: int | None, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        row = bars.add_task(escape_controls(task), total=total)

        def advance(steps: int, label: str = "") -> None:
            bars.update(row, advance=steps, description=escape_controls(label) or None)

        yield advance


@contextmanager
def _lines(task: str, total: int | None, unit: str) -> Iterator[Advance]:
    start = last_line = time.monotonic()
    completed = 0

    def advance(steps: int, label: str = "") -> None:
        nonlocal task, last_line, completed
        completed += steps
        task = label or task
        now = time.monotonic()
        if now - last_line >= SECONDS_BETWEEN_LINES:
            last_line = now
            of_total = left = ""
            if total:
                of_total = f" of {total:,}"
            if total and completed:
                left = f", {_duration((now - start) / completed * (total - completed))} left"
            logger.info("%s: %s%s %s%s", task, f"{completed:,}", of_total, unit, left)

    yield advance
    logger.info("%s: %s %s in %.1f s", task, f"{completed:,}", unit, time.monotonic() - start)


def _duration(seconds: float) -> str:
    """Returns a duration in its largest unit, such as `3 min`."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
