"""Times are read as programs write them; the column decides what one value cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.sources.times import convert_times, understand_times

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()


def read(*values: str, may_be_future: bool = False) -> tuple[list[datetime | None], list[str]]:
    """Returns the times of a column, and the reasons of those that are rejected."""
    column = pl.Series("timestamp", values, dtype=pl.String)
    form = understand_times(column, "interactions, timestamp", may_be_future).form
    seconds, errors = convert_times(column, form, may_be_future, NOW)
    reasons = [reason for mask, reason in errors for is_wrong in mask if is_wrong]
    moments = [None if s is None else datetime.fromtimestamp(s, UTC) for s in seconds]
    return [m and m.replace(tzinfo=None) for m in moments], reasons


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2020-12-31 21:25:58.745232+02", datetime(2020, 12, 31, 19, 25, 58, 745232)),
        ("2019-07-08 08:00:00 UTC", datetime(2019, 7, 8, 8)),
        ("2019-07-08 08:00:00.123456 UTC", datetime(2019, 7, 8, 8, 0, 0, 123456)),
        ("2023/3/5 14:05", datetime(2023, 3, 5, 14, 5)),
        ("2023/03/05 14:05:00", datetime(2023, 3, 5, 14, 5)),
        ("31/12/2023", datetime(2023, 12, 31)),
        ("31.12.2023 14:05", datetime(2023, 12, 31, 14, 5)),
        ("12/31/2023 2:05 PM", datetime(2023, 12, 31, 14, 5)),
        ("12/31/23", datetime(2023, 12, 31)),
        ("03 5, 2014", datetime(2014, 3, 5)),
        ("01-Jan-1995", datetime(1995, 1, 1)),
        ("January 5, 2021", datetime(2021, 1, 5)),
        ("5 September 2021", datetime(2021, 9, 5)),
        ("2021年3月5日", datetime(2021, 3, 5)),
        ("Tue Jul 03 2018 10:00:00 GMT+0800 (China Standard Time)", datetime(2018, 7, 3, 2)),
        ("Mon Apr 06 22:19:45 +0000 2009", datetime(2009, 4, 6, 22, 19, 45)),
        ("Mon, 06 Apr 2009 22:19:45 GMT", datetime(2009, 4, 6, 22, 19, 45)),
        ("2024-05-31T12:30:00+05:30[Asia/Kolkata]", datetime(2024, 5, 31, 7)),
        ("2024-05-31 24:00:00", datetime(2024, 6, 1)),
        ("2024-05-31T12", datetime(2024, 5, 31, 12)),
        ("20240531123000", datetime(2024, 5, 31, 12, 30)),
        ("1588687728923000", datetime(2020, 5, 5, 14, 8, 48, 923000)),
        ("1588687728923000000", datetime(2020, 5, 5, 14, 8, 48, 923000)),
        ("1.588687728e+09", datetime(2020, 5, 5, 14, 8, 48)),
        ("43831.5", datetime(2020, 1, 1, 12)),
    ],
)
def test_time_is_read_as_it_was_written(written: str, expected: datetime):
    assert read(written) == ([expected], [])


def test_one_date_decides_the_order_of_the_column():
    assert read("03/04/2023", "31/12/2023")[0][0] == datetime(2023, 4, 3)
    assert read("03/04/2023", "12/31/2023")[0][0] == datetime(2023, 3, 4)


def test_order_that_no_date_decides_is_an_error():
    with pytest.raises(InputError, match="no date of the column decides it"):
        read("03/04/2023", "05/06/2023")


def test_unit_is_decided_for_the_column():
    early, late = read("86400000", "1588687728923")[0]
    assert early == datetime(1970, 1, 2)
    assert late is not None


def test_order_numbers_are_no_times():
    column = pl.Series([str(n) for n in range(1, 3000)])
    found = understand_times(column, "interactions, timestamp", may_be_future=False)
    assert found.form == {"unit": "order"}
    assert found.notes[0].startswith("no times: numbers from 1 to 2999 are used as order")
    assert convert_times(column, found.form, may_be_future=False, now=NOW)[0].null_count() == 2999


@pytest.mark.parametrize("written", ["9999-12-31", "2106-02-07T06:28:15Z", "4294967295"])
def test_time_in_the_future_is_rejected(written: str):
    assert read(written, "2024-05-31")[1] == ["lies in the future: today is 2026-06-01"]


def test_time_of_tomorrow_is_accepted_for_the_sake_of_clocks_and_zones():
    assert read("2026-06-01T23:00:00Z")[1] == []


def test_item_may_be_published_in_the_future_and_never():
    times, reasons = read("2027-01-01", "9999-12-31", may_be_future=True)
    assert times == [datetime(2027, 1, 1), None]
    assert reasons == []


def test_zero_date_is_missing_and_placeholders_are_said():
    assert read("0000-00-00 00:00:00", "2024-05-31") == ([None, datetime(2024, 5, 31)], [])
    found = understand_times(pl.Series(["1970-01-01", "1900-01-01 00:00:00"]), "t", False)
    assert found.notes == ["1 January 1970 or 1900, which may mean unknown: 2"]


@pytest.mark.parametrize("written", ["03/04/2023", "soon", "31/02/2024"])
def test_single_event_is_read_only_if_it_is_unambiguous(written: str):
    seconds, errors = convert_times(pl.Series([written]), {}, may_be_future=False, now=NOW)
    assert seconds[0] is None
    assert errors[0][0][0]
