"""Columns that isthmus does not read become attributes: one type a column, and a safe name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.graph.ingest import Dataset, preview_dataset
from isthmus.graph.ingest.attributes import RESERVED, cast_attributes, property_name
from isthmus.graph.sources import read_dataset


def read(folder: Path, **files: str) -> Dataset:
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text, "utf-8")
    return read_dataset(folder)


def kinds(dataset: Dataset, table: str = "items") -> dict[str, str]:
    own = ("item_id", "domain", "user_id", "title")
    return {name: r.kind for name, r in dataset.readings[table].items() if name not in own}


def column(*values: str) -> str:
    """A table of items with the column x."""
    rows = "".join(f"{n},books,{value}\n" for n, value in enumerate(values))
    return f"item_id,domain,x\n{rows}"


@pytest.mark.parametrize(
    ("values", "kind", "typed"),
    [
        (["true", "False", ""], "boolean", [True, False, None]),
        (["有", "无"], "boolean", [True, False]),
        (["1", "0"], "number", [1, 0]),
        (["12", "-3"], "number", [12, -3]),
        (["12.5", "7", "NaN"], "number", [12.5, 7.0, None]),
        (['"1,234"', "12"], "number", [1234, 12]),
        (['"4,5"', "3"], "number", [4.5, 3.0]),
        (["¥30", "¥35.5"], "number", [30.0, 35.5]),
        (["30元", "35元"], "number", [30, 35]),
        (["¥30", "$35"], "text", ["¥30", "$35"]),
        (["00123", "123"], "text", ["00123", "123"]),
        (["9007199254740993", "1"], "text", ["9007199254740993", "1"]),
        (["12", "on request"], "text", ["12", "on request"]),
        (["inf", "1"], "text", ["inf", "1"]),
        (["f", "f"], "text", ["f", "f"]),
        (["a|b", "c", ""], "list", [["a", "b"], ["c"], None]),
        (['"[""a"", ""b""]"', "[]"], "list", [["a", "b"], None]),
        (["zh", "en", "-"], "text", ["zh", "en", None]),
        (["03/04/2024", "05/06/2024"], "text", ["03/04/2024", "05/06/2024"]),
    ],
)
def test_a_column_has_the_first_type_that_all_of_its_values_have(
    tmp_path: Path, values: list[str], kind: str, typed: list[object]
) -> None:
    dataset = read(tmp_path, items_csv=column(*values))
    assert kinds(dataset) == {"x": kind}
    assert dataset.items["x"].to_list() == typed


def test_dates_are_moments_and_years_are_numbers(tmp_path: Path) -> None:
    text = "item_id,domain,released,year,published_at\n1,b,2024-05-31,2024,2020\n"
    text += "2,b,2024-05-31T12:30:00+08:00,1999,2021\n"
    items = read(tmp_path, items_csv=text).items
    assert items["released"].to_list() == [
        datetime(2024, 5, 31, tzinfo=UTC),
        datetime(2024, 5, 31, 4, 30, tzinfo=UTC),
    ]
    assert items["year"].to_list() == [2024, 1999]


def test_a_column_has_one_type_in_all_files_of_a_load(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,domain,price\n1,books,12.5\n", "utf-8")
    rows = [{"item_id": 2, "domain": "films", "price": "on request", "有货": True}]
    (tmp_path / "items-2.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    pl.DataFrame(
        {"item_id": ["3"], "domain": ["music"], "price": [3.0], "labels": [["x", "y"]]}
    ).write_parquet(tmp_path / "items-3.parquet")
    dataset = read_dataset(tmp_path)
    assert kinds(dataset) == {"price": "text", "有货": "boolean", "labels": "list"}
    by_id = {row["item_id"]: row for row in dataset.items.to_dicts()}
    assert [by_id[k]["price"] for k in "123"] == ["12.5", "on request", "3.0"]
    assert [by_id[k]["有货"] for k in "123"] == [None, True, None]
    assert by_id["3"]["labels"] == ["x", "y"]
    assert (
        "text, though most values are numbers: on request" in preview_dataset(dataset, 0.05).text()
    )


def test_types_of_parquet_and_json_are_kept(tmp_path: Path) -> None:
    moment = datetime(2024, 5, 31, 12, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "item_id": ["1", "2"],
            "domain": ["books"] * 2,
            "flag": [True, None],
            "count": [3, None],
            "price": [1.5, 2.0],
            "at": [moment, None],
            "day": [moment.date(), None],
            "vector": [[0.1, 0.2]] * 2,
            "blob": [b"x", b"y"],
            "names": [["a"], []],
        }
    )
    frame.write_parquet(tmp_path / "items.parquet")
    dataset = read_dataset(tmp_path)
    items = dataset.items
    assert items["flag"].to_list() == [True, None]
    assert items["count"].to_list() == [3, None]
    assert items["at"].to_list() == [moment, None]
    assert items["day"].to_list() == [datetime(2024, 5, 31, tzinfo=UTC), None]
    assert items["names"].to_list() == [["a"], None]
    assert not {"vector", "blob"} & set(items.columns)


def test_what_is_no_attribute_is_said(tmp_path: Path) -> None:
    header = ",item_id,domain,index,id,rank,about,meta\n"
    rows = [f'{n},i{n},books,{n},{n + 1},{n + 1},{"x" * 501},"{{""a"": 1}}"\n' for n in range(4)]
    dataset = read(tmp_path, items_csv=header + "".join(rows))
    assert kinds(dataset) == {
        "id_": "left out",
        "rank": "number",
        "about": "left out",
        "meta": "left out",
    }
    assert set(dataset.items.columns) >= {"rank"}
    assert not {"id_", "about", "meta", "index"} & set(dataset.items.columns)
    said = preview_dataset(dataset, 0.05).text()
    assert "no attribute: it numbers the rows" in said
    assert "no attribute: a text has 501 characters, and attributes have 500" in said
    assert "no attribute: its values are objects" in said


def test_an_object_of_mongo_is_its_value_and_half_a_character_is_missing(tmp_path: Path) -> None:
    line = '{"item_id": 1, "domain": "b", "price": {"$numberDecimal": "3.5"}, "x": "\\ud83d"}\n'
    dataset = read(tmp_path, items_jsonl=line)
    assert dataset.items["price"].to_list() == [3.5]
    assert dataset.rejected.is_empty()
    assert "x" not in dataset.items.columns


def test_fifty_columns_of_a_table_are_attributes(tmp_path: Path) -> None:
    names = [f"c_{n}x" for n in range(60)]
    text = f"item_id,domain,{','.join(names)}\n1,books,{','.join(['1'] * 60)}\n"
    dataset = read(tmp_path, items_csv=text)
    assert len(kinds(dataset)) == 50


def test_the_first_of_two_rows_of_an_item_gives_its_attributes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "item_id,domain,shop\n1,books,a\n1,books,b\n2,books,a\n"
    dataset = read(tmp_path, items_csv=text)
    assert dataset.items["shop"].to_list() == ["a", "a"]
    assert (dataset.repeated, dataset.rejected.height) == (1, 0)
    assert "items: rows of the same item_id have other values in shop" in caplog.text


def test_users_have_attributes_and_exist_without_interactions(tmp_path: Path) -> None:
    dataset = read(
        tmp_path,
        items_csv="item_id,domain\n1,books\n",
        users_csv="User ID,age,city\nana,31,上海\nben,,Bonn\n",
    )
    assert kinds(dataset, "users") == {"age": "number", "city": "text"}
    assert dataset.users["user_id"].to_list() == ["ana", "ben"]


def test_attributes_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    with_price = read(tmp_path, items_csv="item_id,domain,price\n1,books,3\n")
    without = read(tmp_path, items_csv="item_id,domain\n1,books\n")
    assert with_price.fingerprint == without.fingerprint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("price", "price"),
        ("In Stock", "In_Stock"),
        ("价格(元)", "价格_元"),
        ("有货", "有货"),
        ("2024", "_2024"),
        ("likes", "likes_"),
        ("Title", "Title_"),
        ("class", "class_"),
        ("None", "None_"),
        ("a`b", "a_b"),
        ("`}) DETACH DELETE n //", "DETACH_DELETE_n"),
        ("\\u0060", "u0060"),
        ("___", "column"),
        ("ｐｒｉｃｅ", "price"),
    ],
)
def test_a_property_is_an_identifier_and_none_of_isthmus(name: str, expected: str) -> None:
    assert property_name(name) == expected


@given(st.text(max_size=80))
def test_no_name_of_a_column_makes_an_unsafe_property(name: str) -> None:
    own = property_name(name)
    assert own.isidentifier()
    assert len(own) <= 66
    assert not set(own) & set("`\\ \n\"'{}()[]$")
    assert own not in RESERVED


def test_values_of_an_attribute_that_the_graph_has_as_text_become_texts() -> None:
    frame = pl.DataFrame({"key": ["a"], "price": [3], "tags": ["x"], "ok": [True]})
    cast = cast_attributes(frame, ("key",), {"price": "text", "tags": "list", "ok": "number"})
    assert cast.to_dicts() == [{"key": "a", "price": "3", "tags": ["x"], "ok": True}]
