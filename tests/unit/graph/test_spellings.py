"""Any mixture of the spellings of one table loads to the same frames."""

from __future__ import annotations

import csv
import json
import tempfile
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.graph.ingest import resolve_items
from isthmus.graph.sources import read_dataset

USERS = ("josé", "ana", "李", "u 1")
ITEMS = ("7", "8", "12")
GENRES = (["crime"], ["crime", "history"], ["history", "space"])
START = 1_600_000_000

ID_SPELLINGS = {
    "plain": str,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "blanks": lambda text: f" {text}\u00a0",
    "invisible": lambda text: f"\u200b{text}\ufeff",
}
ITEM_SPELLINGS = ID_SPELLINGS | {"float": lambda text: f"{text}.0"}
TIME_SPELLINGS = {
    "seconds": str,
    "milliseconds": lambda seconds: str(seconds * 1_000),
    "microseconds": lambda seconds: str(seconds * 1_000_000),
    "iso": lambda seconds: _moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "postgres": lambda seconds: _moment(seconds).strftime("%Y-%m-%d %H:%M:%S.000+00"),
    "bigquery": lambda seconds: _moment(seconds).strftime("%Y-%m-%d %H:%M:%S UTC"),
    "slashes": lambda seconds: _moment(seconds).strftime("%Y/%m/%d %H:%M:%S"),
    "day first": lambda seconds: _moment(seconds).strftime("%d/%m/%Y %H:%M:%S"),
    "month first": lambda seconds: _moment(seconds).strftime("%m/%d/%Y %I:%M:%S %p"),
    "words": lambda seconds: _moment(seconds).strftime("%d-%b-%Y %H:%M:%S"),
}
RATING_SPELLINGS = {
    "stars": lambda stars: f"{stars}",
    "decimals": lambda stars: f"{stars}.0",
    "decimal comma": lambda stars: f"{stars},0",
}
LIST_SPELLINGS = {
    "bars": "|".join,
    "json": json.dumps,
    "python": str,
    "objects": lambda names: json.dumps([{"id": 1, "name": name} for name in names]),
}
WORDS = ("", "NULL", "nan", "None", r"\N", "NaT", "n/a", "-")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def load(
    events: list[tuple[int, int, int, int | None]],
    user: list[str],
    item: list[str],
    time: str,
    rating: str,
    names: list[str],
    missing: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Writes the table in these spellings, loads it, and returns items and interactions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        items = [
            {
                "item_id": item_id,
                "domain": "films",
                "categories": LIST_SPELLINGS[names[n % len(names)]](GENRES[n]),
            }
            for n, item_id in enumerate(ITEMS)
        ]
        write(folder / "items.csv", items)
        rows = [
            {
                "user_id": ID_SPELLINGS[user[n % len(user)]](USERS[u]),
                "item_id": ITEM_SPELLINGS[item[n % len(item)]](ITEMS[i]),
                "rating": RATING_SPELLINGS[rating](stars),
                "timestamp": missing if at is None else TIME_SPELLINGS[time](START + at),
            }
            for n, (u, i, stars, at) in enumerate(events)
        ]
        write(folder / "interactions.csv", rows)
        data = read_dataset(folder)
        interactions, rejected = resolve_items(data.interactions, data.items)
        assert data.rejected.is_empty()
        assert rejected.is_empty()
        return data.items.drop("file"), interactions.drop("file")


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(1, 5),
        st.one_of(st.none(), st.integers(0, 10**8)),
    ),
    min_size=3,
    max_size=12,
)
DECIDES = (0, 0, 5, 11 * 86_400)
"""24 September 2020: a date whose day is no month, so that the column can be read."""


@given(
    events=EVENTS,
    user=st.lists(st.sampled_from(list(ID_SPELLINGS)), min_size=1, max_size=3),
    item=st.lists(st.sampled_from(list(ITEM_SPELLINGS)), min_size=1, max_size=3),
    time=st.sampled_from(list(TIME_SPELLINGS)),
    rating=st.sampled_from(list(RATING_SPELLINGS)),
    names=st.lists(st.sampled_from(list(LIST_SPELLINGS)), min_size=1, max_size=3),
    missing=st.sampled_from(WORDS),
)
@settings(deadline=None, max_examples=30)
def test_any_mixture_of_spellings_is_the_same_table(
    events: list[tuple[int, int, int, int | None]],
    user: list[str],
    item: list[str],
    time: str,
    rating: str,
    names: list[str],
    missing: str,
) -> None:
    events = [DECIDES, *events]
    plain = load(events, ["plain"], ["plain"], "seconds", "stars", ["bars"], "")
    spelled = load(events, user, item, time, rating, names, missing)
    for expected, found in zip(plain, spelled, strict=True):
        assert found.equals(expected)
