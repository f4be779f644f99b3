"""Times as people's tables write them, as seconds since 1970 in UTC.

A column is understood as a whole: the unit of its numbers, and whether 3/4/2023 is in March or in
April. A single event is read by fixed rules.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.sources.time_texts import (
    COMPACT_CLOCK,
    COMPACT_DATE,
    DAY,
    YEAR_LAST,
    parse_texts,
    parse_year_last,
)

YEAR_2200 = 7_258_118_400.0
YEAR_1 = -62_135_596_800.0
UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
EXCEL_DAYS = (20_000.0, 80_000.0)
EXCEL_1970 = 25_569.0
"""The serial number of 1 January 1970 in Excel."""
MAX_ORDER = 1e8
"""Numbers below it are no plausible seconds (1973 at the latest), but an order."""

NO_DATE = r"^(?:0000-00-00|0001-01-01)(?:$|[T ])"
"""Dates that databases write for no date."""
NEVER = r"^9999-12-31(?:$|[T ])"
"""No date, where dates may lie in the future."""
PLACEHOLDER = r"^(?:1970|1900)-01-01(?:$|[T ]00:00(?::00)?)"
"""Dates that programs write for an unknown one."""

YEAR = r"^(?:1[4-9]|20|21)\d{2}$"

TimeErrors = tuple[pl.Series, str]


@dataclass
class TimeForm:
    """How the times of a column are written; `form` and `notes` as in `ColumnReading`."""

    form: dict[str, str | float | bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def understand_times(values: pl.Series, name: str, may_be_future: bool) -> TimeForm:
    """Finds the unit of the numbers in a column of times, and the order of day and month.

    Args:
        values: Text without outer blanks and missing words.
        name: Table and column, for the error.
        may_be_future: Whether 9999-12-31 stands for no date.

    Raises:
        InputError: Day and month could be either.
    """
    found = TimeForm()
    values = values.drop_nulls()
    numbers = values.cast(pl.Float64, strict=False)
    is_text = numbers.is_null()
    if not is_text.all():
        _understand_numbers(values, numbers, found)
    if is_text.any():
        texts = values.filter(is_text)
        _understand_order(texts, name, found)
        if never := int(_is_no_date(texts, may_be_future).sum()):
            found.notes.append(f"no date, such as 0000-00-00: {never:,}")
        if unknown := int(texts.str.contains(PLACEHOLDER).sum()):
            found.notes.append(f"1 January 1970 or 1900, which may mean unknown: {unknown:,}")
    return found


def _understand_numbers(texts: pl.Series, numbers: pl.Series, found: TimeForm) -> None:
    """Finds the unit of numbers, of which null stands for a text."""
    is_date = _find_dates(texts)
    if is_date is not None and (is_date | numbers.is_null()).all():
        return
    low, high = _float(numbers.min()), _float(numbers.max())
    is_whole_column = not numbers.has_nulls()
    are_days = is_whole_column and EXCEL_DAYS[0] <= low and high <= EXCEL_DAYS[1]
    if are_days and _looks_like_days(numbers, low, high):
        found.form["unit"] = "Excel days"
        found.notes.append("numbers are Excel's days since 1900")
        return
    if is_whole_column and low >= 0 and 0 < high < MAX_ORDER:
        found.form["unit"] = "order"
        found.notes.append(
            f"no times: numbers from {low:g} to {high:g} are used as order; rows keep the order of "
            "the file, and nothing ages"
        )
        return
    undated = numbers if is_date is None else numbers.set(is_date, None)
    unit = _unit(_float(undated.abs().median()))
    found.form["unit"] = unit
    if unit != "seconds":
        found.notes.append(f"numbers are {unit} since 1970")
    if unknown := int((numbers == 0).sum()):
        found.notes.append(f"0, the start of 1970, which may mean unknown: {unknown:,}")


def _looks_like_days(numbers: pl.Series, low: float, high: float) -> bool:
    """Whether numbers are no order numbers: they have fractions, or lie in our time with gaps."""
    if (numbers != numbers.floor()).any():
        return True
    today = time.time() / DAY + EXCEL_1970
    return high <= today + 1 and (high - low + 1 != len(numbers) or len(numbers) == 1)


def _unit(magnitude: float) -> str:
    """Returns the unit in which a number of this size lies before the year 2200."""
    for unit, per_second in UNITS.items():
        if magnitude < YEAR_2200 * per_second:
            return unit
    return "nanoseconds"


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _find_dates(texts: pl.Series) -> pl.Series | None:
    """Returns which numbers are years or dates without marks, such as 20240531; None if none is."""
    if not (has_length := texts.str.len_bytes().is_in([4, 8, 14]).fill_null(False)).any():
        return None
    is_date = has_length & texts.str.contains(f"{YEAR}|{COMPACT_DATE}|{COMPACT_CLOCK}")
    return is_date.fill_null(False) if is_date.any() else None


def _understand_order(texts: pl.Series, name: str, found: TimeForm) -> None:
    """Decides whether dates with the year last have the day or the month first."""
    if not (has_order := texts.str.contains(YEAR_LAST)).any():
        return
    texts = texts.filter(has_order)
    parts = texts.str.extract_groups(YEAR_LAST).struct.unnest()
    parts = parts.rename({"1": "a", "2": "mark", "3": "b"})
    first, second = parts["a"].cast(pl.Int32), parts["b"].cast(pl.Int32)
    day_first, month_first = int((first > 12).sum()), int((second > 12).sum())
    example = texts[0]
    if day_first == month_first and not (first == second).all():
        if day_first == 0 and (parts["mark"] == ".").all():
            day_first = 1  # dates with dots have the day first everywhere
        else:
            raise InputError(
                f"{name}: {example} may have the day or the month first, and "
                + ("no date of the column decides it" if not day_first else "both occur")
                + f": it is {_spelled(example, True)} as day/month/year, "
                f"{_spelled(example, False)} as month/day/year.",
                "Write the dates of the column as year-month-day, such as 2024-05-31: in a "
                "spreadsheet, give the cells the format yyyy-mm-dd and export the table again.",
            )
    found.form["day_first"] = day_first >= month_first
    order = "day/month/year" if day_first >= month_first else "month/day/year"
    found.notes.append(f"dates such as {example} are {order}")


def _spelled(text: str, day_first: bool) -> str:
    seconds = parse_year_last(pl.Series([text]), day_first)[0]
    return "no date" if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))


def convert_times(
    values: pl.Series, form: dict[str, str | float | bool], may_be_future: bool, now: float
) -> tuple[pl.Series, list[TimeErrors]]:
    """Converts times to seconds since 1970 in UTC; a date-time without a time zone is UTC.

    Args:
        values: Text without outer blanks; null is a missing value.
        form: Result of `understand_times`; {} to read each value by fixed rules.
        may_be_future: Whether a time may be later than tomorrow; 9999-12-31 is then no time.
        now: Seconds since 1970.

    Returns:
        The times, and the masks of invalid rows with their reasons.
    """
    unit = form.get("unit")
    if unit == "order":
        return pl.Series(values.name, [None], dtype=pl.Float64).new_from_index(0, len(values)), []
    has_value = values.is_not_null()
    numbers = values.cast(pl.Float64, strict=False)
    if unit == "Excel days":
        seconds = (numbers - EXCEL_1970) * DAY
    else:
        seconds = _scale_numbers(values, numbers, str(unit) if unit else None, now)
    is_text = has_value & seconds.is_null()
    if is_text.any():
        texts = values.filter(is_text)
        never = _is_no_date(texts, may_be_future)
        parsed = parse_texts(texts.set(never, None), form.get("day_first"))
        seconds = seconds.scatter(is_text.arg_true(), parsed)
        if never.any():
            has_value = has_value.scatter(is_text.arg_true().filter(never), False)
    errors = [
        (has_value & seconds.is_null(), "is not a time: write 2024-05-31 or 2024-05-31T12:30:00Z"),
        ((seconds < YEAR_1).fill_null(False), "is before the year 1"),
    ]
    if may_be_future:
        errors.append(((seconds >= YEAR_2200).fill_null(False), "is after the year 2200"))
    elif (future := (seconds > now + DAY).fill_null(False)).any():
        today = time.strftime("%Y-%m-%d", time.gmtime(now))
        errors.append((future, f"lies in the future: today is {today}"))
    return seconds, errors


def _is_no_date(texts: pl.Series, may_be_future: bool) -> pl.Series:
    return texts.str.contains(f"{NO_DATE}|{NEVER}" if may_be_future else NO_DATE)


def _scale_numbers(
    values: pl.Series, numbers: pl.Series, unit: str | None, now: float
) -> pl.Series:
    """Converts numbers by the unit of the column, or each by its size; null if it is a date."""
    largest = numbers.abs().max()
    if not isinstance(largest, int | float):
        return numbers
    if (is_date := _find_dates(values)) is not None:
        numbers = numbers.set(is_date, None)
    if largest == float("inf"):
        numbers = numbers.set(numbers.is_infinite().fill_null(False), None)
    if unit is None and largest < YEAR_2200:
        return numbers
    number = pl.col("n")
    by_size = number / 1e9
    for per_second in (1e6, 1e3, 1.0):
        by_size = (
            pl.when(number.abs() < YEAR_2200 * per_second)
            .then(number / per_second)
            .otherwise(by_size)
        )
    if unit is None:
        return numbers.to_frame("n").select(by_size.alias("s"))["s"]
    seconds = numbers / UNITS[unit]
    # A value that is impossible in the unit of the column may be right in its own.
    if (seconds > now + DAY).any():
        both = pl.DataFrame({"n": numbers, "s": seconds})
        is_other = (pl.col("s") > now + DAY) & (by_size <= now + DAY)
        return both.select(pl.when(is_other).then(by_size).otherwise("s").alias("s"))["s"]
    return seconds
