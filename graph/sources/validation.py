"""Converts text columns to typed columns; invalid rows are rejected with a reason."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import (
    DTYPES,
    MAX_ID,
    MAX_NAME,
    MAX_SHOWN_CHARACTERS,
    MAX_TEXT,
    REJECTED,
    Column,
    Kind,
    Table,
)

CHUNK_ROWS = 65_536

WHOLE_NUMBERS_ONLY = (Kind.ID, Kind.NAME, Kind.LABEL)
"""Kinds that do not accept decimal numbers, since 12.0 and 12 would be two ids."""

MalformedRow = tuple[int, str | None, str | None, str]
"""A row that could not be parsed: line, column, value, reason."""

CONTROL_CHARACTER = r"\p{Cc}"
DATE = r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?"
CLOCK = r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?)?"
ZONE = r"\s*([Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?$"
COMPACT_DATE = r"^(?:19|20|21)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
YEAR = r"^(?:1[4-9]|20|21)\d{2}$"
YEAR_2200 = 7_258_118_400.0
YEAR_1 = -62_135_596_800.0

RowErrors = tuple[pl.Series, str]
"""A mask of invalid rows, and the reason."""


@dataclass
class Chunk:
    """Some rows of a file: `line` and text columns, and the rows that could not be parsed."""

    frame: pl.DataFrame
    malformed: list[MalformedRow] = field(default_factory=list)


@dataclass(frozen=True)
class ValidatedTable:
    """Rows of a file after validation.

    Attributes:
        frame: Valid rows, schema of the table.
        rejected: Invalid rows, schema `REJECTED`.
        rows: Number of rows read.
        repeated: Number of rows that repeat an earlier row.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    repeated: int = 0


def validate_chunk(chunk: Chunk, table: Table, file: str) -> ValidatedTable:
    """Converts the columns of a chunk, and rejects each invalid row for its first invalid column.

    Args:
        chunk: `line` and any columns of the table, as text; null or "" is a missing value.
        table: Table of the rows.
        file: Name of the file, to be stored with the rows.
    """
    raw = chunk.frame
    typed: dict[str, pl.Series] = {"line": raw["line"]}
    errors: list[tuple[str, pl.Series, str]] = []
    for column in table.columns:
        if column.name not in raw.columns:
            values = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, raw.height)
        else:
            values = raw[column.name].str.strip_chars()
            values = values.set(values == "", None) if raw.height else values
        typed[column.name], column_errors = _convert_column(values, column)
        errors += [(column.name, mask, reason) for mask, reason in column_errors if mask.any()]
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
        pl.DataFrame(typed)
        .filter(~invalid)
        .with_columns(pl.lit(file).alias("file"))
        .select(table.schema.names())
    )
    return ValidatedTable(
        frame, pl.concat(rejected).sort("line"), rows=raw.height + len(chunk.malformed)
    )


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
    if not table.key or not frame.select(table.key).is_duplicated().any():
        return ValidatedTable(frame, rejected, rows, repeated)
    columns = [column.name for column in table.columns]
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
    return ValidatedTable(first, pl.concat([rejected, contradictory]), rows, repeated + same.height)


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
    advice = f"Add the column {name}."
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


def _convert_column(values: pl.Series, column: Column) -> tuple[pl.Series, list[RowErrors]]:
    """Converts stripped text to the type of the column; null is a missing value."""
    missing: list[RowErrors] = []
    if column.required:
        missing.append((values.is_null(), "is missing"))
    errors: list[RowErrors] = []
    match column.kind:
        case kind if kind is not Kind.CATEGORIES and values.null_count() == len(values):
            # Fast path: most columns of a single event are empty.
            typed = values.cast(DTYPES[kind])
        case Kind.NUMBER:
            typed, errors = _convert_numbers(values, column)
        case Kind.TIME:
            typed, errors = _convert_times(values)
        case Kind.CATEGORIES:
            typed, errors = _convert_categories(values)
        case Kind.TEXT:
            typed, errors = values, [_check_length(values, MAX_TEXT)]
        case Kind.NAME:
            has_colon = values.str.contains(":", literal=True).fill_null(False)
            typed = values
            errors = [
                *_check_single_line(values, MAX_NAME),
                (has_colon, "must not contain a colon"),
            ]
        case Kind.ID | Kind.LABEL:
            typed, errors = values, _check_single_line(values, MAX_ID)
    if column.default is not None:
        typed = typed.fill_null(column.default)
    return typed, missing + errors


def _check_length(values: pl.Series, limit: int) -> RowErrors:
    # Bytes first: counting characters is slow, and no text has fewer bytes than characters.
    too_long = (values.str.len_bytes() > limit).fill_null(False)
    if too_long.any():
        too_long = (values.str.len_chars() > limit).fill_null(False)
    return too_long, f"has more than {limit:,} characters"


def _check_single_line(values: pl.Series, limit: int) -> list[RowErrors]:
    has_control = values.str.contains(CONTROL_CHARACTER).fill_null(False)
    return [(has_control, "contains a control character"), _check_length(values, limit)]


def _convert_numbers(values: pl.Series, column: Column) -> tuple[pl.Series, list[RowErrors]]:
    numbers = values.cast(pl.Float64, strict=False)
    has_value = values.is_not_null()
    return numbers, [
        (has_value & numbers.is_null(), "is not a number"),
        (has_value & ~numbers.is_finite().fill_null(True), "is not a finite number"),
        (
            has_value & ~numbers.is_between(column.low, column.high).fill_null(True),
            f"is not between {column.low:g} and {column.high:g}",
        ),
    ]


def _convert_categories(values: pl.Series) -> tuple[pl.Series, list[RowErrors]]:
    frame = values.to_frame("raw").select(
        pl.col("raw")
        .fill_null("")
        .str.split("|")
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.unique(maintain_order=True)
        .alias("names"),
        pl.col("raw").str.contains(CONTROL_CHARACTER).fill_null(False).alias("has_control"),
    )
    too_long = frame["names"].list.eval(pl.element().str.len_chars() > MAX_ID).list.any()
    return frame["names"], [
        (frame["has_control"], "contains a control character"),
        (too_long.fill_null(False), f"has a name of more than {MAX_ID:,} characters"),
    ]


def _convert_times(values: pl.Series) -> tuple[pl.Series, list[RowErrors]]:
    """Converts times to seconds since 1970 in UTC.

    Whole numbers of four digits in the range of `YEAR` are years, and those of eight digits in the
    form of `COMPACT_DATE` are dates; other numbers are seconds, or milliseconds if they would be
    after the year 2200 as seconds. A date-time without a time zone is UTC.
    """
    has_value = values.is_not_null()
    is_compact = values.str.contains(COMPACT_DATE).fill_null(False)
    if is_compact.any():
        dashed = values.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
        values = values.zip_with(~is_compact, dashed)
    is_year = values.str.contains(YEAR).fill_null(False)
    numbers = values.cast(pl.Float64, strict=False).set(is_year, None)
    numbers = numbers.zip_with((numbers.abs() < YEAR_2200).fill_null(True), numbers / 1000)
    after_2200 = has_value & ~(numbers.abs() < YEAR_2200).fill_null(True)
    if (has_value & numbers.is_null()).any():
        numbers = numbers.zip_with(numbers.is_not_null(), _parse_iso(values))
    return numbers, [
        (has_value & numbers.is_null(), "is not a time: write 2024-05-31 or 2024-05-31T12:30:00Z"),
        (after_2200, "is after the year 2200"),
        ((numbers < YEAR_1).fill_null(False), "is before the year 1"),
    ]


def _parse_iso(values: pl.Series) -> pl.Series:
    """Parses ISO 8601 dates and date-times as seconds; from a year alone to fractions and zone."""
    parts = values.str.extract_groups(DATE + CLOCK + ZONE).struct.unnest()
    year, month, day, hour, minute, second, zone = (pl.col(str(n)) for n in range(1, 8))
    day_start = (
        pl.concat_str(year, month.fill_null("01"), day.fill_null("01"), separator="-")
        .str.to_date("%Y-%m-%d", strict=False)
        .cast(pl.Int32)
        .cast(pl.Float64)
        * 86_400
    )
    digits = zone.str.replace_all(r"\D", "")
    offset = (
        pl.when(digits == "")
        .then(0)
        .otherwise(
            digits.str.slice(0, 2).cast(pl.Float64, strict=False) * 3600
            + digits.str.slice(2, 2).cast(pl.Float64, strict=False) * 60
        )
        .fill_null(0.0)
    )
    offset = pl.when(zone.str.starts_with("-")).then(-offset).otherwise(offset)
    clock = (
        hour.cast(pl.Float64).fill_null(0.0) * 3600
        + minute.cast(pl.Float64).fill_null(0.0) * 60
        + second.str.replace(",", ".").cast(pl.Float64).fill_null(0.0)
    )
    return parts.select((day_start + clock - offset).alias("seconds"))["seconds"]
