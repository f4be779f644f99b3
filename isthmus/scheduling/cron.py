"""Cron expressions, parsed once so that every scheduler runs at the same times.

Cron, systemd, Kubernetes and APScheduler differ in the rarer forms: whether 0 is Sunday or Monday,
whether 7 is a day, how days of the month and of the week combine. All of them get plain lists of
values instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.errors import InputError

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
DAYS_PER_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FIELD_PART = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")

Values = tuple[int, ...]
"""Values of a field in ascending order; empty for all values."""


@dataclass(frozen=True)
class Field:
    """One of the five fields.

    Attributes:
        name: Name of the field in messages.
        low: Lowest value.
        high: Highest value.
        names: Names of the values, by position.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, ("", *MONTHS)),
    Field("day of the week", 0, 7, tuple(WEEKDAYS)),
)


@dataclass(frozen=True)
class Cron:
    """A parsed cron expression, in local time.

    Attributes:
        minutes: 0 to 59.
        hours: 0 to 23.
        days: Days of the month, 1 to 31; empty if `weekdays` are set.
        months: 1 to 12.
        weekdays: 0 (Sunday) to 6; empty if `days` are set.
    """

    minutes: Values
    hours: Values
    days: Values
    months: Values
    weekdays: Values

    @property
    def text(self) -> str:
        """Cron expression of plain values, which every cron understands."""
        fields = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join(_format_values(values) for values in fields)

    @property
    def calendar(self) -> str:
        """Calendar event for systemd's OnCalendar; see systemd.time(7)."""
        weekdays = ",".join(WEEKDAYS[day].capitalize() for day in self.weekdays)
        months, days = _format_values(self.months, 2), _format_values(self.days, 2)
        hours, minutes = _format_values(self.hours, 2), _format_values(self.minutes, 2)
        return f"{weekdays} *-{months}-{days} {hours}:{minutes}:00".strip()

    def trigger(self) -> CronTrigger:
        """Returns a trigger for APScheduler, in the time zone of this machine."""
        from apscheduler.triggers.cron import CronTrigger

        return CronTrigger(
            second=0,
            minute=_format_values(self.minutes),
            hour=_format_values(self.hours),
            day=_format_values(self.days),
            month=_format_values(self.months),
            day_of_week=",".join(WEEKDAYS[day] for day in self.weekdays) or "*",
        )


def read_cron(text: str) -> Cron:
    """Parses a cron expression: minute, hour, day of the month, month, day of the week.

    Each field is `*` or a list of values and ranges, with an optional step: `*/15`, `1-5`,
    `mon,thu`.

    Raises:
        InputError: The expression is invalid, sets both kinds of days, or no date ever matches it.
    """
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise _cron_error(text, f"it has {len(parts)} fields instead of {len(FIELDS)}")
    fields = zip(parts, FIELDS, strict=True)
    minutes, hours, days, months, weekdays = (
        _parse_field(text, part, field) for part, field in fields
    )
    if days and weekdays:
        raise _cron_error(text, "days of the month and days of the week exclude each other")
    longest = max(DAYS_PER_MONTH[month - 1] for month in months or range(1, 13))
    if days and days[0] > longest:
        raise _cron_error(text, f"none of its months has a day {days[0]}")
    return Cron(minutes, hours, days, months, weekdays)


def _parse_field(text: str, part: str, field: Field) -> Values:
    values: set[int] = set()
    for word in part.split(","):
        match = FIELD_PART.fullmatch(word)
        if match is None or (match["step"] and not (match["all"] or match["high"])):
            raise _value_error(text, word, field)
        if match["all"]:
            low, high = field.low, field.high
        else:
            low = _parse_value(text, match["low"], field)
            high = _parse_value(text, match["high"], field) if match["high"] else low
        step = int(match["step"] or 1)
        if low > high or step == 0:
            raise _value_error(text, word, field)
        values.update(range(low, high + 1, step))
    if field.name == "day of the week":
        values = {value % 7 for value in values}
    size = len(WEEKDAYS) if field.name == "day of the week" else field.high - field.low + 1
    return () if len(values) == size else tuple(sorted(values))


def _parse_value(text: str, word: str, field: Field) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower())
    if not word.isdecimal() or not field.low <= int(word) <= field.high:
        raise _value_error(text, word, field)
    return int(word)


def _format_values(values: Values, digits: int = 1) -> str:
    return ",".join(f"{value:0{digits}}" for value in values) or "*"


def _value_error(text: str, word: str, field: Field) -> InputError:
    return _cron_error(text, f"{word!r} is not a valid {field.name}")


def _cron_error(text: str, reason: str) -> InputError:
    return InputError(
        f"The cron expression {text!r} is invalid: {reason}.",
        'Give minute, hour, day, month and day of the week, for example "0 3 * * *" for 3 am '
        "every day.",
    )
