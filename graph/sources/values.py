"""Converts the values of typed files, JSON and Parquet, to the text that CSV files have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from isthmus.graph.ingest import Column, Kind

IDENTIFIERS = (Kind.ID, Kind.NAME)
LARGEST_EXACT = 2**53
"""From here on floating-point numbers have gaps, so that several ids become the same."""


def to_text(value: object, column: Column) -> str:
    """Converts a value that is neither text nor missing to text.

    Lists and objects become JSON in a column of categories, and lists one text with line ends in a
    column of texts. A whole number that is stored as a decimal keeps its ".0".

    Raises:
        TypeError: The column does not accept the type; the message says why.
    """
    if type(value) is int:  # most values, and no bool
        return str(value)
    if isinstance(value, dict) and (plain := _plain_value(value)) is not None:
        return plain if isinstance(plain, str) else to_text(plain, column)
    if isinstance(value, dict | list) and column.kind in (Kind.CATEGORIES, Kind.ATTRIBUTE):
        return json.dumps(flatten(value), ensure_ascii=False, default=str)
    if isinstance(value, list) and column.kind is Kind.TEXT:
        parts = flatten(value)
        if not any(isinstance(part, dict) for part in parts):
            return "\n".join(part if isinstance(part, str) else json.dumps(part) for part in parts)
        raise TypeError("is a list with objects, not a text")
    if isinstance(value, bool) and column.kind not in IDENTIFIERS:
        return "true" if value else "false"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"is {_describe_type(value)}, not {column.kind.value}")
    if isinstance(value, float) and column.kind in IDENTIFIERS:
        if not value.is_integer():
            raise TypeError(f"is a decimal number, not {column.kind.value}")
        if abs(value) >= LARGEST_EXACT:
            raise TypeError("is stored as a decimal number and has lost its last digits")
        return f"{int(value)}.0"
    return str(value)


def flatten(value: list[Any] | dict[str, Any]) -> list[Any]:
    """Returns the values of nested lists in one list, without missing ones.

    An object remains as it is; a map, a list of objects with the fields `key` and `value`, becomes
    the list of its keys.
    """
    return list(_leaves(value))


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict) and value.keys() == {"key", "value"}:
        yield from _leaves(value["key"])
    elif value is not None:
        yield value


def _plain_value(value: dict[str, Any]) -> str | int | float | None:
    """Returns the value of an object of MongoDB's export, such as `{"$date": "2024-05-31"}`."""
    if len(value) != 1:
        return None
    name, inner = next(iter(value.items()))
    if not name.startswith("$"):
        return None
    if isinstance(inner, dict):
        return _plain_value(inner)
    return inner if isinstance(inner, str | int | float) else None


def _describe_type(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a list" if isinstance(value, list) else "an object"
