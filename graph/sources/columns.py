"""Understands the columns of a table from all of their values, before any is converted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from isthmus.graph.ingest import MAX_ATTRIBUTES, Column, ColumnReading, Kind, Table
from isthmus.graph.sources.attributes import LEFT_OUT, clean_attribute, understand_attribute
from isthmus.graph.sources.categories import BRACKETS, ENTITY, TAG, find_separator
from isthmus.graph.sources.conversion import IDS, clean_values, convert_column
from isthmus.graph.sources.ids import (
    INVISIBLE,
    MISSING_IN_IDS,
    MISSING_WORDS,
    WHOLE_FLOAT,
    has_whole_floats,
    is_ascii,
    strip,
)
from isthmus.graph.sources.scales import find_comma, find_scale
from isthmus.graph.sources.times import understand_times
from isthmus.graph.sources.validation import Chunk

MAX_EXAMPLES = 3
MAX_SHOWN = 60
"""Characters of an example."""


def understand_columns(
    chunks: Sequence[Chunk], table: Table, weights: str | None = None
) -> dict[str, ColumnReading]:
    """Finds how each column of a table is to be read: scale, unit, separator, and so on.

    Args:
        chunks: All rows of the table, of all of its files.
        table: Table of the rows.
        weights: Value of `--weights`: how ratings are read; None to find it.

    Returns:
        A reading for each column that has values.

    Raises:
        InputError: A column can be read in two ways, and nothing in it decides.
    """
    readings = {}
    for column in table.columns:
        name = column.name
        parts = [chunk.frame[name] for chunk in chunks if name in chunk.frame.columns]
        raw = pl.concat(parts) if parts else pl.Series(name, [], dtype=pl.String)
        if raw.null_count() < len(raw):
            source = next((c.sources[name] for c in chunks if name in c.sources), name)
            empty = ColumnReading(name, source, column.kind.name.lower())
            readings[name] = _understand(raw, column, empty, table.name, weights)
    if table.is_open:
        readings |= _understand_attributes(chunks, table)
    return readings


def _understand_attributes(chunks: Sequence[Chunk], table: Table) -> dict[str, ColumnReading]:
    """Returns a reading for each column that has values and that the table does not have."""
    own = {column.name for column in table.columns} | {"line"}
    names = dict.fromkeys(name for c in chunks for name in c.frame.columns if name not in own)
    rows = sum(chunk.frame.height for chunk in chunks)
    readings: dict[str, ColumnReading] = {}
    for name in names:
        parts = [chunk.frame[name] for chunk in chunks if name in chunk.frame.columns]
        values = clean_attribute(pl.concat(parts))
        if values.null_count() < len(values):
            source = next((c.sources[name] for c in chunks if name in c.sources), name)
            known = sum(reading.kind != LEFT_OUT for reading in readings.values())
            too_many = known >= MAX_ATTRIBUTES
            readings[name] = understand_attribute(values, source, rows, too_many)
    return readings


def _understand(
    raw: pl.Series, column: Column, empty: ColumnReading, table: str, weights: str | None
) -> ColumnReading:
    """Returns the reading of a column; `empty` holds its names."""
    values = clean_values(raw, column)
    missing = values.null_count()
    notes = _missing_words(raw, column, missing)
    if column.kind in IDS and raw.str.len_bytes().sum() != values.str.len_bytes().sum():
        notes += _merged_spellings(raw)
    form: dict[str, str | float | bool] = {}
    limits: dict[str, float] = {}
    match column.kind:
        case Kind.ID if has_whole_floats(values):
            form["decimals"] = "dropped"
            count = int(values.str.contains(WHOLE_FLOAT).sum())
            example = values.filter(values.str.contains(WHOLE_FLOAT).fill_null(False))[0]
            notes.append(f"whole numbers written like {example}, read without .0: {count:,}")
        case Kind.NUMBER:
            comma = find_comma(values)
            if comma:
                form["comma"] = comma
                notes.append(f"commas are {comma} {'commas' if comma == 'decimal' else 'marks'}")
            if column.is_rating:
                scale = find_scale(values, empty.source, comma, weights)
                form, limits = form | scale.form, scale.limits
                notes += scale.notes
                if scale.form.get("scale") == "ratings" and missing:
                    notes.append(f"without a rating, so not rated: {missing:,}")
        case Kind.TIME:
            times = understand_times(values, f"{table}, {empty.source}", column.may_be_future)
            form, notes = times.form, notes + times.notes
        case Kind.CATEGORIES:
            separator = find_separator(values)
            if separator != "|":
                form["separator"] = separator
                notes.append(f"names are separated by {separator}")
            if (lists := int(values.str.contains(BRACKETS).sum())) > 0:
                notes.append(f"lists, each of whose names is a category: {lists:,}")
        case Kind.TEXT:
            notes += _markup(values)
        case _:
            pass
    reading = replace(empty, form=form, limits=limits, notes=tuple(notes))
    examples = _examples(raw, column, reading)
    return replace(reading, examples=examples, values=len(values) - missing, missing=missing)


def _missing_words(raw: pl.Series, column: Column, missing: int) -> list[str]:
    """Says how many words stand for a missing value, and which ones."""
    if column.kind is Kind.TEXT or missing == raw.null_count():
        return []
    words = MISSING_IN_IDS if column.kind in IDS else MISSING_WORDS
    stripped = strip(raw)
    found = stripped.filter(stripped.is_in(words).fill_null(False))
    if found.is_empty():
        return []
    shown = ", ".join(sorted(found.unique())[:MAX_EXAMPLES])
    return [f"{shown}: missing values, {len(found):,}"]


def _merged_spellings(raw: pl.Series) -> list[str]:
    """Says how many ids had blanks or invisible characters, or another Unicode form."""
    notes = []
    stripped = raw.str.strip_chars()
    blanks = int((stripped.str.len_bytes() != raw.str.len_bytes()).sum())
    if blanks:
        notes.append(f"outer blanks removed: {blanks:,}")
    if is_ascii(stripped):
        return notes
    visible = stripped.str.replace_all(INVISIBLE, "")
    if invisible := int((visible != stripped).sum()):
        notes.append(f"invisible characters removed: {invisible:,}")
    if composed := int((visible.str.normalize("NFC") != visible).sum()):
        notes.append(f"brought to one Unicode form (NFC): {composed:,}")
    return notes


def _markup(values: pl.Series) -> list[str]:
    notes = []
    if entities := int(values.str.contains(ENTITY).sum()):
        notes.append(f"HTML entities such as &amp; decoded: {entities:,}")
    if tags := int(values.str.contains(TAG).sum()):
        notes.append(f"HTML tags removed: {tags:,}")
    return notes


def _examples(
    raw: pl.Series, column: Column, reading: ColumnReading
) -> tuple[tuple[str, str], ...]:
    """Returns the first different values, each with what is read from it."""
    head = strip(raw.head(1_000)).drop_nulls()
    if head.is_empty():
        head = strip(raw).drop_nulls()
    shown = head.unique(maintain_order=True).head(MAX_EXAMPLES)
    typed, errors, _ = convert_column(clean_values(shown, column), column, reading, time.time())
    examples = []
    for number, (value, read) in enumerate(zip(shown, typed, strict=True)):
        reason = next((reason for mask, reason in errors if mask[number]), None)
        text = f"rejected, it {reason}" if reason else _format(read, column.kind)
        examples.append((value[:MAX_SHOWN], text[:MAX_SHOWN] if not reason else text))
    return tuple(examples)


def _format(value: object, kind: Kind) -> str:
    if value is None:
        return "missing"
    if isinstance(value, pl.Series):
        return " | ".join(value) or "missing"
    if kind is Kind.TIME and isinstance(value, float):
        moment = pl.Series([value * 1e3]).cast(pl.Int64).cast(pl.Datetime("ms"))
        return str(moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")[0])
    return f"{value:.4g}" if isinstance(value, float) else str(value)
