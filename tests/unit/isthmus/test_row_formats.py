"""Rows as a table, CSV, JSON Lines and Parquet."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len

from isthmus.errors import InputError
from isthmus.row_formats import format_of, format_rows, write_rows

COLUMNS = ["title", "weight", "ok", "parts"]
ROWS = [
    ["深空戴森球", 1 / 3, True, ["a", "b"]],
    ['A Map, "of" it', None, False, [{"k": 1}, {"k": 2}]],
    ["bell\x07\nline", 12345678.0, None, {"x": 1.5, "y": None}],
]


def test_a_table_is_aligned_by_the_width_of_its_characters() -> None:
    assert format_rows(COLUMNS, ROWS, "table").splitlines() == [
        "title                weight  ok     parts",
        "--------------  -----------  -----  ---------------",
        "深空戴森球         0.333333  true   a, b",
        'A Map, "of" it               false  k: 1; k: 2',
        r"bell\x07\nline  1.23457e+07         x: 1.5, y: null",
    ]


def test_cells_are_shortened_to_a_terminal_only() -> None:
    rows = [["一二三四五六七八九十" * 3, "x" * 40, 7]]
    columns = ["wide", "long", "n"]
    shown = format_rows(columns, rows, "table", width=40).splitlines()
    assert max(map(cell_len, shown)) <= 40
    assert shown[2].count("…") == 2
    assert shown[2].endswith("  7")
    assert "…" not in format_rows(columns, rows, "table")


def test_a_table_without_rows_has_its_columns() -> None:
    assert format_rows(["a", "bb"], [], "table") == "a  bb\n-  --"
    assert format_rows(["a", "bb"], [], "csv") == "a,bb"
    assert format_rows(["a", "bb"], [], "jsonl") == ""


def test_csv_and_json_lines_keep_whole_values() -> None:
    assert format_rows(COLUMNS, ROWS[:2], "csv").splitlines() == [
        "title,weight,ok,parts",
        '深空戴森球,0.3333333333333333,true,"[""a"", ""b""]"',
        '"A Map, ""of"" it",,false,"[{""k"": 1}, {""k"": 2}]"',
    ]
    assert format_rows(["t", "n"], [["球", None]], "jsonl") == '{"t": "球", "n": null}'


def test_parquet_keeps_types_and_writes_json_where_there_is_no_common_one(tmp_path: Path) -> None:
    columns = ["n", "x", "l", "mixed", "maps", "none"]
    rows = [
        [1, 1, ["a"], 1, {"a": 1}, None],
        [2, 0.5, [], "two", {"a": 2}, None],
        [None, None, None, [3], None, None],
    ]
    path = tmp_path / "rows.parquet"
    write_rows(path, columns, rows, format_of(path))
    frame = pl.read_parquet(path)
    assert frame["n"].to_list() == [1, 2, None]
    assert frame["x"].to_list() == [1.0, 0.5, None]
    assert frame["l"].to_list() == [["a"], [], None]
    assert frame["mixed"].to_list() == ["1", '"two"', "[3]"]
    assert frame["maps"].struct.field("a").to_list() == [1, 2, None]
    assert frame["none"].to_list() == [None] * 3
    write_rows(path, ["m"], [[{}]], "parquet")
    assert pl.read_parquet(path)["m"].to_list() == ["{}"]
    write_rows(path, ["a"], [], "parquet")
    assert pl.read_parquet(path).shape == (0, 1)


def test_the_ending_names_the_format_and_a_file_is_replaced(tmp_path: Path) -> None:
    endings = {"csv": "csv", "JSONL": "jsonl", "parquet": "parquet", "txt": "table"}
    for ending, kind in endings.items():
        assert format_of(Path(f"a.{ending}")) == kind
    for text in ("old", "new"):
        write_rows(tmp_path / "a.csv", ["x"], [[text]], "csv")
    assert (tmp_path / "a.csv").read_text("utf-8") == "x\nnew\n"
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_rows(tmp_path / "no" / "a.csv", ["x"], [], "csv")
