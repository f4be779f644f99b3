"""Comma-separated values to rows, each with the line it begins on."""

from __future__ import annotations

import csv
import logging
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.schema import MAX_TEXT, Table
from isthmus.graph.sources.files import lines
from isthmus.graph.sources.validation import CHUNK_ROWS, Broken, Chunk, missing_column

logger = logging.getLogger("isthmus")


def read_csv(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a CSV file, as RFC 4180 and spreadsheets write it, in chunks of text columns.

    A row with too many or too few fields, or with a quote that never closes, is broken; reading
    goes on with the line after its first.

    Raises:
        InputError: It is not text in UTF-8, or its header lacks a column.
    """
    rows = _records(lines(path))
    line, header = next(rows, (1, "is empty"))
    if isinstance(header, str):
        raise InputError(
            f"{path.name}, line {line}: the header cannot be read: it {header}.",
            "The first line names the columns, separated by commas.",
        )
    places = _places(path, [name.strip() for name in header], table)
    width = len(header)
    while True:
        broken: list[Broken] = []
        numbers: list[int] = []
        # One flat list, since many small ones keep the garbage collector busy: twice as fast.
        flat: list[str] = []
        for line, fields in islice(rows, CHUNK_ROWS):
            if isinstance(fields, str):
                broken.append((line, None, None, fields))
            elif len(fields) != width:
                reason = f"it has {len(fields)} fields, the header {width}"
                broken.append((line, None, ",".join(fields), reason))
            else:
                numbers.append(line)
                flat += fields
        if not numbers and not broken:
            return
        columns = {
            name: pl.Series(flat[place::width], dtype=pl.String) for name, place in places.items()
        }
        yield Chunk(pl.DataFrame({"line": pl.Series(numbers, dtype=pl.Int64)} | columns), broken)


def _records(source: Iterator[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yields the first line of each record and its fields, or why it has none."""
    again: deque[str] = deque()
    held: list[str] = []

    def feed() -> Iterator[str]:
        while (line := again.popleft() if again else next(source, None)) is not None:
            held.append(line)
            yield line

    line = 1
    reader = csv.reader(feed(), strict=True)
    while True:
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line += len(held)
                held.clear()
            return
        except csv.Error as error:
            # A quote that never closes swallows what follows it: give those lines back.
            yield line, _why(error)
            again.extendleft(reversed(held[1:]))
            held.clear()
            line += 1
            reader = csv.reader(feed(), strict=True)


def _why(error: csv.Error) -> str:
    reason = str(error)
    if "field limit" in reason:
        return f"has a field of more than {MAX_TEXT:,} characters, or a quote that never closes"
    if "end of data" in reason:
        return "has a quote that never closes"
    if "expected after" in reason:
        return "has a quote that never closes, or text after a closing one"
    return f"is no CSV: {reason}"


def _places(path: Path, header: list[str], table: Table) -> dict[str, int]:
    """Where each column of the table stands; says which others are not read."""
    names = [column.name for column in table.columns]
    for column in table.columns:
        if header.count(column.name) > 1:
            raise InputError(
                f"{path.name} has the column {column.name} {header.count(column.name)} times.",
                "Take all but one out of it.",
            )
        if column.required and column.name not in header:
            raise missing_column(path, column.name, header)
    unread = [name for name in header if name and name not in names]
    if unread:
        logger.info("%s: not read: the columns %s", path.name, ", ".join(unread))
    return {name: header.index(name) for name in names if name in header}
