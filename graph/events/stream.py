"""A stream of interactions into the graph: batch by batch, each acknowledged once it is safe."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from isthmus.graph.events.record import forget_events, record_events
from isthmus.graph.ingest.rejected import append_rejected
from isthmus.graph.sources.events import read_events
from isthmus.graph.sources.files import MAX_LINE

if TYPE_CHECKING:
    from types import FrameType

    from isthmus.graph.database.connection import Graph
    from isthmus.settings import Settings

EVENTS_A_BATCH = 1_000
SECONDS_A_BATCH = 0.25
"""An event waits no longer than this for others to be written with."""
BLOCK = 2**16
SECONDS_BETWEEN_FORGETTING = 3600.0


@dataclass(frozen=True)
class Acknowledged:
    """How far a stream is safe: what came up to here need not be sent again.

    Attributes:
        line: Number of the last line that was read and settled.
        safe: Events up to there that are in the graph.
        rejected: Lines up to there that were wrong; they stand in the quarantine file.
    """

    line: int
    safe: int
    rejected: int

    def document(self) -> dict[str, int]:
        """As `--json` prints it."""
        return asdict(self)

    def text(self) -> str:
        """As people read it."""
        wrong = f", {self.rejected:,} lines were wrong" if self.rejected else ""
        return f"line {self.line:,}: {self.safe:,} events are safe{wrong}"


def follow(graph: Graph, stream: int, settings: Settings) -> Iterator[Acknowledged]:
    """Records the events of a stream until it ends or SIGINT or SIGTERM comes.

    Every batch is one transaction. It is acknowledged when it is committed, and its wrong lines
    are in `rejected.jsonl`; whoever sends again what was not acknowledged loses nothing. Runs in
    the main thread, which is where signals come.

    Args:
        graph: Where to.
        stream: File descriptor; a JSON object a line, as `EVENTS` names its keys.
        settings: `half_life_days`, `event_days`, `home` for the quarantine.

    Yields:
        After each batch how far the stream is safe; once at least.
    """
    line = safe = rejected = 0
    forgotten = -SECONDS_BETWEEN_FORGETTING
    with _until_told_to_stop() as stopped:
        for lines in batches(stream, stopped):
            if time.monotonic() - forgotten > SECONDS_BETWEEN_FORGETTING:
                forget_events(graph, settings.event_days)
                forgotten = time.monotonic()
            checked = read_events(lines, line + 1)
            recorded = record_events(graph, checked.frame, settings)
            wrong = pl.concat([checked.rejected, recorded.rejected]).sort("line")
            append_rejected(settings.home / "rejected.jsonl", wrong)
            line += len(lines)
            safe += checked.rows - len(wrong)
            rejected += len(wrong)
            yield Acknowledged(line, safe, rejected)
    if not line:
        yield Acknowledged(0, 0, 0)


def batches(stream: int, stopped: Callable[[], bool]) -> Iterator[list[bytes]]:
    """Lines of a stream as they come, without their ends.

    A batch has `EVENTS_A_BATCH` lines, or fewer where the first has waited `SECONDS_A_BATCH`. A
    line longer than `MAX_LINE` is cut there. The last one may lack its end.

    Args:
        stream: File descriptor.
        stopped: Asked every `SECONDS_A_BATCH` at least; once true, what was read is the rest.
    """
    whole: list[bytes] = []
    part = bytearray()
    due = time.monotonic()
    while not stopped():
        wait = due - time.monotonic() if whole else SECONDS_A_BATCH
        if select.select([stream], [], [], max(0.0, wait))[0]:
            block = os.read(stream, BLOCK)
            if not block:
                whole += [bytes(part)] if part else []
                break
            if not whole:
                due = time.monotonic() + SECONDS_A_BATCH
            ended, *rest = block.split(b"\n")
            part += ended[: MAX_LINE - len(part)]
            for piece in rest:
                whole.append(bytes(part))
                part = bytearray(piece[:MAX_LINE])
        while len(whole) >= EVENTS_A_BATCH or (whole and time.monotonic() >= due):
            yield whole[:EVENTS_A_BATCH]
            del whole[:EVENTS_A_BATCH]
    for start in range(0, len(whole), EVENTS_A_BATCH):
        yield whole[start : start + EVENTS_A_BATCH]


@contextmanager
def _until_told_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came; the second one ends the process as it always does."""
    told = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def tell(number: int, frame: FrameType | None) -> None:
        told.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, tell)
    try:
        yield told.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
