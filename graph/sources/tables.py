"""Reads the tables of a dataset: `items.csv`, `interactions.jsonl.gz` and so on."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES, ColumnReading, Dataset, Table
from isthmus.graph.sources.columns import understand_columns
from isthmus.graph.sources.discovery import (
    Found,
    Reader,
    TableFile,
    is_data,
    reader_of,
    split_name,
)
from isthmus.graph.sources.files import readable_name
from isthmus.graph.sources.header import find_name, normal_name
from isthmus.graph.sources.memory import MemoryLimit
from isthmus.graph.sources.validation import Chunk, ValidatedTable, join_tables, validate_chunk
from isthmus.progress import progress

logger = logging.getLogger("isthmus")

MAX_SHOWN = 10


def read_tables(found: Found, weights: str | None = None) -> Dataset:
    """Reads the tables that were found; logs what is not read, and of what a table is put together.

    Args:
        found: Result of `find_tables`.
        weights: How ratings are read, for `understand_columns`.

    Raises:
        InputError: A file cannot be read as its table.
    """
    _log_unread(found)
    parts, memory = {}, MemoryLimit()
    for name, table in TABLES.items():
        if files := found.tables.get(name):
            if len(files) > 1:
                shown = _shorten([file.name for file in files])
                logger.info("%s is read from %d files: %s", name, len(files), shown)
            parts[name] = [read_table(files, table, weights=weights, memory=memory)]
    return build_dataset(parts)


def read_table(
    files: Path | Sequence[TableFile],
    table: Table,
    read: Reader | None = None,
    weights: str | None = None,
    memory: MemoryLimit | None = None,
) -> ValidatedTable:
    """Reads and validates the files of a table, whose columns are understood as a whole.

    Args:
        files: The files, or the path of one.
        table: Table of the rows.
        read: Reader of the files; None to select it by the ending of the name.
        weights: How ratings are read, for `understand_columns`.
        memory: Limit of the dataset; None if these are all of its files.

    Raises:
        InputError: A file cannot be read, or lacks a required column.
    """
    if isinstance(files, Path):
        reader = read or reader_of(files, split_name(files.name)[1])
        if reader is None:
            raise InputError(f"{files.name} has an ending that is not read.", "Save it as CSV.")
        files = [TableFile(files, readable_name(files.name), reader)]
    memory = memory or MemoryLimit()
    chunks = deque(
        (chunk, file.name) for file in files for chunk in _read_file(file, table, memory)
    )
    readings = understand_columns([chunk for chunk, _ in chunks], table, weights)
    for reading in readings.values():
        if reading.sentence:
            label = files[0].name if len(files) == 1 else table.name
            logger.info("%s: %s", label, reading.sentence)
    return join_tables(_validate(chunks, table, readings), table)


def _validate(
    chunks: deque[tuple[Chunk, str]], table: Table, readings: dict[str, ColumnReading]
) -> Iterator[ValidatedTable]:
    """Validates chunks one after the other, and keeps none of them in memory."""
    while chunks:
        chunk, name = chunks.popleft()
        yield validate_chunk(chunk, table, name, readings)


def _read_file(file: TableFile, table: Table, memory: MemoryLimit) -> Iterator[Chunk]:
    """Yields the chunks of a file, with the columns that its folders name.

    Raises:
        InputError: The file cannot be read, or explodes in memory.
    """
    memory.add_file(file.path.stat().st_size if file.path.is_file() else 0)
    partition = {normal_name(name): value for name, value in file.partition.items()}
    named = {column.name: find_name(column, partition, table) for column in table.columns}
    values = {name: partition[key] for name, key in named.items() if key is not None}
    own = tuple(column for column in table.columns if column.name not in values)
    literals = [pl.lit(value, dtype=pl.String).alias(name) for name, value in values.items()]
    try:
        with progress(f"read {file.name}", unit="rows") as advance:
            for chunk in file.read(file.path, replace(table, columns=own)):
                memory.add(chunk, file.name)
                yield replace(chunk, frame=chunk.frame.with_columns(literals))
                advance(chunk.frame.height)
    except InputError as error:
        if file.path.name == file.name:
            raise
        message = error.message.replace(file.path.name, file.name, 1)
        raise InputError(message, error.advice) from error


def _log_unread(found: Found) -> None:
    reasons: dict[str, list[str]] = {}
    for name, reason in found.unread.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        logger.warning("not read: %s: %s", _shorten(names), reason)
    data = [name for name in found.others if is_data(name)]
    if data:
        known = ", ".join(TABLES)
        logger.warning(
            "not read: %s: not named like a table; the names are %s", _shorten(data), known
        )
    if others := [name for name in found.others if name not in data]:
        logger.info("not read: %s", _shorten(others))


def _shorten(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_SHOWN])
    return shown if len(names) <= MAX_SHOWN else f"{shown} and {len(names) - MAX_SHOWN:,} more"


def build_dataset(parts: dict[str, list[ValidatedTable]]) -> Dataset:
    """Joins the parts of each table to a dataset.

    Raises:
        InputError: There are no rows.
    """
    joined = {name: join_tables(parts.get(name, []), table) for name, table in TABLES.items()}
    rows = sum(part.rows for part in joined.values())
    if not rows:
        raise InputError(
            "The tables contain no rows.", "Add at least one row to one of the tables."
        )
    return Dataset(
        **{name: part.frame for name, part in joined.items()},
        rejected=pl.concat([part.rejected for part in joined.values()]),
        rows=rows,
        repeated=sum(part.repeated for part in joined.values()),
        cleaned=sum(part.cleaned for part in joined.values()),
        readings={name: part.readings for name, part in joined.items() if part.readings},
    )
