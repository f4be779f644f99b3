"""Reads CSV files as rows, each with the number of its first line."""

from __future__ import annotations

import csv
import logging
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import MAX_TEXT, Table
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.validation import CHUNK_ROWS, Chunk, MalformedRow, missing_column

logger = logging.getLogger("isthmus")


def read_csv(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a CSV file, as defined by RFC 4180, in chunks of text columns.

    A row with too many or too few fields, or with a quote that never closes, is malformed; reading
    continues with the line after its first.

    Raises:
        InputError: The file is not UTF-8 text, or its header lacks a column.
    """
    rows = _records(read_lines(path))
    line, header = next(rows, (1, "is empty"))
    if isinstance(header, str):
        raise InputError(
            f"{path.name}, line {line}: the header cannot be read: it {header}.",
            "Put the column names into the first line, separated by commas.",
        )
    positions = _column_positions(path, [name.strip() for name in header], table)
    width = len(header)
    while True:
        malformed: list[MalformedRow] = []
        line_numbers: list[int] = []
        # One flat list is twice as fast as a list per row, which keeps the garbage collector busy.
        values: list[str] = []
        for line, fields in islice(rows, CHUNK_ROWS):
            if isinstance(fields, str):
                malformed.append((line, None, None, fields))
            elif len(fields) != width:
                reason = f"the row has {len(fields)} fields, but the header has {width}"
                malformed.append((line, None, ",".join(fields), reason))
            else:
                line_numbers.append(line)
                values += fields
        if not line_numbers and not malformed:
            return
        columns = {
            name: pl.Series(values[position::width], dtype=pl.String)
            for name, position in positions.items()
        }
        frame = pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | columns)
        yield Chunk(frame, malformed)


def _records(source: Iterator[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yields the first line number of each record with its fields, or with an error message."""
    unread: deque[str] = deque()
    record_lines: list[str] = []

    def read_line() -> Iterator[str]:
        while (line := unread.popleft() if unread else next(source, None)) is not None:
            record_lines.append(line)
            yield line

    line = 1
    reader = csv.reader(read_line(), strict=True)
    while True:
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line += len(record_lines)
                record_lines.clear()
            return
        except csv.Error as error:
            # A quote that never closes consumes the lines after it: read those again.
            yield line, _describe_error(error)
            unread.extendleft(reversed(record_lines[1:]))
            record_lines.clear()
            line += 1
            reader = csv.reader(read_line(), strict=True)


def _describe_error(error: csv.Error) -> str:
    reason = str(error)
    if "field limit" in reason:
        return f"has a field of more than {MAX_TEXT:,} characters, or a quote that never closes"
    if "end of data" in reason:
        return "has a quote that never closes"
    if "expected after" in reason:
        return "has a quote that never closes, or text after a closing quote"
    return f"is not valid CSV: {reason}"


def _column_positions(path: Path, header: list[str], table: Table) -> dict[str, int]:
    """Returns the position of each column of the table; logs the columns that are ignored."""
    names = [column.name for column in table.columns]
    for column in table.columns:
        if header.count(column.name) > 1:
            raise InputError(
                f"{path.name} has the column {column.name} {header.count(column.name)} times.",
                "Remove all but one of them.",
            )
        if column.required and column.name not in header:
            raise missing_column(path, column.name, header)
    ignored = [name for name in header if name and name not in names]
    if ignored:
        logger.info("%s: ignored columns: %s", path.name, ", ".join(ignored))
    return {name: header.index(name) for name in names if name in header}
