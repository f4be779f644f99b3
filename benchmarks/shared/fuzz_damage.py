"""Mutations that damage a dataset: values, bytes and files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl

from shared.fuzz_spellings import SheetMutation
from shared.fuzz_tables import Sheets
from shared.fuzz_writing import Files, parquet, workbook, zipped

VALUES: tuple[Any, ...] = (
    *("1e5", "1,5", "1_000", "NaN", "inf", "-inf", "9.78E+12", "1e400", "0x1F", "１２", "½", "-0"),
    *(
        "",
        " ",
        "\t",
        "NULL",
        "None",
        "\\N",
        "-",
        "--",
        "#N/A",
        "#REF!",
        "=1+1",
        "'7",
        "$5.00",
        "5%",
    ),
    *("2024-02-30", "31/12/2023", "12/31/2023", "3/4/2023", "0000-00-00", "9999-12-31", "24:00"),
    *("2106-02-07T06:28:15Z", "Tue Nov 17 11:37:35 -0800 2015", "20240531", "2024W221", "now"),
    *("-62135596801", "1e18", "253402300800", "99999999999999999999999999", "10:00", "2024-05-31T"),
    *("\x00", "a\x00b", "\x1b[31mred", "\u202eevil", "\ud7ff", "😀" * 300, "e\u0301", "\ufeffx"),
    *("a:b", "a/b", "../../etc", "x" * 600, "y" * 140_000, "a\nb", "a\r\nb", '"', "'", "\\", "|||"),
    *("[]", "{}", "[1, [2, [3]]]", "{'a': 1}", '["a", ', "[" * 3_000, "&#0;", "&#x110000;", "<b>"),
    *(True, False, None, 0, -1, 7, 10**30, -(10**18), 1.5, float("nan"), float("inf"), 1e308),
    *([], ["a", None], [["a"]], {}, {"a": {"b": 1}}, {"$oid": "5f"}, {"$date": 1}, {"name": "x"}),
)
MORE_VALUES: tuple[Any, ...] = (
    *(date(2024, 5, 31), datetime(2024, 5, 31, 12), datetime(2024, 5, 31, tzinfo=UTC)),
    *(time(12, 30), timedelta(days=3), Decimal("7.10"), b"abc", b"\xff\xfe", date(1, 1, 1)),
)
NAMES = ("items", "interactions", "texts", "follows", "accounts", "categories")


def _cells(rng: Random, sheets: Sheets) -> bool:
    for _ in range(rng.randint(1, 6)):
        sheet = rng.choice(list(sheets.values()))
        row = rng.choice(sheet.rows or [[None]])
        if row:
            row[rng.randrange(len(row))] = rng.choice(VALUES)
    return True


def _column(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    position = rng.randrange(max(1, len(sheet.header)))
    pool = [rng.choice((*VALUES, *MORE_VALUES)) for _ in range(rng.choice((1, 1, 2, 4)))]
    for row in sheet.rows:
        if position < len(row):
            row[position] = rng.choice(pool)
    return True


def _header(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    position = rng.randrange(max(1, len(sheet.header)))
    if sheet.header:
        names = (*sheet.header, "", "foo", "user", "id", "weight", "x" * 70_000, "\x00", "a,b")
        sheet.header[position] = rng.choice(names)
    return True


def _drop_column(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    if sheet.header:
        position = rng.randrange(len(sheet.header))
        del sheet.header[position]
        for row in sheet.rows:
            del row[position : position + 1]
    return True


def _no_rows(rng: Random, sheets: Sheets) -> bool:
    rng.choice(list(sheets.values())).rows.clear()
    return True


def _no_header(rng: Random, sheets: Sheets) -> bool:
    sheet = rng.choice(list(sheets.values()))
    if sheet.rows:
        sheet.header = [str(value) for value in sheet.rows.pop(0)]
    return True


def _ragged(rng: Random, sheets: Sheets) -> bool:
    for row in rng.choice(list(sheets.values())).rows:
        if rng.random() < 0.2:
            row += ["more"] * rng.randint(1, 40)
        elif rng.random() < 0.2:
            del row[rng.randrange(len(row) + 1) :]
    return True


def _swap(rng: Random, sheets: Sheets) -> bool:
    for sheet in sheets.values():
        rng.shuffle(sheet.header)
    return True


def _drop_table(rng: Random, sheets: Sheets) -> bool:
    if len(sheets) > 1:
        del sheets[rng.choice(list(sheets))]
    return True


def _contradict(rng: Random, sheets: Sheets) -> bool:
    for sheet in sheets.values():
        if sheet.rows and (rows := [list(row) for row in rng.choices(sheet.rows, k=3)]):
            for row in rows:
                if row:
                    row[-1] = rng.choice(("other", 3, None))
            sheet.rows += rows
    return True


DAMAGED_SHEETS: dict[str, SheetMutation] = {
    "strange values in some cells": _cells,
    "strange values in a column": _column,
    "wrong header names": _header,
    "missing column": _drop_column,
    "header without rows": _no_rows,
    "no header": _no_header,
    "ragged rows": _ragged,
    "swapped columns": _swap,
    "missing table": _drop_table,
    "contradicting rows": _contradict,
}


def _bytes(damage: Callable[[Random, bytes], bytes]) -> Callable[[Random, Files], None]:
    def apply(rng: Random, files: Files) -> None:
        if files:
            path = rng.choice(list(files))
            files[path] = damage(rng, files[path])

    return apply


def _flip(rng: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 12)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _truncate(rng: Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _insert(rng: Random, content: bytes) -> bytes:
    piece = rng.choice(
        (
            *(
                b"\0",
                b'"',
                b"\r",
                b"\n\n\n",
                b"\xff",
                b"\xef\xbb\xbf",
                b"\x1a",
                b"'",
                b"\\",
                b"{",
                b"[",
            ),
            *(
                b"," * 50,
                b"\0" * 5_000,
                b"\xe4\xbd",
                b"x" * 9_000_000,
                b"\x1f\x8b",
                b"PAR1",
                b"PK\3\4",
            ),
        )
    )
    position = rng.choice((0, rng.randrange(len(content) + 1), len(content)))
    return content[:position] + piece + content[position:]


def _splice(rng: Random, content: bytes) -> bytes:
    start, end = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    return rng.choice((content[:start] + content[end:], content + content[start:end]))


def _line_ends(rng: Random, content: bytes) -> bytes:
    ends = (b"\n", b"\r\n", b"\r", b"\n\r")
    return b"".join(line + rng.choice(ends) for line in content.split(b"\n"))


def _recode_a_part(rng: Random, content: bytes) -> bytes:
    middle = rng.randrange(len(content) + 1)
    text = content[middle:].decode("utf-8", "replace") + "é编号"
    encoding = rng.choice(("cp1252", "gb18030", "utf-16", "cp1251"))
    return content[:middle] + text.encode(encoding, "replace")


def _broken_gzip(rng: Random, content: bytes) -> bytes:
    return rng.choice((_truncate, _flip))(rng, gzip.compress(content))


def _typed_parquet(rng: Random, files: Files) -> None:
    """Writes a table as Parquet with the types of other programs."""
    name = rng.choice(NAMES[:3])
    ids = pl.Series(["1", "2", "3"])
    columns: dict[str, pl.Series] = {"user_id": ids, "item_id": ids, "domain": ids, "text": ids}
    columns |= {"title": ids, "weight": pl.Series([1.0, 2.0, None])}
    kinds: tuple[pl.Series, ...] = (
        pl.Series([Decimal("1.50"), None, Decimal("3.00")]),
        pl.Series([timedelta(days=1)] * 3),
        pl.Series([b"a", b"\xff", None]),
        pl.Series(["a", "b", "a"], dtype=pl.Categorical),
        pl.Series([{"a": 1, "b": {"c": ["x"]}}] * 3),
        pl.Series([2**64 - 1, 5, None], dtype=pl.UInt64),
        pl.Series([datetime(2024, 5, 31)] * 3).dt.replace_time_zone("Asia/Kolkata"),
        pl.Series([datetime(9999, 12, 31), datetime(1, 1, 1), None], dtype=pl.Datetime("us")),
        pl.Series([time(1, 2)] * 3),
        pl.Series([[1.5, None], [], None]),
        pl.Series([[["a"]], [], None]),
        pl.Series([True, False, None]),
        pl.Series([float("nan"), float("inf"), 1e300]),
        pl.Series([1.5, 2.0, None], dtype=pl.Float32),
        pl.Series([None, None, None], dtype=pl.Null),
        pl.Series([date(2024, 5, 31), date(1, 1, 1), None]),
        pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
        pl.Series(["", " ", "\0"]),
    )
    for column in rng.sample(list(columns), rng.randint(1, 4)):
        columns[column] = rng.choice(kinds)
    frame = pl.DataFrame({name: series.alias(name) for name, series in columns.items()})
    for path in [path for path in files if path.startswith(name)]:
        del files[path]
    files[f"{name}.parquet"] = parquet(frame)


def _odd_workbook(rng: Random, files: Files) -> None:
    rows = [["user_id", "item_id", "domain", "title", "text"], ["=A1", 2.5, "x", True, None]]
    rows += [[]] * rng.randint(0, 3) + [[rng.choice(VALUES) for _ in range(5)] for _ in range(3)]
    name = rng.choice(NAMES[:3])
    sheets = {"Notes": [["x"]], rng.choice((name, "Sheet1")): rows}
    merged = '<mergeCells count="1"><mergeCell ref="A1:B3"/></mergeCells>'
    content = workbook(sheets, rng.choice(("", merged)))
    files[f"{name}.xlsx"] = rng.choice((content, content, _flip(rng, content)))


def _wrong_ending(rng: Random, files: Files) -> None:
    if files:
        path = rng.choice(list(files))
        endings = (".csv", ".json", ".jsonl", ".parquet", ".xlsx", ".zip", ".gz", ".feather", "")
        files[path.split(".")[0] + rng.choice(endings)] = files.pop(path)


def _add_file(rng: Random, files: Files) -> None:
    name, ending = rng.choice(NAMES), rng.choice((".csv", ".jsonl", ".parquet", ".zip", "", ".tsv"))
    content = rng.choice((b"", b"\n", b"x", b"user_id,item_id\n", b"[]", b"{}", b"null", b"\0\0"))
    place = rng.choice(("", "", f"{name}/", "year=2024/", f"{name}/item_id=7/", "deep/er/"))
    files[f"{place}{name}{ending}"] = content


def _archive(rng: Random, files: Files) -> None:
    content = zipped({rng.choice(("", "data/", "__MACOSX/")) + p: c for p, c in files.items()})
    if rng.random() < 0.7:
        files.clear()
    files[rng.choice(("data.zip", "items.zip", "Data.ZIP"))] = rng.choice(
        (content, _flip(rng, content), _truncate(rng, content))
    )


DAMAGED_FILES: dict[str, Callable[[Random, Files], None]] = {
    "flipped bytes": _bytes(_flip),
    "truncated file": _bytes(_truncate),
    "inserted bytes": _bytes(_insert),
    "lost or repeated part": _bytes(_splice),
    "mixed line ends": _bytes(_line_ends),
    "two encodings": _bytes(_recode_a_part),
    "damaged gzip": _bytes(_broken_gzip),
    "types of Parquet": _typed_parquet,
    "odd workbook": _odd_workbook,
    "wrong ending": _wrong_ending,
    "another file": _add_file,
    "archive": _archive,
}
