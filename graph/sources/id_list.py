"""Reads a file of ids, as commands take it: one id per line, or a table with a column of ids."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import INTERACTIONS, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.dialect import recognise_dialect
from isthmus.graph.sources.discovery import TableFile, reader_of, split_name
from isthmus.graph.sources.files import open_bytes, read_lines, readable_name
from isthmus.graph.sources.header import find_name, normal_name
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import Chunk

STANDARD_INPUT = "standard input"


def read_ids(path: Path, column: str) -> list[str]:
    """Reads a list of ids in their order, with the encodings and formats of tables.

    A text file has one id per line, which may be quoted, or is a CSV file whose header has the
    column; JSON, Parquet and workbooks have the column.

    Args:
        path: The file; `-` for standard input.
        column: `user_id` or `item_id`.

    Raises:
        InputError: The file cannot be read, has no ids, or has an invalid one.
    """
    is_standard_input = str(path) == "-"
    if not (is_standard_input or path.is_fifo()):
        return _read_ids(path, column)
    # A pipe can be read only once.
    with TemporaryDirectory(prefix="isthmus-") as folder:
        copy = Path(folder) / (STANDARD_INPUT if is_standard_input else path.name)
        with copy.open("wb") as file, ExitStack() as opened:
            pipe = sys.stdin.buffer if is_standard_input else opened.enter_context(path.open("rb"))
            shutil.copyfileobj(pipe, file)
        return _read_ids(copy, column)


def _read_ids(path: Path, column: str) -> list[str]:
    with open_bytes(path) as stream:
        if not stream.peek(1):
            raise _no_ids(path, column)
    ids = next(each for each in INTERACTIONS.columns if each.name == column)
    table = Table("ids", (ids,))
    reader = reader_of(path, split_name(path.name)[1]) or reader_of(path, "")
    if reader is read_csv and not _has_header(path, table):
        reader = _read_plain
    name = readable_name(path.name)
    result = read_table([TableFile(path, name, reader or read_csv)], table)
    for row in result.rejected.head(1).iter_rows(named=True):
        raise InputError(
            f"{name}, line {row['line']}: {row['value']}: {row['reason']}.",
            "Correct it, or remove the line.",
        )
    if result.frame.is_empty():
        raise _no_ids(path, column)
    return result.frame[column].to_list()


def _no_ids(path: Path, column: str) -> InputError:
    return InputError(
        f"{path.name} has no ids.", f"Write one per line, or a table with the column {column}."
    )


def _has_header(path: Path, table: Table) -> bool:
    dialect, lines = recognise_dialect(read_lines(path), table)
    fields = next(csv.reader(lines, delimiter=dialect.separator), [])
    name = find_name(table.columns[0], [normal_name(field) for field in fields], table)
    # A first line that is the one word "user" may be an id.
    return name is not None and (len(fields) > 1 or "id" in name)


def _read_plain(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a file without a header: each line that is not blank is an id."""
    lines: list[int] = []
    ids: list[str] = []
    for number, line in enumerate(read_lines(path), 1):
        text = line.strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].replace('""', '"')
        if text:
            lines.append(number)
            ids.append(text)
    frame = pl.DataFrame({"line": lines, table.columns[0].name: ids})
    yield Chunk(frame.cast({"line": pl.Int64, table.columns[0].name: pl.String}))
