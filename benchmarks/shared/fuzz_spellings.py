"""Mutations that spell a dataset in another way: it must load as the same graph, or be refused."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from shared.fuzz_tables import IDS, TIMES, Sheets
from shared.fuzz_writing import Writing

SheetMutation = Callable[[Random, Sheets], bool]
"""Changes the sheets; returns whether anything changed."""

ALIASES = {
    "user_id": ("userId", "User_ID", " user ", "UID"),
    "item_id": ("itemId", "ITEM_ID", "movieId", "product_id"),
    "timestamp": ("time", "created_at", "Timestamp"),
    "title": ("name", "Title"),
    "text": ("review", "Comment"),
    "categories": ("genres", "Genre", "tags"),
    "published_at": ("release_date", "Published"),
}
MISSING = ("NULL", "nan", "\\N", "None", "NaT", "n/a", "", "  ")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


TIME_SPELLINGS: dict[str, Callable[[int], Any]] = {
    "ISO": lambda s: _moment(s).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ISO with offset": lambda s: _moment(s).isoformat(),
    "blank instead of T": lambda s: _moment(s).strftime("%Y-%m-%d %H:%M:%S"),
    "Postgres": lambda s: _moment(s).strftime("%Y-%m-%d %H:%M:%S.000+00"),
    "BigQuery": lambda s: _moment(s).strftime("%Y-%m-%d %H:%M:%S UTC"),
    "slashes": lambda s: _moment(s).strftime("%Y/%m/%d %H:%M:%S"),
    "English": lambda s: _moment(s).strftime("%d %b %Y %H:%M:%S"),
    "milliseconds": lambda s: s * 1000,
    "microseconds": lambda s: s * 1_000_000,
    "nanoseconds": lambda s: s * 1_000_000_000,
    "float seconds": lambda s: f"{s}.0",
    "objects": _moment,
}
"""How all times of a column may be written."""


def _respell_times(rng: Random, sheets: Sheets) -> bool:
    convert = TIME_SPELLINGS[rng.choice(list(TIME_SPELLINGS))]
    return sum(sheet.change(name, convert) for sheet in sheets.values() for name in TIMES) > 0


def _mix_times(rng: Random, sheets: Sheets) -> bool:
    some = [TIME_SPELLINGS[name] for name in ("ISO", "blank instead of T", "Postgres", "slashes")]
    changed = [
        sheet.change(name, lambda seconds: rng.choice(some)(seconds))
        for sheet in sheets.values()
        for name in TIMES
    ]
    return any(changed)


def _rename_columns(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    if "follows_id" in sheet.header or "account_id" in sheet.header:
        sheet.header = [name.upper() for name in sheet.header]
        return True
    sheet.header = [
        rng.choice(ALIASES[name]) if name in ALIASES and rng.random() < 0.5 else name.title()
        for name in sheet.header
    ]
    return True


def _permute_columns(rng: Random, sheets: Sheets) -> bool:
    for sheet in sheets.values():
        order = list(range(len(sheet.header)))
        rng.shuffle(order)
        sheet.header = [sheet.header[position] for position in order]
        sheet.rows = [[row[position] for position in order] for row in sheet.rows]
    return True


def _add_columns(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    extra: Any = rng.choice(("x", 3, None, {"a": [1, {"b": None}]}, True, ["x", "y"]))
    name = rng.choice(("extra", "", "Unnamed: 0", "index", "名称", "😀", "a" * 5_000))
    sheet.header.insert(0, name)
    for row in sheet.rows:
        row.insert(0, extra)
    return True


def _change_ids(rng: Random, sheets: Sheets, convert: Callable[[str], str]) -> bool:
    changed = False
    for sheet in sheets.values():
        for name in IDS:
            if rng.random() < 0.6:
                changed |= sheet.change(name, lambda value: convert(str(value)))
    return changed


def _pad_ids(rng: Random, sheets: Sheets) -> bool:
    pads = (" ", "\u00a0", "  ", "\t", "\u3000", "\ufeff", "\u200b")
    return _change_ids(
        rng,
        sheets,
        lambda value: (
            f"{rng.choice(pads)}{value}{rng.choice(pads)}" if rng.random() < 0.5 else value
        ),
    )


def _decompose_ids(rng: Random, sheets: Sheets) -> bool:
    return _change_ids(rng, sheets, lambda value: unicodedata.normalize("NFD", value))


def _whole_floats(rng: Random, sheets: Sheets) -> bool:
    """Writes the ids of one table as 7.0, as pandas does; only if all of its ids are numbers."""
    sheet = rng.choice(list(sheets.values()))
    position = sheet.column("item_id")
    if position is None:
        return False
    values = [row[position] for row in sheet.rows if row[position] is not None]
    if not all(value.isdigit() and not value.startswith("0") for value in values):
        return False
    return sheet.change("item_id", lambda value: f"{value}.0")


def _integer_ids(rng: Random, sheets: Sheets) -> bool:
    changed = False
    for sheet in sheets.values():
        for name in IDS:
            position = sheet.column(name)
            values = [] if position is None else [row[position] for row in sheet.rows]
            if all(value is None or (value.isdigit() and value[0] != "0") for value in values):
                changed |= sheet.change(name, int)
    return changed


def _name_missing(rng: Random, sheets: Sheets) -> bool:
    word, changed = rng.choice(MISSING), False
    for sheet in sheets.values():
        for name in (*TIMES, "categories", "language", "domain"):
            position = sheet.column(name)
            if position is None or (name == "domain" and word in ("None", "NaT", "n/a")):
                continue
            for row in sheet.rows:
                if row[position] is None:
                    row[position], changed = word, True
    return changed


def _list_categories(rng: Random, sheets: Sheets) -> bool:
    spell: Callable[[list[str]], Any] = rng.choice(
        (
            lambda names: "|".join(names),
            lambda names: " | ".join(names),
            lambda names: repr(names),
            lambda names: [{"id": 1, "name": name} for name in names],
            lambda names: "[" + ", ".join(f'"{name}"' for name in names) + "]",
        )
    )
    items = sheets.get("items")
    return items is not None and items.change("categories", spell)


def _empty_rows(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    sheet.rows += [[None] * len(sheet.header) for _ in range(rng.randint(1, 30))]
    return True


def _spell_numbers(rng: Random, sheets: Sheets) -> bool:
    spell = rng.choice((lambda v: f"{v:.1f}", lambda v: f" {v} ", lambda v: f"{v:.6f}", repr))
    names = ("rating", "weight", "plays")
    changed = [
        sheet.change(name, lambda v: spell(float(v))) for sheet in sheets.values() for name in names
    ]
    return any(changed)


def _repeat_rows(rng: Random, sheets: Sheets) -> bool:
    """Repeats rows of tables with a key, which count once."""
    changed = False
    for name in ("items", "follows", "accounts", "categories"):
        if name in sheets and sheets[name].rows:
            sheets[name].rows.append(list(rng.choice(sheets[name].rows)))
            changed = True
    return changed


SPELLINGS: dict[str, SheetMutation] = {
    "times in another spelling": _respell_times,
    "times in several spellings": _mix_times,
    "ids with blanks and invisible characters": _pad_ids,
    "ids in NFD": _decompose_ids,
    "ids such as 7.0": _whole_floats,
    "ids as integers": _integer_ids,
    "numbers in another spelling": _spell_numbers,
    "categories in another spelling": _list_categories,
    "words for missing values": _name_missing,
    "repeated rows": _repeat_rows,
    "empty rows": _empty_rows,
    "columns in another order": _permute_columns,
    "columns under other names": _rename_columns,
    "further columns": _add_columns,
}
"""In the order in which several of them are applied."""

ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "gb18030", "cp1252", "latin-1", "big5")
ENCODINGS += ("shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r", "gbk", "cp1250", "mac_roman")


def _respell_csv(rng: Random, writing: Writing) -> None:
    writing.format, writing.ending = "csv", rng.choice(("csv", "CSV", "txt", "tsv", "tab"))
    writing.separator = rng.choice((",", ";", "\t", "|"))
    writing.quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    writing.line_end = rng.choice(("\n", "\r\n", "\r"))
    if rng.random() < 0.2:
        writing.prefix = f"sep={writing.separator}{writing.line_end}"


def _respell_json(rng: Random, writing: Writing) -> None:
    writing.format = rng.choice(("json", "jsonl"))
    endings = ("json",) if writing.format == "json" else ("jsonl", "ndjson", "jl", "json", "JSONL")
    writing.ending, writing.escape = rng.choice(endings), rng.random() < 0.5
    writing.indent, writing.line_end = rng.choice((None, 2)), rng.choice(("\n", "\r\n"))


def _encode(rng: Random, writing: Writing) -> None:
    writing.encoding = rng.choice(ENCODINGS)
    writing.mark = False


def _mark(rng: Random, writing: Writing) -> None:
    writing.encoding, writing.mark = "utf-8", True


def _parquet(rng: Random, writing: Writing) -> None:
    writing.format, writing.typed = "parquet", rng.random() < 0.7
    writing.ending = rng.choice(("parquet", "pq", "PARQUET"))


def _excel(rng: Random, writing: Writing) -> None:
    writing.format = writing.ending = "xlsx"


def _compress(rng: Random, writing: Writing) -> None:
    writing.compression = rng.choice(("gz", "bz2", "xz", "zip"))


def _layout(rng: Random, writing: Writing) -> None:
    writing.layout = rng.choice(("folder", "spark", "parts"))


WRITINGS: dict[str, Callable[[Random, Writing], None]] = {
    "CSV of other programs": _respell_csv,
    "JSON": _respell_json,
    "another encoding": _encode,
    "byte order mark": _mark,
    "Parquet": _parquet,
    "Excel": _excel,
    "compressed": _compress,
    "folders and parts": _layout,
}
