"""Reads JSON Lines as rows: one object per line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import Column, Kind, Table
from isthmus.graph.sources.files import MAX_LINE, is_truncated, read_lines
from isthmus.graph.sources.validation import CHUNK_ROWS, WHOLE_NUMBERS_ONLY, Chunk, MalformedRow

logger = logging.getLogger("isthmus")

LIST_SEPARATORS = {Kind.CATEGORIES: "|", Kind.TEXT: "\n"}
"""Separator that joins a list of values, by the kinds of columns that accept lists."""


def read_jsonl(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a JSON Lines file in chunks of text columns, with numbers formatted by Python.

    A line that is not a JSON object, or has a value of a type that its column does not accept, is
    malformed. Blank lines are skipped; keys that are not columns of the table are ignored.

    Raises:
        InputError: The file is not UTF-8 text, or contains one JSON array.
    """
    numbered_lines = enumerate(read_lines(path), 1)
    keys: set[str] = set()
    for first in numbered_lines:
        if first[0] == 1 and first[1].lstrip().startswith("["):
            raise InputError(
                f"{path.name} contains one JSON array, not one object per line.",
                f"Convert it: jq -c '.[]' {path.name} > {table.name}.jsonl",
            )
        yield parse_rows(chain([first], islice(numbered_lines, CHUNK_ROWS - 1)), table, keys)
    if ignored := keys.difference(column.name for column in table.columns):
        logger.info("%s: ignored keys: %s", path.name, ", ".join(sorted(ignored)[:20]))


def parse_rows(numbered_lines: Iterable[tuple[int, str]], table: Table, keys: set[str]) -> Chunk:
    """Parses lines, each with its number, as `read_jsonl` parses the lines of a file.

    Args:
        numbered_lines: Line numbers and lines.
        table: Table of the rows.
        keys: Set to which the keys of the objects are added.
    """
    names = [column.name for column in table.columns]
    malformed: list[MalformedRow] = []
    line_numbers: list[int] = []
    # One flat list, since a list per row keeps the garbage collector busy.
    values: list[str | None] = []
    for number, line in numbered_lines:
        if not line or line.isspace():
            continue
        row = _parse_object(line)
        if isinstance(row, str):
            malformed.append((number, None, line.strip(), row))
            continue
        texts = _column_texts(number, row, table, escaped="\\u" in line)
        if isinstance(texts, tuple):
            malformed.append(texts)
            continue
        line_numbers.append(number)
        values += texts
        keys.update(row.keys())
    columns = {
        name: pl.Series(values[position :: len(names)], dtype=pl.String)
        for position, name in enumerate(names)
    }
    frame = pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | columns)
    return Chunk(frame, malformed)


def _parse_object(line: str) -> dict[str, object] | str:
    """Parses the JSON object of a line; returns an error message if there is none."""
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
    number: int, row: dict[str, object], table: Table, escaped: bool
) -> list[str | None] | MalformedRow:
    """Returns the values of the table's columns as text, or the first invalid value.

    Args:
        number: Line number.
        row: Object of the line.
        table: Table of the row.
        escaped: Whether the line has escapes, which can encode half of a surrogate pair.
    """
    texts: list[str | None] = []
    for column in table.columns:
        value = row.get(column.name)
        if value is not None and type(value) is not str:
            try:
                value = _to_text(value, column)
            except TypeError as error:
                return number, column.name, json.dumps(value), str(error)
        if escaped and value is not None and not _is_unicode(value):
            return number, column.name, ascii(value), "contains half of a surrogate pair"
        texts.append(value)
    return texts


def _to_text(value: object, column: Column) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | list):
        raise TypeError(f"is {_describe_type(value)}, not {column.kind.value}")
    if isinstance(value, list):
        if column.kind not in LIST_SEPARATORS:
            raise TypeError(f"is a list, not {column.kind.value}")
        if not all(isinstance(part, str | int | None) for part in value):
            raise TypeError("is a list with values other than texts")
        return LIST_SEPARATORS[column.kind].join(str(part) for part in value if part is not None)
    if isinstance(value, float) and column.kind in WHOLE_NUMBERS_ONLY:
        raise TypeError(f"is a decimal number, not {column.kind.value}")
    return str(value)


def _describe_type(value: object) -> str:
    return "true or false" if isinstance(value, bool) else "an object"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
