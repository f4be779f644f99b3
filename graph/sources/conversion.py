"""Converts text columns to typed columns, by the kind of the column and how it was understood."""

from __future__ import annotations

import polars as pl

from isthmus.graph.ingest import (
    DTYPES,
    MAX_ID,
    MAX_NAME,
    MAX_TEXT,
    MAX_WEIGHT,
    Column,
    ColumnReading,
    Kind,
)
from isthmus.graph.sources.categories import drop_tags, split_categories, unescape
from isthmus.graph.sources.controls import DIRECTION, drop_controls
from isthmus.graph.sources.ids import (
    MISSING_IN_IDS,
    MISSING_WORDS,
    SCIENTIFIC,
    SCIENTIFIC_REASON,
    drop_missing_words,
    drop_zero_decimals,
    is_ascii,
    normalise_ids,
    strip,
)
from isthmus.graph.sources.scales import DECIMAL_COMMA, FALSE, TRUE, read_numbers, to_weights
from isthmus.graph.sources.times import convert_times

CONTROL_CHARACTER = r"\p{Cc}"

RowErrors = tuple[pl.Series, str]
"""A mask of invalid rows, and the reason."""

IDS = (Kind.ID, Kind.NAME)


def clean_values(raw: pl.Series, column: Column, is_event: bool = False) -> pl.Series:
    """Removes outer blanks, and what stands for a missing value; ids get one spelling.

    Args:
        raw: Text as in the file.
        column: Column of the values.
        is_event: Whether a program wrote the values one by one: in a number NaN is an error then.
    """
    if raw.null_count() == len(raw):
        return raw
    values = strip(raw)
    if column.kind is Kind.TEXT or (is_event and column.kind is Kind.NUMBER):
        return values
    if column.kind in IDS:
        return normalise_ids(drop_missing_words(values, MISSING_IN_IDS))
    values = drop_missing_words(values, MISSING_WORDS)
    if column.kind in (Kind.LABEL, Kind.CATEGORIES, Kind.ATTRIBUTE) and not is_ascii(values):
        return values.str.replace_all(DIRECTION, "").str.normalize("NFC")
    return values


def convert_column(
    values: pl.Series, column: Column, reading: ColumnReading | None, now: float
) -> tuple[pl.Series, list[RowErrors], int]:
    """Converts cleaned text to the type of the column.

    Args:
        values: Result of `clean_values`; null is a missing value.
        column: Column of the values.
        reading: How the column as a whole was understood; None to read each value by fixed rules.
        now: Seconds since 1970; later times are invalid.

    Returns:
        The typed values, masks of the invalid rows with their reasons, and the number of texts from
        which control characters were removed.
    """
    errors: list[RowErrors] = []
    cleaned = 0
    if column.required:
        errors.append((values.is_null(), "is missing"))
    form = reading.form if reading is not None else {}
    match column.kind:
        case kind if kind is not Kind.CATEGORIES and values.null_count() == len(values):
            # Fast path: most columns of a single event are empty.
            typed = values.cast(DTYPES[kind])
        case Kind.NUMBER:
            typed, found = _convert_numbers(values, column, reading)
            errors += found
        case Kind.TIME:
            typed, found = convert_times(values, form, column.may_be_future, now)
            errors += found
        case Kind.CATEGORIES:
            typed, found = _convert_categories(values, str(form.get("separator", "|")))
            errors += found
        case Kind.TEXT:
            typed, cleaned = drop_controls(drop_tags(unescape(values)), column.one_line)
            typed = typed if typed is values else strip(typed)
            errors.append(_check_length(typed, MAX_TEXT))
            if column.required:
                errors.append((typed.is_null() & values.is_not_null(), "has no words"))
        case Kind.NAME:
            has_colon = values.str.contains(":", literal=True).fill_null(False)
            typed = values
            errors += [
                *_check_single_line(values, MAX_NAME),
                (has_colon, "must not contain a colon"),
            ]
        case Kind.ID:
            is_whole = reading is None or "decimals" in form
            typed = drop_zero_decimals(values) if is_whole else values
            errors += [*_check_single_line(values, MAX_ID), _check_scientific(values)]
        case Kind.LABEL:
            typed = values
            errors += _check_single_line(values, MAX_ID)
    if column.default is not None:
        typed = typed.fill_null(column.default)
    return typed, errors, cleaned


def _check_length(values: pl.Series, limit: int) -> RowErrors:
    # Bytes first: counting characters is slow, and no text has fewer bytes than characters.
    too_long = (values.str.len_bytes() > limit).fill_null(False)
    if too_long.any():
        too_long = (values.str.len_chars() > limit).fill_null(False)
    return too_long, f"has more than {limit:,} characters"


def _check_single_line(values: pl.Series, limit: int) -> list[RowErrors]:
    has_control = values.str.contains(CONTROL_CHARACTER).fill_null(False)
    return [(has_control, "contains a control character"), _check_length(values, limit)]


def _check_scientific(values: pl.Series) -> RowErrors:
    # The plus sign first: a literal is found faster, and few ids contain it.
    candidates = values.str.contains("+", literal=True).fill_null(False)
    if candidates.any():
        candidates = values.str.contains(SCIENTIFIC).fill_null(False)
    return candidates, SCIENTIFIC_REASON


def _convert_numbers(
    values: pl.Series, column: Column, reading: ColumnReading | None
) -> tuple[pl.Series, list[RowErrors]]:
    form = reading.form if reading is not None else {}
    numbers = read_numbers(values, str(form.get("comma", "")))
    has_value = values.is_not_null()
    is_word = numbers.null_count() > values.null_count()
    if is_word and column.is_rating and (form.get("scale") == "boolean" or reading is None):
        words = values.str.to_lowercase()
        numbers = numbers.set((words.is_in(TRUE)).fill_null(False), 1.0)
        numbers = numbers.set((words.is_in(FALSE)).fill_null(False), -1.0)
    no_number = has_value & numbers.is_null()
    reason = "is not a number"
    if no_number.any() and values.filter(no_number).str.contains(DECIMAL_COMMA).any():
        reason += ": write a decimal point, as in 4.5"
    errors = [
        (no_number, reason),
        (has_value & ~numbers.is_finite().fill_null(True), "is not a finite number"),
        (
            has_value & ~numbers.is_between(column.low, column.high).fill_null(True),
            f"is not between {column.low:g} and {column.high:g}",
        ),
    ]
    if form.get("scale") == "ratings":
        top = float(form["top"])
        errors.append(((numbers > top).fill_null(False), f"is above the top of the scale, {top:g}"))
    if not column.is_rating:
        return numbers, errors
    weights = to_weights(numbers, form, reading.limits if reading is not None else {})
    too_strong = (weights.abs() > MAX_WEIGHT).fill_null(False)
    errors.append(
        (
            too_strong,
            f"is beyond {MAX_WEIGHT:,.0f}, as a weight; "
            "--weights counts or log brings larger numbers to weights",
        )
    )
    return weights, errors


def _convert_categories(values: pl.Series, separator: str) -> tuple[pl.Series, list[RowErrors]]:
    has_control = values.str.contains(CONTROL_CHARACTER).fill_null(False)
    names = split_categories(values, separator)
    too_long = names.list.eval(pl.element().str.len_chars() > MAX_ID).list.any()
    return names, [
        (has_control, "contains a control character"),
        (too_long.fill_null(False), f"has a name of more than {MAX_ID:,} characters"),
    ]
