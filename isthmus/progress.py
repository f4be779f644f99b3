"""Progress of long work on standard error: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from isthmus.logs import is_json

logger = logging.getLogger("isthmus")

SECONDS_BETWEEN_LINES = 10.0

Advance = Callable[[int], None]


@contextmanager
def progress(task: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Shows how far `task` is while the block runs; the block calls `advance(n)`.

    Args:
        task: What is done, as a person would say it: "encode titles".
        total: Steps in all, where they are known.
        unit: What a step is, for the lines: "rows", "jars".
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
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        row = bars.add_task(task, total=total)
        yield lambda steps: bars.advance(row, steps)


@contextmanager
def _lines(task: str, total: int | None, unit: str) -> Iterator[Advance]:
    start = said = time.monotonic()
    done = 0

    def advance(steps: int) -> None:
        nonlocal said, done
        done += steps
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            of = f" of {total:,}" if total else ""
            logger.info("%s: %s%s %s", task, f"{done:,}", of, unit)

    yield advance
    logger.info("%s: %s %s in %.1f s", task, f"{done:,}", unit, time.monotonic() - start)
