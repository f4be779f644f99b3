"""Values of Parquet, JSON and workbooks are read as CSV has them; advice that is given works."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.sources import read_dataset

PEOPLE = {"user_id": ["ana", "lin"], "item_id": ["1", "2"]}
MOMENT = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


def read(folder: Path, values: pl.Series, table: str = "interactions") -> Dataset:
    base = PEOPLE if table == "interactions" else {"item_id": ["1", "2"], "domain": ["a", "b"]}
    frame = pl.DataFrame(base).with_columns(values)
    frame.write_parquet(folder / f"{table}.parquet")
    return read_dataset(folder)


def error(folder: Path, values: pl.Series, table: str = "interactions") -> InputError:
    with pytest.raises(InputError) as raised:
        read(folder, values, table)
    return raised.value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series("weight", [True, False]), [1.0, -1.0]),
        (pl.Series("weight", [decimal.Decimal("-0.50"), None], pl.Decimal(5, 2)), [-0.5, 1.0]),
        (pl.Series("weight", [0.1, -0.3], pl.Float32), [0.1, -0.3]),
        (pl.Series("weight", [b"1", b"-1"]), [1.0, -1.0]),
        (pl.Series("timestamp", [MOMENT, None], pl.Datetime("ns", "UTC")), [1714557600.0, None]),
        (pl.Series("timestamp", [1588687728923, None], pl.UInt64), [1588687728.923, None]),
        (pl.Series("timestamp", [dt.date(2024, 5, 1), None]), [1714521600.0, None]),
        (pl.Series("kind", ["view", None], pl.Categorical), ["view", None]),
        (pl.Series("kind", [b"view", None]), ["view", None]),
        (pl.Series("kind", [True, None]), ["true", None]),
    ],
)
def test_type_of_a_data_frame_is_read(tmp_path: Path, values: pl.Series, expected: list[object]):
    data = read(tmp_path, values)
    assert data.rejected.is_empty()
    assert data.interactions[values.name].to_list() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([["a", "b"], ["c"]], [["a", "b"], ["c"]]),
        (pl.Series([["a"], None], dtype=pl.List(pl.Categorical)), [["a"], []]),
        ([["Sci|Fi", None], []], [["Sci|Fi"], []]),
        ([[["Books", "SF"]], [["Films"], []]], [["Books", "SF"], ["Films"]]),
        ([[{"id": 1, "name": "Drama"}], None], [["Drama"], []]),
        ([{"id": 1, "name": "Drama"}, None], [["Drama"], []]),
        ([[{"key": "Drama", "value": 0.5}], []], [["Drama"], []]),
        ([[27, 9], [3]], [["27", "9"], ["3"]]),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_lists_of_categories_are_read(tmp_path: Path, values, expected, form: str):
    series = pl.Series("categories", values)
    if form == "parquet":
        data = read(tmp_path, series, "items")
    else:
        rows = [
            {"item_id": n, "domain": "a", "categories": value}
            for n, value in enumerate(series.to_list())
        ]
        (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
        data = read_dataset(tmp_path)
    assert data.items["categories"].to_list() == expected


def test_lists_of_texts_are_joined_by_line_ends(tmp_path: Path):
    data = read(tmp_path, pl.Series("text", [["one", "two"], [None]]), "items")
    assert data.items["text"].to_list() == ["one\ntwo", None]


def test_ids_that_a_missing_value_made_decimal_are_whole_numbers(tmp_path: Path):
    data = read(tmp_path, pl.Series("user_id", [7.0, None]))
    assert data.interactions["user_id"].to_list() == ["7"]
    assert data.rejected["reason"].to_list() == ["is missing"]


@pytest.mark.parametrize("ids", [pl.Series("user_id", [decimal.Decimal(7)] * 2, pl.Decimal(38, 0))])
def test_whole_decimals_are_ids(tmp_path: Path, ids: pl.Series):
    assert read(tmp_path, ids).interactions["user_id"].to_list() == ["7", "7"]


def test_ids_that_lost_digits_as_decimals_are_refused(tmp_path: Path):
    lost = error(tmp_path, pl.Series("user_id", [9007199254740993.0, 1.0]))
    assert "its ids have lost their last digits" in lost.message


def test_objects_of_mongodb_are_their_values(tmp_path: Path):
    row = {
        "user_id": {"$oid": "5f1e"},
        "item_id": {"$numberLong": "7"},
        "timestamp": {"$date": {"$numberLong": "1714557600000"}},
    }
    (tmp_path / "interactions.json").write_text(json.dumps(row) + "\n")
    data = read_dataset(tmp_path)
    assert data.interactions.select("user_id", "item_id", "timestamp").rows() == [
        ("5f1e", "7", 1714557600.0)
    ]


def as_text(values: pl.Series) -> pl.Series:
    return values.cast(pl.String)


def first_field(values: pl.Series) -> pl.Series:
    return values.struct.field(values.struct.fields[0]).alias(values.name)


def with_its_day(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [MOMENT, MOMENT])


def decoded(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [value.decode("latin-1") for value in values])


@pytest.mark.parametrize(
    ("values", "advice", "follow"),
    [
        (pl.Series("user_id", [1.5, 2.5]), "Write it as text.", as_text),
        (pl.Series("user_id", [True, False]), "Write the column as text.", as_text),
        (
            pl.Series("user_id", [{"id": "ana", "n": 1}, {"id": "lin", "n": 2}]),
            "Write one of its fields (id, n) as user_id.",
            first_field,
        ),
        (
            pl.Series("timestamp", [dt.time(10), dt.time(11)]),
            "Write date and time of day together, as a date-time.",
            with_its_day,
        ),
        (
            pl.Series("timestamp", [dt.timedelta(days=3)] * 2),
            "Write date and time of day together, as a date-time.",
            with_its_day,
        ),
        (
            pl.Series("weight", [dt.date(2024, 1, 1)] * 2),
            "Write the column as numbers.",
            lambda values: values.cast(pl.Int32).alias("weight") % 2,
        ),
        (
            pl.Series("kind", [b"caf\xe9", b"bar"]),
            "Decode it, and write the column as text.",
            decoded,
        ),
    ],
)
def test_advice_for_a_column_of_another_type_works(tmp_path: Path, values, advice, follow):
    refused = error(tmp_path, values)
    assert refused.advice == advice
    data = read(tmp_path, follow(values))
    assert (data.interactions.height, data.rejected.height) == (2, 0)


def test_advice_for_a_list_of_users_works(tmp_path: Path):
    values = pl.Series("user_id", [["ana", "lin"], ["wei"]])
    assert error(tmp_path, values).advice.startswith("Write a row for each value of the list")
    frame = pl.DataFrame(PEOPLE).with_columns(values).explode("user_id")
    frame.write_parquet(tmp_path / "interactions.parquet")
    assert read_dataset(tmp_path).interactions["user_id"].to_list() == ["ana", "lin", "wei"]


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """A workbook as Excel saves it, without styles."""
    package = "http://schemas.openxmlformats.org"
    main = f'xmlns="{package}/spreadsheetml/2006/main"'
    office = f"{package}/officeDocument/2006/relationships"
    rels = f'<Relationships xmlns="{package}/package/2006/relationships">'
    names, targets = "", ""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, (name, rows) in enumerate(sheets, 1):
            names += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
            targets += (
                f'<Relationship Id="r{number}" Type="{office}/worksheet" '
                f'Target="worksheets/sheet{number}.xml"/>'
            )
            cells = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
            )
        archive.writestr(
            "[Content_Types].xml", f'<Types xmlns="{package}/package/2006/content-types"/>'
        )
        archive.writestr(
            "_rels/.rels",
            f'{rels}<Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"{rels}{targets}</Relationships>")
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        )
    return content.getvalue()


def cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return "<c/>" if value is None else f"<c><v>{value}</v></c>"


def test_workbook_is_read_with_exact_ids(tmp_path: Path):
    pytest.importorskip("fastexcel")
    rows = [
        ["item_id", "domain", "title"],
        [9780141439600, "books", "Dune"],
        [None, None, None],
        ["a2", "films", None],
    ]
    content = workbook(("Notes", [["hello"]]), ("Items", rows))
    (tmp_path / "items.xlsx").write_bytes(content)
    data = read_dataset(tmp_path)
    assert data.items.select("item_id", "domain", "title", "line").rows() == [
        ("9780141439600", "books", "Dune", 2),
        ("a2", "films", "", 4),
    ]


def test_workbook_without_the_package_is_an_error_that_names_it(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    (tmp_path / "items.xlsx").write_bytes(workbook(("Items", [["item_id", "domain"]])))
    with pytest.raises(InputError) as raised:
        read_dataset(tmp_path)
    assert "pip install 'isthmus[excel]'" in raised.value.advice


def test_damaged_workbook_is_an_error(tmp_path: Path):
    pytest.importorskip("fastexcel")
    (tmp_path / "items.xlsx").write_bytes(b"PK\3\4 damaged")
    with pytest.raises(InputError, match=r"items\.xlsx cannot be read as a workbook"):
        read_dataset(tmp_path)
