"""Parses dates and date-times that are written as text: ISO, and what programs make of it."""

from __future__ import annotations

import polars as pl

DAY = 86_400.0

COMPACT = r"^((?:1[4-9]|20|21)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
COMPACT_DATE = COMPACT + "$"
COMPACT_CLOCK = COMPACT + r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)$"
DATE = r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?"
CLOCK = r"(?:[Tt ]\s*([01]?\d|2[0-4])(?::([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?)?)?"
ZONE = r"\s*(?:[Zz]|UTC|GMT|([+-](?:0\d|1[0-4])(?::?[0-5]\d)?))?(?:\[[A-Za-z0-9_+/-]+\])?$"
YEAR_FIRST = r"^(\d{4})([/.])(\d{1,2})[/.](\d{1,2})"
YEAR_LAST = r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})(?:$|[ T,])"

CLOCKS = ("", " %H:%M:%S%.f", " %H:%M", " %I:%M:%S %p", " %I:%M %p", " %I:%M%p")
ENGLISH_DATES = ("%d-%b-%Y", "%d %b %Y", "%b %d %Y", "%m %d, %Y", "%Y-%b-%d", "%Y年%m月%d日")
ENGLISH_FORMATS = (
    *(date + clock for date in ENGLISH_DATES for clock in CLOCKS),
    *("%d-%b-%y", "%d/%b/%Y:%H:%M:%S"),
)
ZONED_FORMATS = (
    *("%d %b %Y %H:%M:%S %z", "%b %d %H:%M:%S %z %Y", "%b %d %Y %H:%M:%S %z"),
    "%d/%b/%Y:%H:%M:%S %z",
)


def parse_texts(values: pl.Series, day_first: str | float | bool | None) -> pl.Series:
    """Parses ISO times and what databases and spreadsheets write; null if it is no time."""
    iso = values.str.replace(COMPACT_CLOCK, "${1}-${2}-${3}T${4}:${5}:${6}").str.replace(
        COMPACT_DATE, "$1-$2-$3"
    )
    seconds = _parse_iso(iso.str.replace(YEAR_FIRST, "$1-$3-$4"))
    for parse in (lambda rest: parse_year_last(rest, day_first), _parse_words):
        is_rest = values.is_not_null() & seconds.is_null()
        if not is_rest.any():
            break
        seconds = seconds.scatter(is_rest.arg_true(), parse(values.filter(is_rest)))
    return seconds


def parse_year_last(values: pl.Series, day_first: str | float | bool | None) -> pl.Series:
    """Parses 31/12/2023 with or without a clock; of a single event only what is unambiguous."""
    parts = values.str.extract_groups(YEAR_LAST).struct.unnest()
    a, b, year = (pl.col(name).cast(pl.Int32) for name in ("1", "3", "4"))
    if day_first is None:
        is_day_first = a > 12
        decided = (a > 12) | (b > 12) | (a == b) | (pl.col("2") == ".")
        is_day_first = is_day_first | ((pl.col("2") == ".") & (b <= 12))
    else:
        is_day_first, decided = pl.lit(bool(day_first)), pl.lit(True)
    century = pl.when(year < 70).then(year + 2000).when(year < 100).then(year + 1900)
    dates = parts.select(
        pl.when(decided & pl.col("1").is_not_null())
        .then(
            pl.format(
                "{}-{}-{}",
                century.otherwise(year),
                pl.when(is_day_first).then(b).otherwise(a),
                pl.when(is_day_first).then(a).otherwise(b),
            )
        )
        .alias("date")
    )["date"]
    clocks = values.str.replace(r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}[,]?", "")
    texts = dates + clocks
    seconds = _parse_iso(texts)
    is_rest = texts.is_not_null() & seconds.is_null()
    if is_rest.any():  # with AM or PM
        rest = _parse_formats(texts.filter(is_rest), [f"%Y-%m-%d{clock}" for clock in CLOCKS[3:]])
        seconds = seconds.scatter(is_rest.arg_true(), rest)
    return seconds


def _parse_words(values: pl.Series) -> pl.Series:
    """Parses dates with English names of months, and those of old logs and browsers."""
    texts = (
        values.str.replace(r"\s*\([^)]*\)$", "")
        .str.replace(r"^(?i)(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", "")
        .str.replace(r"(?:GMT|UTC)\s*([+-]\d{4})$", "$1")
        .str.replace(r"\s+(?:GMT|UTC|Z)$", " +0000")
        .str.replace(r"^(\d{1,2})(?:st|nd|rd|th)\b", "$1")
        .str.replace(r"^([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,", "$1 $2")
        .str.replace_all(
            r"(?i)\b(jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(?:[a-z]{1,6})?\b\.?", "$1"
        )
        .str.replace(r"^(.+\d{4}),\s*", "$1 ")
    )
    return _parse_formats(texts, ENGLISH_FORMATS, ZONED_FORMATS)


def _parse_formats(
    values: pl.Series, formats: list[str] | tuple[str, ...], zoned: tuple[str, ...] = ()
) -> pl.Series:
    distinct = values.drop_nulls().unique()
    found: dict[str, float] = {}
    for form in (*formats, *zoned):
        rest = distinct.filter(~distinct.is_in(list(found)))
        if rest.is_empty():
            break
        moments = rest.str.to_datetime(form, strict=False, time_unit="us", exact=True)
        pairs = zip(rest, moments.dt.epoch("us") / 1e6, strict=True)
        found |= {text: seconds for text, seconds in pairs if seconds is not None}
    return values.replace_strict(found, default=None, return_dtype=pl.Float64)


def _parse_iso(values: pl.Series) -> pl.Series:
    """Parses ISO 8601 dates and date-times as seconds; from a year alone to fractions and zone."""
    parts = values.str.extract_groups(DATE + CLOCK + ZONE).struct.unnest()
    year, month, day, hour, minute, second, zone = (pl.col(str(n)) for n in range(1, 8))
    day_start = (
        pl.concat_str(
            year,
            month.fill_null("01").str.zfill(2),
            day.fill_null("01").str.zfill(2),
            separator="-",
        )
        .str.to_date("%Y-%m-%d", strict=False)
        .cast(pl.Int32)
        .cast(pl.Float64)
        * DAY
    )
    digits = zone.str.replace_all(r"\D", "")
    offset = (
        digits.str.slice(0, 2).cast(pl.Float64, strict=False).fill_null(0.0) * 3600
        + digits.str.slice(2, 2).cast(pl.Float64, strict=False).fill_null(0.0) * 60
    )
    offset = pl.when(zone.str.starts_with("-")).then(-offset).otherwise(offset)
    clock = (
        hour.cast(pl.Float64).fill_null(0.0) * 3600
        + minute.cast(pl.Float64).fill_null(0.0) * 60
        + second.str.replace(",", ".").cast(pl.Float64).fill_null(0.0)
    )
    clock = pl.when(clock <= DAY).then(clock)  # 24:00 is the end of the day
    return parts.select((day_start + clock - offset).alias("seconds"))["seconds"]
