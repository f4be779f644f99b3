"""Reads the row formats of old public datasets: separated fields, and objects of JSON or Python."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.graph.ingest import Table
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.json_rows import parse_rows
from isthmus.graph.sources.validation import CHUNK_ROWS, Chunk, MalformedRow, missing_column

Object = dict[str, object]


@dataclass(frozen=True)
class Layout:
    """How the fields of a line are written.

    Attributes:
        separator: Separator of the fields.
        names: Names of the fields; empty if they are those in the first line.
        header: Whether the first line has names, which `names` replaces.
        quoted: Whether fields may be in double quotes.
        escape: Character before a quote that belongs to a field; None if it is doubled.
    """

    separator: str
    names: tuple[str, ...] = ()
    header: bool = False
    quoted: bool = False
    escape: str | None = None

    def split(self, line: str) -> list[str]:
        """Returns the fields of a line; none if it cannot be split."""
        if not self.quoted:
            return line.split(self.separator)
        line = line.replace("\r", " ")
        try:
            return next(csv.reader([line], delimiter=self.separator, escapechar=self.escape), [])
        except csv.Error:
            return []


def read_separated(layout: Layout) -> Callable[[Path, Table], Iterator[Chunk]]:
    """Returns a reader of lines of separated fields; a field never has a line end.

    Lines that are not UTF-8 are decoded as Latin-1. Fields that the table does not have are
    ignored; a line with another number of fields is malformed.
    """
    return partial(_read_separated, layout=layout)


def read_objects(
    rows_of: Callable[[Object], Iterable[Object]] | None = None,
) -> Callable[[Path, Table], Iterator[Chunk]]:
    """Returns a reader of one object per line, as JSON or as Python literals.

    Args:
        rows_of: Returns the rows of an object, which have the line of the object; None if an
            object is a row.
    """
    return partial(_read_objects, rows_of=rows_of)


def _read_separated(path: Path, table: Table, layout: Layout) -> Iterator[Chunk]:
    numbered_lines = enumerate(read_lines(path, fallback="latin-1"), 1)
    names = list(layout.names)
    if layout.header or not names:
        _, header = next(numbered_lines, (1, ""))
        names = names or [name.strip() for name in layout.split(header.rstrip("\r\n"))]
    for column in table.columns:
        if column.required and column.name not in names:
            raise missing_column(path, column.name, names)
    positions = {
        column.name: names.index(column.name) for column in table.columns if column.name in names
    }
    while part := list(islice(numbered_lines, CHUNK_ROWS)):
        malformed: list[MalformedRow] = []
        line_numbers: list[int] = []
        # One flat list, since a list per row keeps the garbage collector busy.
        values: list[str] = []
        for number, line in part:
            if not line.strip():
                continue
            fields = layout.split(line.rstrip("\r\n"))
            if len(fields) != len(names):
                reason = f"the row has {len(fields)} fields, not {len(names)}"
                malformed.append((number, None, line.strip(), reason))
                continue
            line_numbers.append(number)
            values += fields
        series = {
            name: pl.Series(values[position :: len(names)], dtype=pl.String)
            for name, position in positions.items()
        }
        yield Chunk(
            pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | series), malformed
        )


def _read_objects(
    path: Path, table: Table, rows_of: Callable[[Object], Iterable[Object]] | None
) -> Iterator[Chunk]:
    numbered_lines = enumerate(read_lines(path), 1)
    while part := list(islice(numbered_lines, CHUNK_ROWS)):
        rows = ((number, row) for number, line in part for row in _json_lines(line, rows_of))
        yield parse_rows(rows, table, set())


def _json_lines(line: str, rows_of: Callable[[Object], Iterable[Object]] | None) -> Iterable[str]:
    """Returns the rows of a line as JSON; the line itself if it cannot be read."""
    is_literal = line.startswith(("{'", "{u'"))
    if rows_of is None and not is_literal:
        return (line,)
    try:
        row = ast.literal_eval(line.strip()) if is_literal else json.loads(line)
        rows = [row] if rows_of is None else list(rows_of(row))
        return [json.dumps(row) for row in rows]
    except (
        ValueError,
        SyntaxError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
        MemoryError,
    ):
        return (line,)
