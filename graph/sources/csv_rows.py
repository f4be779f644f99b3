"""Reads CSV files as rows, each with the number of its first line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import MAX_SHOWN_CHARACTERS, MAX_TEXT, Table
from isthmus.graph.sources.dialect import Dialect, recognise_dialect
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.header import match_columns, renamed_columns
from isthmus.graph.sources.memory import PART_BYTES, VIEW_BYTES
from isthmus.graph.sources.validation import CHUNK_ROWS, Chunk, MalformedRow


def read_csv(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a CSV file, as defined by RFC 4180, in chunks of text columns.

    Columns may also be separated by semicolons, tabs or bars. A row with too many or too few
    fields, or with a quote that never closes, is malformed; reading continues with the line after
    its first. Rows without any value are skipped.

    Raises:
        InputError: The file is not text, or its header lacks a column.
    """
    dialect, lines = recognise_dialect(read_lines(path), table)
    rows = _records(lines, dialect)
    line, header = next(rows, (1, "is empty"))
    if isinstance(header, str):
        raise InputError(
            f"{path.name}, line {line}: the header cannot be read: it {header}.",
            "Put the column names into the first line, separated by commas.",
        )
    header = [name.strip() for name in header]
    positions = match_columns(path, header, table)
    sources = renamed_columns(header, positions, table)
    own = [column.name for column in table.columns if column.name in positions]
    while chunk := _read_chunk(rows, positions, len(header), own):
        yield replace(chunk, sources=sources)


def _read_chunk(
    rows: Iterator[tuple[int, list[str] | str]],
    positions: dict[str, int],
    width: int,
    own: list[str],
) -> Chunk | None:
    malformed: list[MalformedRow] = []
    line_numbers: list[int] = []
    # One flat list is twice as fast as a list per row, which keeps the garbage collector busy.
    values: list[str] = []
    size = 0
    for line, fields in islice(rows, CHUNK_ROWS):
        if isinstance(fields, str):
            malformed.append((line, None, None, fields))
        elif len(fields) == width:
            line_numbers.append(line)
            values += fields
        elif len(fields) > width and not any(fields[width:]):
            line_numbers.append(line)
            values += fields[:width]
        else:
            reason = f"the row has {len(fields)} fields, but the header has {width}"
            shown = ",".join(fields[:MAX_SHOWN_CHARACTERS])[:MAX_SHOWN_CHARACTERS]
            malformed.append((line, None, shown, reason))
        size += len(fields) * VIEW_BYTES + sum(map(len, fields))
        if size > PART_BYTES:
            break
    if not line_numbers and not malformed:
        return None
    columns = {
        name: pl.Series(values[position::width], dtype=pl.String)
        for name, position in positions.items()
    }
    frame = pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | columns)
    return Chunk(_without_empty_rows(frame, own), malformed)


def _without_empty_rows(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Removes the rows without values in columns, of which spreadsheets save many at the end."""
    if not all((frame[name] == "").any() for name in names):
        return frame
    return frame.filter(~pl.all_horizontal(pl.col(names) == ""))


def _records(source: Iterator[str], dialect: Dialect) -> Iterator[tuple[int, list[str] | str]]:
    """Yields the first line number of each record with its fields, or with an error message."""
    unread: deque[str] = deque()
    record_lines: list[str] = []

    def read_line() -> Iterator[str]:
        while (line := unread.popleft() if unread else next(source, None)) is not None:
            record_lines.append(line)
            yield line

    def new_reader() -> Iterator[list[str]]:
        return csv.reader(
            read_line(),
            delimiter=dialect.separator,
            skipinitialspace=dialect.blank,
            strict=True,
        )

    line = dialect.first
    reader = new_reader()
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
            reader = new_reader()


def _describe_error(error: csv.Error) -> str:
    reason = str(error)
    if "field limit" in reason:
        return f"has a field of more than {MAX_TEXT:,} characters, or a quote that never closes"
    if "end of data" in reason:
        return "has a quote that never closes"
    if "expected after" in reason:
        return "has a quote that never closes, or text after a closing quote"
    return f"is not valid CSV: {reason}"
