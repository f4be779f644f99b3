"""Progress of long tasks on standard error: a bar on a terminal, otherwise a line every 10 s."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from isthmus.logs import is_json
from isthmus.output import escape_controls

logger = logging.getLogger("isthmus")

SECONDS_BETWEEN_LINES = 10.0

Advance = Callable[[int], None]


@contextmanager
def progress(task: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Shows the progress of a task during the block, which calls `advance(steps)`.

    Args:
        task: Label of the task, for example "encode titles".
        total: Total number of steps, if known.
        unit: Unit of the steps, for example "rows" or "jars".
    """
    bars = sys.stderr.isatty() and logger.isEnabledFor(logging.INFO) and not is_json()
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
        yield lambda steps: bars.advance(row, steps)


@contextmanager
def _lines(task: str, total: int | None, unit: str) -> Iterator[Advance]:
    start = last_line = time.monotonic()
    completed = 0

    def advance(steps: int) -> None:
        nonlocal last_line, completed
        completed += steps
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            of_total = f" of {total:,}" if total else ""
            logger.info("%s: %s%s %s", task, f"{completed:,}", of_total, unit)

    yield advance
    logger.info("%s: %s %s in %.1f s", task, f"{completed:,}", unit, time.monotonic() - start)
