"""Dates of filters: a year, a month, a day, or a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EXAMPLE = "'2024-05-31'"
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def read_time(text: str) -> tuple[datetime, datetime | None]:
    """Returns the start of a year, month or day and the start of the next one, in UTC.

    Of a moment, such as `2024-05-31T12:30:00+08:00`, the second is None.

    Raises:
        ValueError: It is no date.
    """
    try:
        return _read(text.strip())
    except OverflowError as error:
        raise ValueError(text) from error


def _read(text: str) -> tuple[datetime, datetime | None]:
    match = _DATE.fullmatch(text)
    if match is None:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC), None
    year, month, day = (int(part) if part else None for part in match.groups())
    start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        return start, start + timedelta(days=1)
    if month is not None:
        return start, datetime(start.year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return start, datetime(start.year + 1, 1, 1, tzinfo=UTC)
