"""Columns of text to typed columns; what is wrong with a row goes to the rejected ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.schema import (
    DTYPES,
    MAX_ID,
    MAX_NAME,
    MAX_TEXT,
    REJECTED,
    SHOWN,
    Column,
    Kind,
    Table,
)

CHUNK_ROWS = 65_536

WHOLE_NUMBERS_ONLY = (Kind.ID, Kind.NAME, Kind.LABEL)
"""Kinds that a decimal number cannot be: 12.0 and 12 would be two ids."""

Broken = tuple[int, str | None, str | None, str]
"""A row that could not be read as fields: line, column, value, reason."""

CONTROL = r"\p{Cc}"
DATE = r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?"
CLOCK = r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?)?"
ZONE = r"\s*([Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?$"
COMPACT_DATE = r"^(?:19|20|21)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
YEAR = r"^(?:1[4-9]|20|21)\d{2}$"
YEAR_2200 = 7_258_118_400.0
YEAR_1 = -62_135_596_800.0

Finding = tuple[pl.Series, str]
"""Rows, as a mask, and what is wrong with them."""


@dataclass
class Chunk:
    """Some rows of a file: `line` and text columns, and the rows that could not be read."""

    frame: pl.DataFrame
    broken: list[Broken] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """Rows of a file after validation.

    Attributes:
        frame: Valid rows, the schema of the table.
        rejected: The others, schema `REJECTED`.
        rows: How many were read.
        repeated: How many said again what an earlier one says.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    repeated: int = 0


def check(chunk: Chunk, table: Table, file: str) -> Checked:
    """Types the columns of a chunk and parts its wrong rows, each for its first wrong column.

    Args:
        chunk: `line` and any columns of the table, all text, null or "" where there is no value.
        table: What they must be.
        file: Name of the file, for the rows.
    """
    raw = chunk.frame
    typed: dict[str, pl.Series] = {"line": raw["line"]}
    findings: list[tuple[str, pl.Series, str]] = []
    for column in table.columns:
        if column.name not in raw.columns:
            values = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, raw.height)
        else:
            values = raw[column.name].str.strip_chars()
            values = values.set(values == "", None) if raw.height else values
        typed[column.name], found = _read(values, column)
        findings += [(column.name, mask, reason) for mask, reason in found if mask.any()]
    wrong = pl.Series([False], dtype=pl.Boolean).new_from_index(0, raw.height)
    rejected = []
    for name, mask, reason in findings:
        fresh = mask & ~wrong
        wrong |= mask
        value = pl.col(name) if name in raw.columns else pl.lit(None, dtype=pl.String)
        rejected.append(
            raw.filter(fresh).select(
                pl.lit(file).alias("file"),
                "line",
                pl.lit(name).alias("column"),
                value.str.slice(0, SHOWN).alias("value"),
                pl.lit(reason).alias("reason"),
            )
        )
    rejected.append(_broken_rows(chunk.broken, file))
    frame = (
        pl.DataFrame(typed)
        .filter(~wrong)
        .with_columns(pl.lit(file).alias("file"))
        .select(table.schema.names())
    )
    return Checked(frame, pl.concat(rejected).sort("line"), rows=raw.height + len(chunk.broken))


def join(parts: Iterable[Checked], table: Table) -> Checked:
    """Puts chunks and files together, and holds the table to its key.

    A row that says what an earlier one of the same key says counts as repeated; one that says
    something else is rejected.
    """
    parts = list(parts)
    empty = Checked(pl.DataFrame(schema=table.schema), pl.DataFrame(schema=REJECTED), 0)
    frame = pl.concat([part.frame for part in parts] or [empty.frame])
    rejected = pl.concat([part.rejected for part in parts] or [empty.rejected])
    rows = sum(part.rows for part in parts)
    repeated = sum(part.repeated for part in parts)
    if not table.key or not frame.select(table.key).is_duplicated().any():
        return Checked(frame, rejected, rows, repeated)
    content = [column.name for column in table.columns]
    first = frame.unique(subset=table.key, keep="first", maintain_order=True)
    later = frame.join(first.select("file", "line"), on=["file", "line"], how="anti")
    same = later.join(first.select(content), on=content, how="semi", nulls_equal=True)
    other = (
        later.join(same.select("file", "line"), on=["file", "line"], how="anti")
        .join(first.select(*table.key, pl.col("line").alias("_first")), on=list(table.key))
        .select(
            "file",
            "line",
            pl.lit(table.key[-1]).alias("column"),
            pl.col(table.key[-1]).str.slice(0, SHOWN).alias("value"),
            pl.format("line {} says something else of the same one", "_first").alias("reason"),
        )
    )
    return Checked(first, pl.concat([rejected, other]), rows, repeated + same.height)


def fit(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame with the columns of the table in their order, null where it lacks one."""
    lacking = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in table.schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(lacking).select(table.schema.names())


def missing_column(path: Path, name: str, header: list[str]) -> InputError:
    """The sentence for a table without a column that it must have."""
    shown = ", ".join(header)
    advice = f"Its first line names the columns; add {name}."
    if len(header) == 1 and any(mark in shown for mark in ";\t"):
        advice = "Separate the columns by commas."
    elif near := difflib.get_close_matches(name, header, n=1):
        advice = f"Is it the column {near[0]}? Then call it {name}."
    if len(shown) > 200:
        shown = f"{shown[:200]} …"
    return InputError(f"{path.name} has no column {name}; it has {shown}.", advice)


def _broken_rows(broken: list[Broken], file: str) -> pl.DataFrame:
    rows = [
        (file, line, column, None if value is None else value[:SHOWN], reason)
        for line, column, value, reason in broken
    ]
    return pl.DataFrame(rows, schema=REJECTED, orient="row")


def _read(values: pl.Series, column: Column) -> tuple[pl.Series, list[Finding]]:
    """Types stripped text; null stands for no value."""
    findings: list[Finding] = []
    if column.required:
        findings.append((values.is_null(), "is missing"))
    found: list[Finding] = []
    match column.kind:
        case kind if kind is not Kind.CATEGORIES and values.null_count() == len(values):
            typed = values.cast(DTYPES[kind])  # a single event has most columns empty
        case Kind.NUMBER:
            typed, found = _numbers(values, column)
        case Kind.TIME:
            typed, found = _times(values)
        case Kind.CATEGORIES:
            typed, found = _categories(values)
        case Kind.TEXT:
            typed, found = values, [_longer(values, MAX_TEXT)]
        case Kind.NAME:
            colon = values.str.contains(":", literal=True).fill_null(False)
            typed = values
            found = [*_line_of_text(values, MAX_NAME), (colon, "must not hold a colon")]
        case Kind.ID | Kind.LABEL:
            typed, found = values, _line_of_text(values, MAX_ID)
    if column.default is not None:
        typed = typed.fill_null(column.default)
    return typed, findings + found


def _longer(values: pl.Series, limit: int) -> Finding:
    # Bytes first: counting characters is slow, and no text has fewer bytes than characters.
    long = (values.str.len_bytes() > limit).fill_null(False)
    if long.any():
        long = (values.str.len_chars() > limit).fill_null(False)
    return long, f"has more than {limit:,} characters"


def _line_of_text(values: pl.Series, limit: int) -> list[Finding]:
    control = values.str.contains(CONTROL).fill_null(False)
    return [(control, "holds a control character"), _longer(values, limit)]


def _numbers(values: pl.Series, column: Column) -> tuple[pl.Series, list[Finding]]:
    numbers = values.cast(pl.Float64, strict=False)
    given = values.is_not_null()
    return numbers, [
        (given & numbers.is_null(), "is not a number"),
        (given & ~numbers.is_finite().fill_null(True), "is not a finite number"),
        (
            given & ~numbers.is_between(column.low, column.high).fill_null(True),
            f"is not between {column.low:g} and {column.high:g}",
        ),
    ]


def _categories(values: pl.Series) -> tuple[pl.Series, list[Finding]]:
    frame = values.to_frame("raw").select(
        pl.col("raw")
        .fill_null("")
        .str.split("|")
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.unique(maintain_order=True)
        .alias("names"),
        pl.col("raw").str.contains(CONTROL).fill_null(False).alias("control"),
    )
    long = frame["names"].list.eval(pl.element().str.len_chars() > MAX_ID).list.any()
    return frame["names"], [
        (frame["control"], "holds a control character"),
        (long.fill_null(False), f"has a name of more than {MAX_ID:,} characters"),
    ]


def _times(values: pl.Series) -> tuple[pl.Series, list[Finding]]:
    """Seconds since 1970, UTC.

    Whole numbers of four digits are years and of eight digits dates where they can be one; other
    numbers are seconds, or from the year 2200 on milliseconds. A date-time without a zone is UTC.
    """
    given = values.is_not_null()
    compact = values.str.contains(COMPACT_DATE).fill_null(False)
    if compact.any():
        dashed = values.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
        values = values.zip_with(~compact, dashed)
    year = values.str.contains(YEAR).fill_null(False)
    numbers = values.cast(pl.Float64, strict=False).set(year, None)
    numbers = numbers.zip_with((numbers.abs() < YEAR_2200).fill_null(True), numbers / 1000)
    beyond = given & ~(numbers.abs() < YEAR_2200).fill_null(True)
    if (given & numbers.is_null()).any():
        numbers = numbers.zip_with(numbers.is_not_null(), _iso(values))
    return numbers, [
        (given & numbers.is_null(), "is not a time: write 2024-05-31 or 2024-05-31T12:30:00Z"),
        (beyond, "lies beyond the year 2200"),
        ((numbers < YEAR_1).fill_null(False), "lies before the year 1"),
    ]


def _iso(values: pl.Series) -> pl.Series:
    """Seconds of ISO 8601 dates and date-times, from a year alone to fractions and a zone."""
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
