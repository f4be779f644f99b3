"""Records a stream of interactions in batches; each batch is acknowledged after its commit."""

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

from isthmus.graph.events.record import expire_event_ids, record_events
from isthmus.graph.ingest import append_rejected
from isthmus.graph.sources import MAX_LINE, read_events

if TYPE_CHECKING:
    from types import FrameType

    from isthmus.graph.database import Graph
    from isthmus.settings import Settings

BATCH_EVENTS = 1_000
BATCH_SECONDS = 0.25
"""Maximum time for which an event waits for its batch to fill."""
BLOCK_BYTES = 2**16
EXPIRY_INTERVAL_SECONDS = 3600.0


@dataclass(frozen=True)
class Acknowledgement:
    """The committed part of a stream, which need not be sent again.

    Attributes:
        line: Number of the last line that was recorded or rejected.
        safe: Number of events up to this line that are in the graph.
        rejected: Number of lines up to this line that were rejected; the quarantine file lists
            them.
    """

    line: int
    safe: int
    rejected: int

    def document(self) -> dict[str, int]:
        """Returns the fields as `--json` prints them."""
        return asdict(self)

    def text(self) -> str:
        """Returns a line for the terminal."""
        rejected = f", {self.rejected:,} lines rejected" if self.rejected else ""
        return f"line {self.line:,}: {self.safe:,} events are safe{rejected}"


def follow_stream(graph: Graph, stream: int, settings: Settings) -> Iterator[Acknowledgement]:
    """Records the events of a stream until it ends, or until SIGINT or SIGTERM.

    Every batch is one transaction. It is acknowledged after its commit, when its rejected lines are
    in `rejected.jsonl`; a sender that repeats the lines that were not acknowledged loses nothing.
    It must run in the main thread, which receives the signals.

    Args:
        graph: The graph to write to.
        stream: File descriptor; each line is a JSON object with the columns of `EVENTS` as keys.
        settings: `half_life_days`, `event_days`, `home` for the quarantine.

    Yields:
        An acknowledgement after each batch, and at least one.
    """
    line = safe = rejected = 0
    last_expiry = -EXPIRY_INTERVAL_SECONDS
    with _stop_on_signals() as is_stopped:
        for lines in read_batches(stream, is_stopped):
            if time.monotonic() - last_expiry > EXPIRY_INTERVAL_SECONDS:
                expire_event_ids(graph, settings.event_days)
                last_expiry = time.monotonic()
            events = read_events(lines, line + 1)
            recorded = record_events(graph, events.frame, settings)
            rejected_lines = pl.concat([events.rejected, recorded.rejected]).sort("line")
            append_rejected(settings.home / "rejected.jsonl", rejected_lines)
            line += len(lines)
            safe += events.rows - len(rejected_lines)
            rejected += len(rejected_lines)
            yield Acknowledgement(line, safe, rejected)
    if not line:
        yield Acknowledgement(0, 0, 0)


def read_batches(stream: int, is_stopped: Callable[[], bool]) -> Iterator[list[bytes]]:
    """Reads batches of lines from a stream, without line ends.

    A batch has `BATCH_EVENTS` lines, or fewer if its first line has waited `BATCH_SECONDS`. A line
    longer than `MAX_LINE` is truncated. The last line may lack its line end.

    Args:
        stream: File descriptor.
        is_stopped: Called at least every `BATCH_SECONDS`; once it is true, reading stops, and the
            complete lines read so far are the last batches.
    """
    lines: list[bytes] = []
    partial_line = bytearray()
    deadline = time.monotonic()
    while not is_stopped():
        wait = deadline - time.monotonic() if lines else BATCH_SECONDS
        if select.select([stream], [], [], max(0.0, wait))[0]:
            block = os.read(stream, BLOCK_BYTES)
            if not block:
                lines += [bytes(partial_line)] if partial_line else []
                break
            if not lines:
                deadline = time.monotonic() + BATCH_SECONDS
            line_end, *rest = block.split(b"\n")
            partial_line += line_end[: MAX_LINE - len(partial_line)]
            for piece in rest:
                lines.append(bytes(partial_line))
                partial_line = bytearray(piece[:MAX_LINE])
        while len(lines) >= BATCH_EVENTS or (lines and time.monotonic() >= deadline):
            yield lines[:BATCH_EVENTS]
            del lines[:BATCH_EVENTS]
    for start in range(0, len(lines), BATCH_EVENTS):
        yield lines[start : start + BATCH_EVENTS]


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Yields whether SIGINT or SIGTERM was received; a second signal has its usual effect."""
    stop = threading.Event()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, handlers[signal.Signals(number)])

    for number in handlers:
        signal.signal(number, request_stop)
    try:
        yield stop.is_set
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
