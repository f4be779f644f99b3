"""Small datasets for fuzzing, as sheets of plain values, before any file is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

DAY = 86_400
FIRST_DAY = 1_609_459_200  # 1 January 2021
STYLES = ("numbers", "codes", "padded", "accents", "chinese", "uuids")
"""How ids look."""
RATINGS = {
    "stars": (1.0, 2.0, 3.0, 4.0, 5.0),
    "halves": (0.5, 1.5, 2.5, 3.5, 4.5, 5.0),
    "tens": (1.0, 3.0, 5.0, 7.0, 8.0, 10.0),
    "signs": (-1.0, 1.0),
    "plays": (1.0, 1.0, 2.0, 3.0, 9.0, 250.0),
}
TITLES = (
    *("The Long Road", "Café, bar & more", "Schnee über Köln", 'Say "yes"', "El niño perdido"),
    *("红楼梦", "三体 II", "東京物語", "Война и мир", "A tale; of two"),
)
TEXTS = (
    "I liked the slow beginning, and the end.",
    "Nothing for me: too loud",
    "Très beau, très lent",
    "很好看，推荐给大家",
    'He said "no".\nThen he went on reading.',
    "Comme ci; comme ça | so so",
)
CATEGORIES = ("history", "crime", "romance", "Science Fiction", "cooking", "历史")
DOMAINS = ("books", "films", "news")


@dataclass
class Sheet:
    """A table: names of columns, and rows of text, numbers, lists and None.

    Times are whole seconds since 1970 until a mutation spells them.
    """

    header: list[str]
    rows: list[list[Any]] = field(default_factory=list)

    def column(self, name: str) -> int | None:
        """Returns the position of a column, or None."""
        return self.header.index(name) if name in self.header else None

    def change(self, name: str, convert: Any) -> bool:
        """Converts the values of a column that are not None; returns whether there were any."""
        position = self.column(name)
        if position is None:
            return False
        changed = False
        for row in self.rows:
            if position < len(row) and row[position] is not None:
                row[position] = convert(row[position])
                changed = True
        return changed


Sheets = dict[str, Sheet]

TIMES = ("timestamp", "published_at")
IDS = ("user_id", "item_id", "follows_id", "account_id")


def draw_sheets(rng: Random) -> Sheets:
    """Draws a dataset of a few dozen rows, whose spelling is the plainest one."""
    items, users = _ids(rng, rng.randint(3, 14)), _ids(rng, rng.randint(2, 12))
    domains = DOMAINS[: rng.randint(1, 3)]
    home = {item: rng.choice(domains) for item in items}
    sheets = {"items": _items(rng, home), "interactions": _interactions(rng, users, home)}
    if rng.random() < 0.6:
        sheets["texts"] = _texts(rng, users, home)
    if rng.random() < 0.3:
        pairs = {(a, b) for a in users for b in users if a != b and rng.random() < 0.3}
        rows = [[a, b, 1.0] for a, b in sorted(pairs)]
        sheets["follows"] = Sheet(["user_id", "follows_id", "weight"], rows)
    if rng.random() < 0.3:
        rows = [["web", f"w-{user}", user] for user in users]
        sheets["accounts"] = Sheet(["platform", "account_id", "user_id"], rows)
    if rng.random() < 0.3:
        rows = [[name, "de", f"{name} (de)"] for name in CATEGORIES[:4]]
        sheets["categories"] = Sheet(["category", "language", "name"], rows)
    return {name: sheet for name, sheet in sheets.items() if sheet.rows}


def _ids(rng: Random, count: int) -> list[str]:
    style, start = rng.choice(STYLES), rng.choice((1, 95, 7_001, 9_780_141_000_000))
    return [_id(style, start + k) for k in range(count)]


def _id(style: str, number: int) -> str:
    match style:
        case "numbers":
            return str(number)
        case "codes":
            return f"B{number:05}X"
        case "padded":
            return f"{number:015}"
        case "accents":
            return f"né{number}"
        case "chinese":
            return f"编号{number}"
        case _:
            return f"{number:08x}-0000-4000-8000-{number:012x}"


def _items(rng: Random, home: dict[str, str]) -> Sheet:
    sheet = Sheet(["item_id", "domain", "title", "categories", "published_at"])
    for number, (item, domain) in enumerate(home.items()):
        names = rng.sample(CATEGORIES, rng.randint(0, 3)) or None
        published = FIRST_DAY - rng.randrange(5_000) * DAY if rng.random() < 0.7 else None
        title = f"{rng.choice(TITLES)} {number}"
        sheet.rows.append([item, domain, title, names, published])
    return _without_columns(rng, sheet, ("categories", "published_at"))


def _interactions(rng: Random, users: list[str], home: dict[str, str]) -> Sheet:
    style = rng.choice(list(RATINGS))
    name = {"signs": "weight", "plays": "plays"}.get(style, "rating")
    sheet = Sheet(["user_id", "item_id", "domain", name, "timestamp", "kind"])
    for user in users:
        for item in rng.sample(list(home), rng.randint(1, min(6, len(home)))):
            time = FIRST_DAY + rng.randrange(900 * DAY) if rng.random() < 0.9 else None
            rating = rng.choice(RATINGS[style])
            sheet.rows.append([user, item, home[item], rating, time, rng.choice(("view", "buy"))])
    return _without_columns(rng, sheet, (name, "timestamp", "kind", "domain"))


def _texts(rng: Random, users: list[str], home: dict[str, str]) -> Sheet:
    sheet = Sheet(["user_id", "text", "item_id", "domain", "timestamp", "language"])
    for number in range(rng.randint(1, 12)):
        item = rng.choice([*home, None])
        domain = None if item is None else home[item]
        text, time = f"{rng.choice(TEXTS)} ({number})", FIRST_DAY + rng.randrange(900 * DAY)
        sheet.rows.append([rng.choice(users), text, item, domain, time, rng.choice(("en", None))])
    return _without_columns(rng, sheet, ("timestamp", "language"))


def _without_columns(rng: Random, sheet: Sheet, optional: tuple[str, ...]) -> Sheet:
    """Removes some of the columns that a table may lack."""
    for name in optional:
        if rng.random() < 0.2:
            position = sheet.header.index(name)
            del sheet.header[position]
            for row in sheet.rows:
                del row[position]
    return sheet
