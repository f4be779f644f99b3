"""Reads JSON as rows: one object per line, one array of objects, or an object with one list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import polars as pl

from isthmus.graph.ingest import MAX_SHOWN_CHARACTERS, Column, Kind, Table
from isthmus.graph.sources.files import MAX_LINE, is_truncated, read_lines, read_text
from isthmus.graph.sources.header import (
    attribute_name,
    find_name,
    log_ignored,
    normal_name,
    read_as,
)
from isthmus.graph.sources.json_documents import is_column, rows_of_document
from isthmus.graph.sources.memory import PART_BYTES
from isthmus.graph.sources.validation import CHUNK_ROWS, Chunk, MalformedRow, missing_column
from isthmus.graph.sources.values import to_text
from isthmus.output import json_text

Row = dict[str, object]
ParsedRow = tuple[int, str, Row | str]
"""Line number, JSON, and the object or the reason why there is none; "" for a blank line."""
KeyedColumns = Sequence[tuple[str, Column]]
"""The columns of a table, and then the attributes, each with its key in an object."""
FindKeys = Callable[[Row], KeyedColumns]


def read_json(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a JSON file in chunks of text columns, with numbers formatted by Python.

    The file has one object per line, or is one array of objects, or one object with one list of
    them; see `rows_of_document`. In the first case a line that is not a JSON object is malformed;
    a value of a type that its column does not accept always makes the row malformed. Keys that are
    not columns of the table are ignored.

    Raises:
        InputError: The file is not text, is one document that is not JSON or has no rows, or no
            object has a required column.
    """
    lines = read_lines(path)
    start = list(islice((line for line in enumerate(lines, 1) if line[1].strip()), 2))
    if not start:
        return
    keys = _Keys(path, table)
    if _is_one_document([line for _, line in start], table):
        rows: Iterator[ParsedRow] = rows_of_document(path, read_text(path), table)
    else:
        rows = map(_parse_line, chain(start, enumerate(lines, start[-1][0] + 1)))
    # Rows are not collected: many objects that live keep the garbage collector busy.
    for first in rows:
        part = _first_bytes(chain([first], islice(rows, CHUNK_ROWS - 1)))
        chunk = _build_chunk(part, table, keys.find)
        yield replace(chunk, sources=dict(keys.sources))
    for column in table.columns:
        if column.required and keys.all and column.name not in keys.columns:
            raise missing_column(path, column.name, sorted(keys.all))
    log_ignored(path, "keys", sorted(keys.ignored), table, keys.columns)


def parse_rows(numbered_lines: Iterable[tuple[int, str]], table: Table, keys: set[str]) -> Chunk:
    """Parses lines, each with its number, as `read_json` parses the lines of a file.

    Columns have their own names only, no aliases.

    Args:
        numbered_lines: Line numbers and lines.
        table: Table of the rows.
        keys: Set to which the keys of the objects are added.
    """
    columns = [(column.name, column) for column in table.columns]

    def find(row: Row) -> KeyedColumns:
        keys.update(row.keys())
        return columns

    return _build_chunk(map(_parse_line, numbered_lines), table, find)


class _Keys:
    """Finds the columns of a table among the keys of objects.

    Attributes:
        sources: The key of each column that is called differently.
        columns: The columns that any object has.
        all: The keys of all objects.
        ignored: Those that are no column.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self._path = path
        self._table = table
        self._found: dict[tuple[str, ...], KeyedColumns] = {}
        self._attributes: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.columns: set[str] = set()
        self.all: set[str] = set()
        self.ignored: set[str] = set()

    def find(self, row: Row) -> KeyedColumns:
        """Returns the columns with their keys; a column that the object lacks has its name."""
        keys = tuple(row)
        found = self._found.get(keys)
        if found is None:
            found = self._found[keys] = self._find(keys)
        return found

    def _find(self, keys: tuple[str, ...]) -> KeyedColumns:
        by_name = {normal_name(key): key for key in keys}
        found = []
        for column in self._table.columns:
            if column.name in keys:
                found.append(column.name)
                continue
            name = find_name(column, by_name, self._table)
            found.append(column.name if name is None else by_name[name])
            if name not in (None, normal_name(column.name)) and column.name not in self.sources:
                self.sources[column.name] = found[-1]
                read_as(self._path, found[-1], column)
        self.all |= set(keys)
        by_column = list(zip(found, self._table.columns, strict=True))
        self.columns |= {column.name for key, column in by_column if key in keys}
        by_column += self._find_attributes([key for key in keys if key not in found])
        self.ignored |= set(keys).difference(key for key, _ in by_column)
        return by_column

    def _find_attributes(self, keys: Sequence[str]) -> list[tuple[str, Column]]:
        found = []
        for key in keys:
            others = set(self._attributes.values()).union(
                column.name for column in self._table.columns
            )
            name = self._attributes.get(key) or attribute_name(key, self._table, others)
            if name is not None:
                self._attributes[key] = name
                found.append((key, Column(name, Kind.ATTRIBUTE)))
                if key != name:
                    self.sources[name] = key
        return found


def _is_one_document(start: list[str], table: Table) -> bool:
    """Whether a file that begins with these lines is one JSON document, not JSON Lines.

    Args:
        start: The first lines that are not blank, at most two.
        table: Table of the rows.
    """
    first, second = start[0].lstrip(), start[1].lstrip() if len(start) > 1 else ""
    if first.startswith("["):
        return not second.startswith("{") or first.strip() in ("[", "[]")
    if not first.startswith("{") or second.startswith("{"):
        return False
    row = _parse_object(start[0])
    if isinstance(row, str):
        return len(first) > MAX_LINE // 4 or first.strip() == "{" or bool(second)
    values = {normal_name(name): value for name, value in row.items()}
    names = (find_name(column, values, table) for column in table.columns if column.required)
    return not second and not any(name and not is_column(values[name]) for name in names)


def _first_bytes(rows: Iterator[ParsedRow]) -> Iterator[ParsedRow]:
    """Yields rows until their JSON has the size of a part, with that which exceeds it."""
    size = 0
    for row in rows:
        yield row
        size += len(row[1])
        if size > PART_BYTES:
            return


def _build_chunk(rows: Iterable[ParsedRow], table: Table, find: FindKeys) -> Chunk:
    names = [column.name for column in table.columns]
    malformed: list[MalformedRow] = []
    line_numbers: list[int] = []
    # One flat list, since a list per row keeps the garbage collector busy.
    values: list[str | None] = []
    attributes: dict[str, list[str | None]] = {}
    for number, source, row in rows:
        if isinstance(row, str):
            if row:
                malformed.append((number, None, source.strip()[:MAX_SHOWN_CHARACTERS], row))
            continue
        keyed = find(row)
        texts = _column_texts(number, row, keyed, escaped="\\u" in source)
        if isinstance(texts, tuple):
            malformed.append(texts)
            continue
        for (_, column), text in zip(keyed[len(names) :], texts[len(names) :], strict=True):
            attribute = attributes.setdefault(column.name, [])
            attribute += [None] * (len(line_numbers) - len(attribute))
            attribute.append(text)
        line_numbers.append(number)
        values += texts[: len(names)]
    columns = {
        name: pl.Series(values[position :: len(names)], dtype=pl.String)
        for position, name in enumerate(names)
    }
    for name, texts_of in attributes.items():
        texts_of += [None] * (len(line_numbers) - len(texts_of))
        columns[name] = pl.Series(texts_of, dtype=pl.String)
    frame = pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | columns)
    return Chunk(frame, malformed)


def _parse_line(numbered: tuple[int, str]) -> ParsedRow:
    number, line = numbered
    return number, line, _parse_object(line)


def _parse_object(line: str) -> Row | str:
    """Parses the JSON object of a line; returns an error message if there is none.

    The message is "" for a blank line.
    """
    if not line or line.isspace():
        return ""
    if is_truncated(line):
        return f"the line is longer than {MAX_LINE // 2**20} MiB"
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return f"the line is not valid JSON: {error.msg.lower()} at character {error.pos + 1}"
    except (ValueError, RecursionError) as error:
        return f"the line cannot be read as JSON: {error}"
    if not isinstance(row, dict):
        return "the line is not a JSON object"
    return row


def _column_texts(
    number: int, row: Row, columns: KeyedColumns, escaped: bool
) -> list[str | None] | MalformedRow:
    """Returns the values of the table's columns as text, or the first invalid value.

    Args:
        number: Line number.
        row: Object of the line.
        columns: The columns, each with its key in the object.
        escaped: Whether the line has escapes, which can encode half of a surrogate pair.
    """
    texts: list[str | None] = []
    for key, column in columns:
        value = row.get(key)
        if value is not None and type(value) is not str:
            try:
                value = to_text(value, column)
            except TypeError as error:
                return number, column.name, json_text(value)[:MAX_SHOWN_CHARACTERS], str(error)
        if escaped and value is not None and not _is_unicode(value):
            if column.kind is Kind.ATTRIBUTE:
                texts.append(None)
                continue
            shown = ascii(value[:MAX_SHOWN_CHARACTERS])
            return number, column.name, shown, "contains half of a surrogate pair"
        texts.append(value)
    return texts


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
