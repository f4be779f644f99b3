"""Reads Parquet files as text columns, like the other formats."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import Column, Kind, Table
from isthmus.graph.sources.files import open_bytes, readable_name
from isthmus.graph.sources.header import match_columns, renamed_columns
from isthmus.graph.sources.memory import MIB, small_parts
from isthmus.graph.sources.panics import Panic, quiet_panics
from isthmus.graph.sources.parquet_sizes import rows_at_once
from isthmus.graph.sources.validation import CHUNK_ROWS, Chunk
from isthmus.graph.sources.values import IDENTIFIERS, LARGEST_EXACT, to_text

AS_JSON = (pl.Struct, pl.List, pl.Array)
MAX_NESTED_BYTES = 64 * MIB
"""Maximum bytes of a list or an object in a cell."""
UNREADABLE = (pl.exceptions.PolarsError, Panic, OSError, UnicodeDecodeError)
TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Date, pl.Null)


def read_parquet(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a Parquet file in chunks of text columns; the line of a row is its number, from 1.

    Only the rows of a chunk are in memory at a time.

    Raises:
        InputError: The file is not Parquet, lacks a column, or has a column of an unsupported type,
            or one of which a row group is too large.
    """
    with ExitStack() as temporary:
        file = _uncompressed(path, temporary)
        if not file.stat().st_size:
            raise InputError(
                f"{path.name} is empty.", "Write it again, or remove it from the folder."
            )
        try:
            with quiet_panics():
                schema = pl.read_parquet_schema(file)
            header = list(schema)
            positions = _without_objects(match_columns(path, header, table), schema, table)
            names = {name: header[position] for name, position in positions.items()}
            at_once = rows_at_once(path, file, set(names.values()))
            rows = pl.scan_parquet(file, glob=False).select(
                pl.col(old).alias(new) for new, old in names.items()
            )
            start, sources = 0, renamed_columns(header, positions, table)
            while (frame := _collect(rows.slice(start, at_once))).height:
                for chunk in text_chunks(path, frame, table, start):
                    yield replace(chunk, sources=sources)
                start += frame.height
        except UNREADABLE as error:
            is_said = str(error) and not isinstance(error, Panic | UnicodeDecodeError)
            reason = str(error).splitlines()[0] if is_said else "a part of it is damaged"
            raise InputError(
                f"{path.name} cannot be read as Parquet: {reason}.",
                "Write it again, or save the table as CSV.",
            ) from error


def text_chunks(path: Path, frame: pl.DataFrame, table: Table, start: int = 0) -> Iterator[Chunk]:
    """Yields the rows of a typed frame as chunks of text columns.

    Args:
        path: The file, for messages.
        frame: The rows.
        table: Table of the rows.
        start: Number of rows of the file before these; `line` is the number of the row, from 1.

    Raises:
        InputError: A column has a type that it does not accept.
    """
    own = {column.name: column for column in table.columns}
    columns = [own.get(name, Column(name, Kind.ATTRIBUTE)) for name in frame.columns]
    for slice_ in frame.iter_slices(CHUNK_ROWS):
        for part in small_parts(slice_):
            lines = pl.int_range(start + 1, start + part.height + 1, eager=True).alias("line")
            texts = [_column_text(path, part[column.name], column) for column in columns]
            yield Chunk(pl.DataFrame([lines, *texts]))
            start += part.height


def _without_objects(
    positions: dict[str, int], schema: Mapping[str, pl.DataType], table: Table
) -> dict[str, int]:
    """Returns the positions without those of attributes whose type has no values in a graph."""
    own = {column.name for column in table.columns}
    dtypes = list(schema.values())
    return {
        name: position
        for name, position in positions.items()
        if name in own or _is_attribute(dtypes[position])
    }


def _is_attribute(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return isinstance(dtype.inner, TEXT_TYPES) or dtype.inner.is_integer()
    is_plain = dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Datetime)
    return is_plain or isinstance(dtype, TEXT_TYPES)


def _collect(rows: pl.LazyFrame) -> pl.DataFrame:
    with quiet_panics():
        return rows.collect()


def _uncompressed(path: Path, temporary: ExitStack) -> Path:
    """Returns a Parquet file, of a compressed one a copy that is removed with `temporary`."""
    with open_bytes(path) as stream:
        is_readable = readable_name(str(path)) == str(path)  # else polars cannot name it
        if isinstance(stream.raw, io.FileIO) and is_readable:
            return path
        copy = Path(temporary.enter_context(TemporaryDirectory(prefix="isthmus-"))) / "table"
        with copy.open("wb") as file:
            shutil.copyfileobj(stream, file, MIB)
        return copy


def _column_text(path: Path, values: pl.Series, column: Column) -> pl.Series:
    """Converts a typed column to text, in the form that JSON values have.

    Raises:
        InputError: The column does not accept the type.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and column.kind is Kind.TIME:
        # Date-times with a time zone are stored as UTC; those without count as UTC.
        return (values.dt.epoch("us") / 1e6).cast(pl.String)
    if dtype.is_temporal() and column.kind is Kind.NUMBER:
        raise _type_error(path, column, str(dtype))
    if isinstance(dtype, pl.Datetime):
        return values.dt.to_string("iso")
    if isinstance(dtype, pl.Binary):
        return _decode(path, values, column)
    if isinstance(dtype, pl.Decimal) and not dtype.scale:
        return values.cast(pl.String)
    if dtype.is_float() or dtype.is_decimal():
        if column.kind in IDENTIFIERS:
            return _ids(path, values.cast(pl.Float64))
        # Of 32 bits, 0.1 becomes "0.1" and not 0.10000000149011612.
        return (values.cast(pl.Float64) if dtype.is_decimal() else values).cast(pl.String)
    if isinstance(dtype, pl.Boolean) and column.kind not in IDENTIFIERS:
        return values.cast(pl.String)
    if isinstance(dtype, AS_JSON):
        return _nested_text(path, values, column)
    if dtype.is_integer() or isinstance(dtype, TEXT_TYPES):
        return values.cast(pl.String)
    raise _type_error(path, column, str(dtype))


def _nested_text(path: Path, values: pl.Series, column: Column) -> pl.Series:
    is_struct = isinstance(values.dtype, pl.Struct)
    is_list = column.kind in (Kind.CATEGORIES, Kind.ATTRIBUTE)
    if not is_list and (is_struct or column.kind is not Kind.TEXT):
        raise _type_error(path, column, str(values.dtype), values.dtype)
    if values.estimated_size() > MAX_NESTED_BYTES:  # one row, since parts are smaller
        raise InputError(
            f"{path.name}: a cell of the column {column.name} has more than "
            f"{MAX_NESTED_BYTES // MIB} MiB.",
            "Write a row for each value of the list.",
        )
    try:
        texts = [None if value is None else to_text(value, column) for value in values.to_list()]
    except TypeError as error:
        raise _type_error(path, column, str(values.dtype), values.dtype) from error
    return pl.Series(values.name, texts, dtype=pl.String)


def _ids(path: Path, numbers: pl.Series) -> pl.Series:
    """Converts whole numbers that a missing value made decimal, as pandas does, to text."""
    known = numbers.drop_nans().drop_nulls()
    column = f"{path.name}: the column {numbers.name}"
    if not (known == known.floor()).all():
        raise InputError(f"{column} has decimal numbers, which are no ids.", "Write it as text.")
    if (known.abs() >= LARGEST_EXACT).any():
        raise InputError(
            f"{column} is stored as decimal numbers, and its ids have lost their last digits.",
            "Write it as text where the ids come from.",
        )
    whole = numbers.fill_nan(None).cast(pl.Int64)
    return (whole.cast(pl.String) + ".0").alias(numbers.name)


def _decode(path: Path, values: pl.Series, column: Column) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise _type_error(path, column, "Binary, and is not text in UTF-8") from error


def _type_error(
    path: Path, column: Column, described: str, dtype: pl.DataType | None = None
) -> InputError:
    advice = "Write the column as text."
    if isinstance(dtype, pl.Struct):
        fields = ", ".join(field.name for field in dtype.fields)
        advice = f"Write one of its fields ({fields}) as {column.name}."
    elif isinstance(dtype, pl.List | pl.Array):
        advice = "Write a row for each value of the list, or texts instead of the objects in it."
    elif described.startswith("Binary"):
        advice = "Decode it, and write the column as text."
    elif described.startswith(("Time", "Duration")) and column.kind is Kind.TIME:
        advice = "Write date and time of day together, as a date-time."
    elif column.kind is Kind.NUMBER:
        advice = "Write the column as numbers."
    return InputError(
        f"{path.name}: the column {column.name} has the type {described}, not {column.kind.value}.",
        advice,
    )
