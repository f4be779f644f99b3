"""Validates rows: converts the columns of a file; invalid rows are rejected with a reason."""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import (
    MAX_SHOWN_CHARACTERS,
    REJECTED,
    ColumnReading,
    Table,
)
from isthmus.graph.sources.attributes import LEFT_OUT, clean_attribute, convert_attribute
from isthmus.graph.sources.conversion import clean_values, convert_column

logger = logging.getLogger("isthmus")

CHUNK_ROWS = 65_536

NO_READING = ColumnReading("", "")
"""The reading of a column that has no values."""

MalformedRow = tuple[int, str | None, str | None, str]
"""A row that could not be parsed: line, column, value, reason."""


@dataclass
class Chunk:
    """Some rows of a file.

    Attributes:
        frame: `line` and text columns.
        malformed: The rows that could not be parsed.
        sources: The name in the file of each column that is called differently there.
    """

    frame: pl.DataFrame
    malformed: list[MalformedRow] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ValidatedTable:
    """Rows of a file after validation.

    Attributes:
        frame: Valid rows, schema of the table.
        rejected: Invalid rows, schema `REJECTED`.
        rows: Number of rows read.
        repeated: Number of rows that repeat an earlier row.
        readings: How the columns were understood, by name.
        cleaned: Number of texts from which control characters were removed.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    repeated: int = 0
    readings: dict[str, ColumnReading] = field(default_factory=dict)
    cleaned: int = 0


def validate_chunk(
    chunk: Chunk,
    table: Table,
    file: str,
    readings: Mapping[str, ColumnReading] | None = None,
    now: float | None = None,
) -> ValidatedTable:
    """Converts the columns of a chunk, and rejects each invalid row for its first invalid column.

    Args:
        chunk: `line` and any columns of the table, as text; null or "" is a missing value.
        table: Table of the rows.
        file: Name of the file, to be stored with the rows.
        readings: Result of `understand_columns`; None to read each value by fixed rules.
        now: Seconds since 1970, a day after which a time is invalid; None for the present.
    """
    raw = chunk.frame
    now = time.time() if now is None else now
    typed: dict[str, pl.Series] = {"line": raw["line"]}
    errors: list[tuple[str, pl.Series, str]] = []
    cleaned = 0
    for column in table.columns:
        if column.name not in raw.columns:
            values = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, raw.height)
        else:
            values = clean_values(raw[column.name], column, is_event=readings is None)
        reading = None if readings is None else readings.get(column.name, NO_READING)
        typed[column.name], column_errors, count = convert_column(values, column, reading, now)
        cleaned += count
        errors += [(column.name, mask, reason) for mask, reason in column_errors if mask.any()]
    attributes = _attributes(raw, table, readings or {})
    invalid = pl.Series([False], dtype=pl.Boolean).new_from_index(0, raw.height)
    rejected = []
    for name, mask, reason in errors:
        first_error = mask & ~invalid
        invalid |= mask
        value = pl.col(name) if name in raw.columns else pl.lit(None, dtype=pl.String)
        rejected.append(
            raw.filter(first_error).select(
                pl.lit(file).alias("file"),
                "line",
                pl.lit(name).alias("column"),
                value.str.slice(0, MAX_SHOWN_CHARACTERS).alias("value"),
                pl.lit(reason).alias("reason"),
            )
        )
    rejected.append(_malformed_rows(chunk.malformed, file))
    frame = (
        pl.DataFrame(typed | attributes)
        .filter(~invalid)
        .with_columns(pl.lit(file).alias("file"))
        .select(*table.schema.names(), *attributes)
    )
    return ValidatedTable(
        frame,
        pl.concat(rejected).sort("line"),
        rows=raw.height + len(chunk.malformed),
        readings=dict(readings or {}),
        cleaned=cleaned,
    )


def _attributes(
    raw: pl.DataFrame, table: Table, readings: Mapping[str, ColumnReading]
) -> dict[str, pl.Series]:
    """Returns the typed values of the attributes, which are missing where the file lacks them."""
    own = {column.name for column in table.columns}
    typed = {}
    for name, reading in readings.items():
        if name not in own and reading.kind != LEFT_OUT:
            values = raw[name] if name in raw.columns else pl.Series(name, [None], dtype=pl.String)
            if name not in raw.columns:
                values = values.new_from_index(0, raw.height)
            typed[name] = convert_attribute(clean_attribute(values), reading)
    return typed


def join_tables(parts: Iterable[ValidatedTable], table: Table) -> ValidatedTable:
    """Concatenates chunks and files, and enforces the key of the table.

    Of several rows with the same key the first is valid; a later row counts as repeated if it has
    the same values, and is rejected otherwise.
    """
    parts = list(parts)
    empty = ValidatedTable(pl.DataFrame(schema=table.schema), pl.DataFrame(schema=REJECTED), 0)
    frame = pl.concat([part.frame for part in parts] or [empty.frame])
    rejected = pl.concat([part.rejected for part in parts] or [empty.rejected])
    rows = sum(part.rows for part in parts)
    repeated = sum(part.repeated for part in parts)
    cleaned = sum(part.cleaned for part in parts)
    readings: dict[str, ColumnReading] = {}
    for part in reversed(parts):
        readings |= part.readings
    if not table.key or not frame.select(table.key).is_duplicated().any():
        return ValidatedTable(frame, rejected, rows, repeated, readings, cleaned)
    columns = [column.name for column in table.columns]
    attributes = [name for name in frame.columns if name not in table.schema]
    first = frame.unique(subset=table.key, keep="first", maintain_order=True)
    later = frame.join(first.select("file", "line"), on=["file", "line"], how="anti")
    same = later.join(first.select(columns), on=columns, how="semi", nulls_equal=True)
    contradictory = (
        later.join(same.select("file", "line"), on=["file", "line"], how="anti")
        .join(first.select(*table.key, pl.col("line").alias("_first")), on=list(table.key))
        .select(
            "file",
            "line",
            pl.lit(table.key[-1]).alias("column"),
            pl.col(table.key[-1]).str.slice(0, MAX_SHOWN_CHARACTERS).alias("value"),
            pl.format("line {} has other values for the same key", "_first").alias("reason"),
        )
    )
    rejected = pl.concat([rejected, contradictory])
    for name in _contradicted(same, first, list(table.key), attributes):
        logger.warning(
            "%s: rows of the same %s have other values in %s; the first one counts",
            *(table.name, table.key[-1], name),
        )
    return ValidatedTable(first, rejected, rows, repeated + same.height, readings, cleaned)


def _contradicted(
    same: pl.DataFrame, first: pl.DataFrame, key: list[str], attributes: list[str]
) -> list[str]:
    """Returns the attributes in which repeated rows differ from the first of the same key."""
    if same.is_empty() or not attributes:
        return []
    both = same.select(*key, *attributes).join(first.select(*key, *attributes), on=key)
    return [
        name
        for name in attributes
        if not both[name].is_null().all() and not both[name].eq_missing(both[f"{name}_right"]).all()
    ]


def fit_schema(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Returns the frame with the columns of the table in order; missing columns are null."""
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in table.schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(table.schema.names())


def missing_column(path: Path, name: str, header: list[str]) -> InputError:
    """Returns the error for a table that lacks a required column."""
    shown = ", ".join(header)
    advice = f"Add the column {name}, or rename the one that is it."
    if name == "domain":
        advice = "Add the column domain; items of one domain have the same name in every row."
    if len(header) == 1 and any(separator in shown for separator in ";\t"):
        advice = "Separate the columns by commas."
    elif similar := difflib.get_close_matches(name, header, n=1):
        advice = f"If {similar[0]} is this column, rename it to {name}."
    if len(shown) > 200:
        shown = f"{shown[:200]} …"
    return InputError(f"{path.name} has no column {name}; it has {shown}.", advice)


def _malformed_rows(malformed: list[MalformedRow], file: str) -> pl.DataFrame:
    rows = [
        (file, line, column, None if value is None else value[:MAX_SHOWN_CHARACTERS], reason)
        for line, column, value, reason in malformed
    ]
    return pl.DataFrame(rows, schema=REJECTED, orient="row")
