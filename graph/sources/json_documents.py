"""Finds the rows of a file that is one JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.ingest import Table
from isthmus.graph.sources.header import find_name, normal_name
from isthmus.graph.sources.memory import MAX_OBJECT_BYTES, MAX_OBJECTS, check_document

DECODER = json.JSONDecoder()
BLANKS = re.compile(r"[ \t\r\n,]*")

DocumentRow = tuple[int, str, dict[str, object] | str]
"""Line number, JSON, and the object or the reason why there is none."""


def rows_of_document(path: Path, text: str, table: Table) -> Iterator[DocumentRow]:
    """Yields the rows of a JSON document, each with the number of its first line.

    The rows are the elements of an array, objects one after the other, or the one list of objects
    in an object, under any name; of several lists, the one with the name of the table. What pandas
    writes is read as well: an object of columns, and `columns` beside `data`. The rows within an
    object have its line number.

    Raises:
        InputError: The text is not JSON, or has no rows.
    """
    if not text[: _skip(text, 0) + 1].endswith("["):
        check_document(path, len(text), MAX_OBJECT_BYTES)
        if (count := text.count("{")) > MAX_OBJECTS:
            raise InputError(
                f"{path.name} is one document of {count:,} objects, more than {MAX_OBJECTS:,}.",
                "Write it as JSON Lines, one object per line, or as CSV or Parquet.",
            )
    values = _values(path, text)
    first = next(values, None)
    if first is None:
        return
    second = next(values, None)
    if second is None and not text.lstrip().startswith("[") and isinstance(first[2], dict):
        number, source, value = first
        for row in _rows_inside(path, value, table):
            yield number, source, row
        return
    for number, source, value in chain([first], [second] if second else [], values):
        reason = "the element of the array is not a JSON object"
        yield number, source, value if isinstance(value, dict) else reason


def is_column(value: object) -> bool:
    """Whether a value holds those of a column, by row; objects like `{"$oid": "5f"}` are one."""
    if isinstance(value, dict):
        return not any(name.startswith("$") for name in value)
    return isinstance(value, list)


def _values(path: Path, text: str) -> Iterator[tuple[int, str, Any]]:
    """Yields the elements of an array, or values one after the other: line, JSON and value."""
    position = _skip(text, 0)
    is_array = text.startswith("[", position)
    position = _skip(text, position + is_array)
    line, counted = 1, 0
    while position < len(text) and not (is_array and text[position] == "]"):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _not_json(path, f"line {error.lineno}: {error.msg.lower()}") from error
        except (ValueError, RecursionError) as error:
            raise _not_json(path, f"line {line}: {error}") from error
        yield line, text[position:end], value
        position = _skip(text, end)
    if is_array and position == len(text):
        raise _not_json(path, "the array is not closed, so the end of the file may be missing")


def _skip(text: str, position: int) -> int:
    blanks = BLANKS.match(text, position)
    return blanks.end() if blanks else position


def _not_json(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path.name} is not valid JSON: {reason}.",
        "Write it again, best as JSON Lines: one object per line.",
    )


def _rows_inside(path: Path, value: dict[str, Any], table: Table) -> list[dict[str, object]]:
    lists: dict[str, list[dict[str, object]]] = {
        name: part for name, part in value.items() if _is_list_of_objects(part)
    }
    own = next((rows for name, rows in lists.items() if normal_name(name) == table.name), None)
    if own is not None:
        return own
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return [dict(zip(value["columns"], row, strict=False)) for row in value["data"]]
    names = {normal_name(name): name for name in value}
    required = [find_name(column, names, table) for column in table.columns if column.required]
    if all(name is not None for name in required):
        columns = [value[names[str(name)]] for name in required]
        if all(isinstance(column, dict) and is_column(column) for column in columns):
            return _rows_of_columns({name: c for name, c in value.items() if isinstance(c, dict)})
        if all(isinstance(column, list) for column in columns):
            return _rows_of_columns(
                {name: dict(enumerate(c)) for name, c in value.items() if isinstance(c, list)}
            )
        return [value]
    if len(lists) == 1:
        return next(iter(lists.values()))
    if value and all(isinstance(part, dict) for part in value.values()):
        return list(value.values())
    shown = ", ".join(list(value)[:10])
    raise InputError(
        f"{path.name} is one JSON object in which the rows were not found; it has {shown}.",
        f"Write the rows as an array, or under the one name {table.name}.",
    )


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def _rows_of_columns(columns: dict[str, dict[Any, object]]) -> list[dict[str, object]]:
    rows = dict.fromkeys(key for column in columns.values() for key in column)
    return [{name: column.get(row) for name, column in columns.items()} for row in rows]
