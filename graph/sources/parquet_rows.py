"""Reads Parquet files as text columns, like the other formats."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import Column, Table
from isthmus.graph.sources.files import open_bytes
from isthmus.graph.sources.json_rows import LIST_SEPARATORS
from isthmus.graph.sources.validation import CHUNK_ROWS, WHOLE_NUMBERS_ONLY, Chunk, missing_column

logger = logging.getLogger("isthmus")


def read_parquet(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a Parquet file in chunks of text columns; the line of a row is its number, from 1.

    Raises:
        InputError: The file is not Parquet, lacks a column, or has a column of an unsupported type.
    """
    with open_bytes(path) as stream:
        content = stream.read()
    if not content:
        raise InputError(f"{path.name} is empty.", "Write it again, or remove it from the folder.")
    try:
        header = list(pl.read_parquet_schema(io.BytesIO(content)))
        for column in table.columns:
            if column.required and column.name not in header:
                raise missing_column(path, column.name, header)
        names = [column.name for column in table.columns if column.name in header]
        frame = pl.read_parquet(io.BytesIO(content), columns=names)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet: {str(error).splitlines()[0]}.",
            "Write it again, or save the table as CSV.",
        ) from error
    ignored = [name for name in header if name not in names]
    if ignored:
        logger.info("%s: ignored columns: %s", path.name, ", ".join(ignored))
    columns = [column for column in table.columns if column.name in names]
    for start in range(0, frame.height, CHUNK_ROWS):
        part = frame.slice(start, CHUNK_ROWS)
        line_numbers = pl.int_range(start + 1, start + part.height + 1, eager=True).alias("line")
        texts = [_column_text(path, part[column.name], column) for column in columns]
        yield Chunk(pl.DataFrame([line_numbers, *texts]))


def _column_text(path: Path, values: pl.Series, column: Column) -> pl.Series:
    """Converts a typed column to text, in the form that JSON Lines values have.

    Raises:
        InputError: The column does not accept the type.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        # Date-times with a time zone are stored as UTC; those without count as UTC.
        return (values.dt.epoch("us") / 1e6).cast(pl.String)
    if isinstance(dtype, pl.List | pl.Array) and column.kind in LIST_SEPARATORS:
        inner = dtype.inner
        if inner == pl.String or inner.is_integer() or isinstance(inner, pl.Null):
            lists = values.cast(pl.List(pl.String))
            return lists.list.join(LIST_SEPARATORS[column.kind], ignore_nulls=True)
    elif dtype.is_float() or dtype.is_decimal():
        if column.kind not in WHOLE_NUMBERS_ONLY:
            return values.cast(pl.Float64).cast(pl.String)
    elif dtype.is_integer() or isinstance(
        dtype, pl.String | pl.Categorical | pl.Enum | pl.Date | pl.Null
    ):
        return values.cast(pl.String)
    raise InputError(
        f"{path.name}: the column {column.name} has the type {dtype}, not {column.kind.value}.",
        "Write the column as text.",
    )
