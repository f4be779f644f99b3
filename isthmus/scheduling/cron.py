"""Times in the five fields of cron, read once, so that every scheduler keeps the same ones.

Cron, systemd, Kubernetes and APScheduler differ in the rarer forms: whether 0 is Sunday or Monday,
whether 7 is a day, what two kinds of days together mean. They all get lists of plain values.
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
DAYS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
PIECE = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")

Values = tuple[int, ...]
"""The values of a field in their order; empty where it holds for all."""


@dataclass(frozen=True)
class Field:
    """One of the five: its name, its lowest and highest value, and names for its values."""

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
    """When something is due, by the clock of its place.

    Attributes:
        minutes: 0 to 59.
        hours: 0 to 23.
        days: Of the month, 1 to 31; all where `weekdays` says which.
        months: 1 to 12.
        weekdays: 0, Sunday, to 6; all where `days` says which.
    """

    minutes: Values
    hours: Values
    days: Values
    months: Values
    weekdays: Values

    @property
    def text(self) -> str:
        """The five fields in the form that every cron reads."""
        fields = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join(_listed(values) for values in fields)

    @property
    def calendar(self) -> str:
        """The same as systemd's OnCalendar; see systemd.time(7)."""
        weekdays = ",".join(WEEKDAYS[day].capitalize() for day in self.weekdays)
        months, days = _listed(self.months, 2), _listed(self.days, 2)
        hours, minutes = _listed(self.hours, 2), _listed(self.minutes, 2)
        return f"{weekdays} *-{months}-{days} {hours}:{minutes}:00".strip()

    def trigger(self) -> CronTrigger:
        """The same as a trigger of APScheduler, in the time zone of this machine."""
        from apscheduler.triggers.cron import CronTrigger

        return CronTrigger(
            second=0,
            minute=_listed(self.minutes),
            hour=_listed(self.hours),
            day=_listed(self.days),
            month=_listed(self.months),
            day_of_week=",".join(WEEKDAYS[day] for day in self.weekdays) or "*",
        )


def read_cron(text: str) -> Cron:
    """Reads five fields: minute, hour, day of the month, month, day of the week.

    Each is `*` or a list of values and ranges, with a step: `*/15`, `1-5`, `mon,thu`.

    Raises:
        InputError: It is no such text, names both kinds of days, or a day that never comes.
    """
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise _wrong(text, f"it has {len(parts)} fields of {len(FIELDS)}")
    fields = zip(parts, FIELDS, strict=True)
    minutes, hours, days, months, weekdays = (_values(text, part, field) for part, field in fields)
    if days and weekdays:
        raise _wrong(text, "days of the month and days of the week exclude each other")
    longest = max(DAYS_OF_MONTHS[month - 1] for month in months or range(1, 13))
    if days and days[0] > longest:
        raise _wrong(text, f"none of its months has a day {days[0]}")
    return Cron(minutes, hours, days, months, weekdays)


def _values(text: str, part: str, field: Field) -> Values:
    values: set[int] = set()
    for piece in part.split(","):
        found = PIECE.fullmatch(piece)
        if found is None or (found["step"] and not (found["all"] or found["high"])):
            raise _wrong(text, f"{piece!r} is no {field.name}")
        if found["all"]:
            low, high = field.low, field.high
        else:
            low = _value(text, found["low"], field)
            high = _value(text, found["high"], field) if found["high"] else low
        step = int(found["step"] or 1)
        if low > high or step == 0:
            raise _wrong(text, f"{piece!r} is no {field.name}")
        values.update(range(low, high + 1, step))
    if field.name == "day of the week":
        values = {value % 7 for value in values}
    whole = len(WEEKDAYS) if field.name == "day of the week" else field.high - field.low + 1
    return () if len(values) == whole else tuple(sorted(values))


def _value(text: str, word: str, field: Field) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower())
    if not word.isdecimal() or not field.low <= int(word) <= field.high:
        raise _wrong(text, f"{word!r} is no {field.name}")
    return int(word)


def _listed(values: Values, digits: int = 1) -> str:
    return ",".join(f"{value:0{digits}}" for value in values) or "*"


def _wrong(text: str, reason: str) -> InputError:
    return InputError(
        f"The times {text!r} cannot be kept: {reason}.",
        'Give minute, hour, day, month and day of the week, as "0 3 * * *" for three at night.',
    )
