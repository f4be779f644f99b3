"""Lines of a stream to events: one JSON object a line, as in a JSON Lines file of interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isthmus.graph.ingest.schema import EVENTS
from isthmus.graph.sources.json_rows import rows_of
from isthmus.graph.sources.validation import Broken, Checked, check

STREAM = "standard input"
"""Stands in the place of a file's name for the wrong rows."""


def read_events(lines: Sequence[bytes], first: int = 1) -> Checked:
    """Reads and validates lines; each that is not blank is an event or rejected.

    Args:
        lines: In UTF-8, with or without their ends.
        first: Number of the first of them.

    Returns:
        Valid ones with the schema of `EVENTS`; where domain is null the item says it.
    """
    broken: list[Broken] = []

    def decoded() -> Iterator[tuple[int, str]]:
        for number, line in enumerate(lines, first):
            try:
                yield number, line.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                shown = line.strip().decode(errors="replace")
                broken.append((number, None, shown, f"it is not UTF-8: {error.reason}"))

    chunk = rows_of(decoded(), EVENTS, set())
    chunk.broken += broken
    return check(chunk, EVENTS, STREAM)
