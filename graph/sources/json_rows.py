"""JSON Lines to rows: one object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.schema import Column, Kind, Table
from isthmus.graph.sources.files import MAX_LINE, lines, was_cut
from isthmus.graph.sources.validation import CHUNK_ROWS, WHOLE_NUMBERS_ONLY, Broken, Chunk

logger = logging.getLogger("isthmus")

JOINTS = {Kind.CATEGORIES: "|", Kind.TEXT: "\n"}
"""How a list of values becomes the text of a column, where it may be one."""


def read_jsonl(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a JSON Lines file in chunks of text columns; numbers are written as Python does.

    A line that is no JSON object, or has a value of a type that its column cannot hold, is broken.
    Blank lines are passed over; keys that the table does not know are not read.

    Raises:
        InputError: It is not text in UTF-8, or holds one JSON array.
    """
    numbered = enumerate(lines(path), 1)
    unread: set[str] = set()
    for first in numbered:
        if first[0] == 1 and first[1].lstrip().startswith("["):
            raise InputError(
                f"{path.name} holds one JSON array, not one object a line.",
                f"Convert it: jq -c '.[]' {path.name} > {table.name}.jsonl",
            )
        yield rows_of(chain([first], islice(numbered, CHUNK_ROWS - 1)), table, unread)
    if unread := unread.difference(column.name for column in table.columns):
        logger.info("%s: not read: the keys %s", path.name, ", ".join(sorted(unread)[:20]))


def rows_of(numbered: Iterable[tuple[int, str]], table: Table, keys: set[str]) -> Chunk:
    """Reads lines, each with its number, as `read_jsonl` does those of a file.

    Args:
        numbered: The lines.
        table: What they must hold.
        keys: Those of the objects are added to it.
    """
    names = [column.name for column in table.columns]
    broken: list[Broken] = []
    kept: list[int] = []
    # One flat list, since many small ones keep the garbage collector busy.
    flat: list[str | None] = []
    for number, line in numbered:
        if not line or line.isspace():
            continue
        row = _row(line)
        if isinstance(row, str):
            broken.append((number, None, line.strip(), row))
            continue
        texts = _texts(number, row, table, escaped="\\u" in line)
        if isinstance(texts, tuple):
            broken.append(texts)
            continue
        kept.append(number)
        flat += texts
        keys.update(row.keys())
    columns = {
        name: pl.Series(flat[place :: len(names)], dtype=pl.String)
        for place, name in enumerate(names)
    }
    return Chunk(pl.DataFrame({"line": pl.Series(kept, dtype=pl.Int64)} | columns), broken)


def _row(line: str) -> dict[str, object] | str:
    """The object of a line, or why it is none."""
    if was_cut(line):
        return f"it is longer than {MAX_LINE // 2**20} MiB"
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return f"it is no JSON: {error.msg.lower()} at character {error.pos + 1}"
    except (ValueError, RecursionError) as error:
        return f"it is no JSON that can be read: {error}"
    if not isinstance(row, dict):
        return "it is no JSON object"
    return row


def _texts(
    number: int, row: dict[str, object], table: Table, escaped: bool
) -> list[str | None] | Broken:
    """The values of the table's columns as texts, or what is wrong with the first wrong one.

    Args:
        number: The line.
        row: The object.
        table: What is wanted of it.
        escaped: Whether the line has escapes, which can spell half a character.
    """
    texts: list[str | None] = []
    for column in table.columns:
        value = row.get(column.name)
        if value is not None and type(value) is not str:
            try:
                value = _text(value, column)
            except TypeError as error:
                return number, column.name, json.dumps(value), str(error)
        if escaped and value is not None and not _is_unicode(value):
            return number, column.name, ascii(value), "holds half of a surrogate pair"
        texts.append(value)
    return texts


def _text(value: object, column: Column) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | list):
        raise TypeError(f"is {_article(value)}, not {column.kind.value}")
    if isinstance(value, list):
        if column.kind not in JOINTS:
            raise TypeError(f"is a list, not {column.kind.value}")
        if not all(isinstance(part, str | int | None) for part in value):
            raise TypeError("is a list of other things than texts")
        return JOINTS[column.kind].join(str(part) for part in value if part is not None)
    if isinstance(value, float) and column.kind in WHOLE_NUMBERS_ONLY:
        raise TypeError(f"is a decimal number, not {column.kind.value}")
    return str(value)


def _article(value: object) -> str:
    return "true or false" if isinstance(value, bool) else "an object"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
