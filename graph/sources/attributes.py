"""Attributes: finds the type of a column that isthmus itself does not read, from all its values.

A column has the first type that all of its values have: boolean, number, datetime, list, else text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import (
    MAX_VALUE,
    TYPES,
    Column,
    ColumnReading,
    Kind,
)
from isthmus.graph.sources.categories import split_categories
from isthmus.graph.sources.conversion import clean_values
from isthmus.graph.sources.ids import strip
from isthmus.graph.sources.scales import find_comma, read_numbers
from isthmus.graph.sources.times import YEAR_2200, convert_times, understand_times

LEFT_OUT = "left out"
"""Kind of a column that is no attribute; its note says why."""
MAX_NAMES = 100
"""Names in a list; longer ones are vectors or logs."""
MAX_EXAMPLES = 3
MAX_SHOWN = 60
TRUE = ("true", "t", "yes", "y", "是", "有", "对", "真")
FALSE = ("false", "f", "no", "n", "否", "无", "不", "假", "没有", "不是")
OBJECT = r"^\s*\[?\s*\{"
LIST = r"^\s*\[.*\]\s*$"
CODE = r"^[+-]?0\d|^[+-]?\d{16,}$"
"""Numbers that lose digits as numbers: codes such as 00123, and ids of 16 digits."""
CURRENCY = r"^[¥￥$€£]\s*|\s*(?:[¥￥$€£]|元)$"
SEQUENCE_NAMES = (
    "id",
    "no",
    "nr",
    "nro",
    "num",
    "number",
    "seq",
    "sequence",
    "编号",
    "编码",
    "id_",
)
FEW = 3
"""Rows from which the numbers 1, 2, 3, … under such a name are those of the rows."""


@dataclass
class _Found:
    """A type of a column, with its form and notes as in `ColumnReading`."""

    type: str
    form: dict[str, str | float | bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def clean_attribute(raw: pl.Series) -> pl.Series:
    """Removes outer blanks, and what stands for a missing value."""
    return clean_values(raw, Column(raw.name, Kind.ATTRIBUTE))


def understand_attribute(
    values: pl.Series, source: str, rows: int, too_many: bool = False
) -> ColumnReading:
    """Finds the type of a column.

    Args:
        values: Its values of all files, cleaned, of which at least one is not missing.
        source: Its name in the file; that of the values is the name of the property.
        rows: Number of rows of the table.
        too_many: Whether the table has as many attributes as it may have.

    Returns:
        The reading; its kind is the type, or LEFT_OUT.
    """
    reading = _understand(values, source, too_many)
    count = len(values) - values.null_count()
    reading = replace(reading, column=values.name, values=count, missing=rows - count)
    return replace(reading, examples=_examples(values, reading))


def convert_attribute(values: pl.Series, reading: ColumnReading) -> pl.Series:
    """Converts cleaned texts to the type of the column; a value that is none becomes null."""
    if values.null_count() == len(values):
        is_whole = bool(reading.form.get("whole"))
        return values.cast(pl.Int64 if is_whole else TYPES[reading.kind])
    match reading.kind:
        case "boolean":
            words = values.str.to_lowercase()
            either = words.is_in([*TRUE, *FALSE]).fill_null(False)
            return words.is_in(TRUE).set(~either, None)
        case "number":
            numbers = _numbers(values, str(reading.form.get("comma", "")))
            return numbers.cast(pl.Int64) if reading.form.get("whole") else numbers
        case "datetime":
            seconds, _ = convert_times(values, reading.form, True, 0.0)
            return (seconds * 1000).round().cast(pl.Int64).cast(TYPES["datetime"])
        case "list":
            names = split_categories(values, "|")
            return names.set(names.list.len() == 0, None)
        case _:
            return values


def _understand(values: pl.Series, source: str, too_many: bool) -> ColumnReading:
    """Returns the reading of cleaned values, of which at least one is not missing."""
    known = values.drop_nulls()
    reading = ColumnReading("", source)
    if reason := "there are too many" if too_many else _reason_against(known, source):
        return replace(reading, kind=LEFT_OUT, notes=(f"no attribute: {reason}",))
    # A sample decides first, since most columns are texts.
    tries: tuple[Callable[[pl.Series], _Found | None], ...]
    tries = (_try_boolean, _try_number, _try_datetime, _try_list)
    head = known.head(1_000)
    found = next((f for each in tries if each(head) and (f := each(known))), None)
    if found is None:
        found = _Found("text", notes=_odd_values(known))
        if (longest := int(known.str.len_chars().max() or 0)) > MAX_VALUE:  # type: ignore[arg-type]
            reason = f"a text has {longest:,} characters, and attributes have {MAX_VALUE}"
            return replace(reading, kind=LEFT_OUT, notes=(f"no attribute: {reason}",))
    form = {"type": found.type} | found.form
    return replace(reading, kind=found.type, form=form, notes=tuple(found.notes))


def _reason_against(known: pl.Series, source: str) -> str | None:
    """Returns why a column is no attribute, whatever its type; None if it may be one."""
    if known.str.contains(OBJECT).any():
        return "its values are objects"
    if source.strip().casefold() in SEQUENCE_NAMES and len(known) >= FEW:
        numbers = known.cast(pl.Int64, strict=False)
        first = numbers[0]
        if first in (0, 1) and (numbers == pl.Series(range(first, first + len(numbers)))).all():
            return "it numbers the rows"
    return None


def _try_boolean(known: pl.Series) -> _Found | None:
    words = known.str.to_lowercase()
    if not words.is_in([*TRUE, *FALSE]).all():
        return None
    if words.n_unique() == 1 and len(words[0]) == 1 and words[0].isascii():
        return None  # one letter may be a code, such as f for female
    shown = sorted(known.unique())
    is_plain = {"true", "false"}.issuperset(words.unique())
    return _Found("boolean", notes=[] if is_plain else [f"yes or no: {', '.join(shown)}"])


def _try_number(known: pl.Series) -> _Found | None:
    if known.str.contains(CODE).any():
        return None
    bare, notes = known, []
    if known.str.contains(CURRENCY).all():
        signs = known.str.extract(r"([¥￥$€£元])").unique()
        if len(signs) > 1:
            return None
        bare = known.str.replace_all(CURRENCY, "")
        notes.append(f"the sign {signs[0]} is dropped")
    comma = find_comma(bare)
    numbers = _numbers(bare, comma)
    if numbers.has_nulls():
        return None
    form: dict[str, str | float | bool] = {}
    if comma:
        form["comma"] = comma
        notes.append(f"commas are {comma} {'commas' if comma == 'decimal' else 'marks'}")
    if not (numbers != numbers.floor()).any() and not known.str.contains(r"[.eE%％]").any():
        form["whole"] = True
    return _Found("number", form, notes)


def _numbers(values: pl.Series, comma: str) -> pl.Series:
    """Parses numbers, also with a sign of currency; null if a value is no finite number."""
    numbers = read_numbers(values.str.replace_all(CURRENCY, ""), comma)
    return numbers.set(~numbers.is_finite().fill_null(True), None)


def _try_datetime(known: pl.Series) -> _Found | None:
    if not known.str.contains(r"\d").all():
        return None
    try:
        times = understand_times(known, "", True)
    except InputError:  # the day and the month cannot be distinguished
        return None
    seconds, errors = convert_times(known, times.form, True, 0.0)
    is_wrong = seconds.is_null() | (seconds >= YEAR_2200)
    if is_wrong.any() or any(mask.any() for mask, _ in errors):
        return None
    return _Found("datetime", times.form, times.notes)


def _try_list(known: pl.Series) -> _Found | None:
    is_list = known.str.contains(LIST)
    if not is_list.all() and not known.str.contains("|", literal=True).any():
        return None
    names = split_categories(known, "|")
    longest = names.list.eval(pl.element().str.len_chars()).list.max().max()
    most = names.list.len().max()
    if not isinstance(longest, int) or not isinstance(most, int):
        return _Found("list") if most == 0 else None
    return _Found("list") if longest <= MAX_VALUE and most <= MAX_NAMES else None


def _odd_values(known: pl.Series) -> list[str]:
    """Names the values for which a column is text, where most are of another type."""
    numbers = _numbers(known, find_comma(known))
    words = known.str.to_lowercase().is_in([*TRUE, *FALSE])
    for name, is_type in (("numbers", numbers.is_not_null()), ("yes or no", words)):
        if is_type.any() and 2 * int(is_type.sum()) > len(known):
            odd = known.filter(~is_type)
            if odd.is_empty():  # codes such as 00123
                return ["numbers that are codes, or have too many digits, are text"]
            shown = ", ".join(each[:MAX_SHOWN] for each in odd.unique(maintain_order=True)[:3])
            return [f"text, though most values are {name}: {shown}"]
    return []


def _examples(values: pl.Series, reading: ColumnReading) -> tuple[tuple[str, str], ...]:
    """Returns the first different values, each with what is read from it."""
    shown = strip(values).drop_nulls().unique(maintain_order=True).head(MAX_EXAMPLES)
    if reading.kind == LEFT_OUT:
        return tuple((each[:MAX_SHOWN], each[:MAX_SHOWN]) for each in shown)
    typed = convert_attribute(shown, reading)
    read = [_format(value) for value in typed.to_list()]
    return tuple((one[:MAX_SHOWN], two[:MAX_SHOWN]) for one, two in zip(shown, read, strict=True))


def _format(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, list):
        return " | ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "strftime"):
        text: str = value.strftime("%Y-%m-%dT%H:%M:%SZ")
        return text.removesuffix("T00:00:00Z")
    return f"{value:g}" if isinstance(value, float) else str(value)
