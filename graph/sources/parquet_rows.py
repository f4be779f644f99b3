"""Parquet to rows: text columns like those of the other formats."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.schema import Column, Table
from isthmus.graph.sources.files import open_bytes
from isthmus.graph.sources.json_rows import JOINTS
from isthmus.graph.sources.validation import CHUNK_ROWS, WHOLE_NUMBERS_ONLY, Chunk, missing_column

logger = logging.getLogger("isthmus")


def read_parquet(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a Parquet file in chunks of text columns; a row's line is its number from 1.

    Raises:
        InputError: It is no Parquet, lacks a column, or has one of a type that cannot be read.
    """
    with open_bytes(path) as stream:
        content = stream.read()
    if not content:
        raise InputError(f"{path.name} is empty.", "Write it again, or take it out of the folder.")
    try:
        header = list(pl.read_parquet_schema(io.BytesIO(content)))
        for column in table.columns:
            if column.required and column.name not in header:
                raise missing_column(path, column.name, header)
        wanted = [column.name for column in table.columns if column.name in header]
        frame = pl.read_parquet(io.BytesIO(content), columns=wanted)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet: {str(error).splitlines()[0]}.",
            "Write it again, or give the table as CSV.",
        ) from error
    unread = [name for name in header if name not in wanted]
    if unread:
        logger.info("%s: not read: the columns %s", path.name, ", ".join(unread))
    read = [column for column in table.columns if column.name in wanted]
    for start in range(0, frame.height, CHUNK_ROWS):
        part = frame.slice(start, CHUNK_ROWS)
        numbers = pl.int_range(start + 1, start + part.height + 1, eager=True).alias("line")
        yield Chunk(
            pl.DataFrame([numbers, *(_as_text(path, part[column.name], column) for column in read)])
        )


def _as_text(path: Path, values: pl.Series, column: Column) -> pl.Series:
    """A typed column as text, the way JSON Lines would write it."""
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        # A moment with a zone is kept as UTC; one without is taken for UTC.
        return (values.dt.epoch("us") / 1e6).cast(pl.String)
    if isinstance(dtype, pl.List | pl.Array) and column.kind in JOINTS:
        inner = dtype.inner
        if inner == pl.String or inner.is_integer() or isinstance(inner, pl.Null):
            listed = values.cast(pl.List(pl.String))
            return listed.list.join(JOINTS[column.kind], ignore_nulls=True)
    elif dtype.is_float() or dtype.is_decimal():
        if column.kind not in WHOLE_NUMBERS_ONLY:
            return values.cast(pl.Float64).cast(pl.String)
    elif dtype.is_integer() or isinstance(
        dtype, pl.String | pl.Categorical | pl.Enum | pl.Date | pl.Null
    ):
        return values.cast(pl.String)
    raise InputError(
        f"{path.name}: the column {column.name} is of the type {dtype}, not {column.kind.value}.",
        "Write it as text.",
    )
