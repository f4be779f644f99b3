"""Parses the lines of a stream as events: one JSON object per line, like JSON Lines files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isthmus.graph.ingest import EVENTS
from isthmus.graph.sources.json_rows import parse_rows
from isthmus.graph.sources.validation import MalformedRow, ValidatedTable, validate_chunk

STREAM = "standard input"
"""Stands for the file name in rejected rows."""


def read_events(lines: Sequence[bytes], first: int = 1) -> ValidatedTable:
    """Parses and validates lines; each line that is not blank is an event or rejected.

    Args:
        lines: Lines in UTF-8, with or without line ends.
        first: Number of the first line.

    Returns:
        Valid events with the schema of `EVENTS`; the domain may be null, to be found by the item.
    """
    undecodable: list[MalformedRow] = []

    def decode_lines() -> Iterator[tuple[int, str]]:
        for number, line in enumerate(lines, first):
            try:
                yield number, line.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                content = line.strip().decode(errors="replace")
                reason = f"the line is not UTF-8: {error.reason}"
                undecodable.append((number, None, content, reason))

    chunk = parse_rows(decode_lines(), EVENTS, set())
    chunk.malformed += undecodable
    return validate_chunk(chunk, EVENTS, STREAM)
