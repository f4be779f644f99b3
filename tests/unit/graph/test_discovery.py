"""Every file that is named like a table is read, or named with the reason why it is not."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import logging
import lzma
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.sources import read_dataset

ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Solaris\n"
EVENTS = "user_id,item_id,weight\nana,1,1\nlin,2,-1\n"
ROWS = [
    {"user_id": "ana", "item_id": 1, "weight": 1},
    {"user_id": "lin", "item_id": 2, "weight": -1},
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
COLUMNS = {name: {str(n): row[name] for n, row in enumerate(ROWS)} for name in ROWS[0]}
SPLIT = {"columns": list(ROWS[0]), "data": [list(row.values()) for row in ROWS]}


def zipped(**members: str) -> bytes:
    """A zip archive; `x__items_csv` is x/items.csv."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return content.getvalue()


def parquet(text: str = EVENTS) -> bytes:
    content = io.BytesIO()
    pl.read_csv(io.StringIO(text)).write_parquet(content)
    return content.getvalue()


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(folder: Path, files: dict[str, str | bytes]) -> Dataset:
    return read_dataset(write(folder, files))


def warnings(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)


def str_or_kind(value: object) -> str:
    """The id of a case: compressed bytes differ from run to run."""
    return value[:30] if isinstance(value, str) else "bytes"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("interactions.CSV", EVENTS),
        ("Interactions.csv", EVENTS),
        ("interactions.tsv", EVENTS.replace(",", "\t")),
        ("interactions.txt", EVENTS.replace(",", "\t")),
        ("interactions.txt", EVENTS),
        ("interactions.json", LINES),
        ("interactions.ndjson", LINES),
        ("interactions.jl", LINES),
        ("interactions.json", json.dumps(ROWS)),
        ("interactions.json", json.dumps(ROWS, indent=2)),
        ("interactions.jsonl", json.dumps(ROWS, indent=2)),
        ("interactions.json", json.dumps({"total": 2, "rows": ROWS})),
        ("interactions.json", json.dumps({"interactions": ROWS, "items": []}, indent=1)),
        ("interactions.json", "\n".join(json.dumps(row, indent=1) for row in ROWS)),
        ("interactions.json", json.dumps(COLUMNS)),
        ("interactions.json", json.dumps(SPLIT)),
        ("interactions.json.gz", gzip.compress(json.dumps(ROWS).encode())),
        ("interactions.csv.bz2", bz2.compress(EVENTS.encode())),
        ("interactions.csv.xz", lzma.compress(EVENTS.encode())),
        ("interactions.csv.zip", zipped(interactions_csv=EVENTS)),
        ("interactions.zip", zipped(export__data_csv=EVENTS, _MACOSX__data_csv="x")),
        ("interactions.parquet/part-00000-9943d681.snappy.parquet", parquet()),
        ("interactions.csv/part-00000", EVENTS),
        ("interactions/000000_0", EVENTS),
        ("interactions-2024.csv", EVENTS),
        ("interactions_2.csv", EVENTS),
        ("interactions.part1.csv", EVENTS),
        ("interactions (1).csv", EVENTS),
    ],
    ids=str_or_kind,
)
def test_table_is_read_under_any_ending(tmp_path: Path, name: str, content: str | bytes):
    data = read(tmp_path, {"items.csv": ITEMS, name: content})
    assert data.rejected.is_empty()
    assert data.interactions.select("user_id", "item_id", "weight").rows() == [
        ("ana", "1", 1.0),
        ("lin", "2", -1.0),
    ]


def test_files_of_one_table_are_read_together_and_listed(tmp_path: Path, caplog):
    caplog.set_level("INFO", logger="isthmus")
    files = {
        "items.csv": ITEMS,
        "interactions-2023.csv": "user_id,item_id\nana,1\n",
        "interactions-2024.jsonl.gz": gzip.compress(b'{"user_id": "lin", "item_id": 1}'),
        "interactions/more/a.csv": "item_id;user_id\n2;wei\n",
        "interactions/more/_SUCCESS": "",
        "interactions/more/.a.csv.crc": "x",
    }
    data = read(tmp_path, files)
    assert data.interactions.select("user_id", "file", "line").rows() == [
        ("wei", "interactions/more/a.csv", 2),
        ("ana", "interactions-2023.csv", 2),
        ("lin", "interactions-2024.jsonl.gz", 1),
    ]
    assert "interactions is read from 3 files: interactions/more/a.csv, " in caplog.text


def test_folders_that_name_a_column_become_the_column(tmp_path: Path):
    files = {
        "items/domain=books/part-0.csv": "item_id,title\n1,Dune\n",
        "items/domain=science%20fiction/year=2024/part-0.csv": "item_id,title\n2,Solaris\n",
        "items/domain=__HIVE_DEFAULT_PARTITION__/part-0.csv": "item_id,title\n3,?\n",
    }
    data = read(tmp_path, files)
    assert data.items.select("item_id", "domain").rows() == [
        ("1", "books"),
        ("2", "science fiction"),
    ]
    assert data.rejected.select("column", "reason").rows() == [("domain", "is missing")]


def test_zip_archive_of_a_dataset_is_read_and_removed_again(tmp_path: Path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    content = zipped(x__items_csv=ITEMS, x__interactions_csv=EVENTS)
    write(tmp_path, {"shop.zip": content, "folder/shop.zip": content})
    archive, folder = read_dataset(tmp_path / "shop.zip"), read_dataset(tmp_path / "folder")
    assert archive.fingerprint == folder.fingerprint
    assert archive.interactions.height == 2
    assert not list((tmp_path / "temporary").iterdir())


def test_damaged_zip_archive_is_an_error(tmp_path: Path):
    content = zipped(interactions_csv=EVENTS)
    with pytest.raises(InputError, match=r"interactions\.zip cannot be unpacked"):
        read(tmp_path, {"items.csv": ITEMS, "interactions.zip": content[: len(content) // 2]})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("interactions.avro", "files that end in .avro are not read; write it as Parquet"),
        ("interactions.tar.gz", "files that end in .tar are not read; unpack it"),
        ("interactions.csv.bak", "files that end in .bak are not read"),
        ("interactions_old.csv", "its name says that it is a copy"),
        ("interactions/_SUCCESS", "interactions: it holds no files"),
        ("interactions/_delta_log/0.json", "it is a Delta table"),
        ("export/interactions.csv", "export/interactions.csv: it lies in another folder"),
        ("sales.csv", "sales.csv: not named like a table"),
    ],
)
def test_file_that_is_not_read_is_named_with_the_reason(tmp_path: Path, caplog, name, reason):
    data = read(tmp_path, {"items.csv": ITEMS, name: EVENTS})
    assert data.interactions.is_empty()
    assert reason in warnings(caplog)


def test_files_that_hold_no_table_are_no_warning(tmp_path: Path, caplog):
    read(tmp_path, {"items.csv": ITEMS, "README.md": "hello", ".DS_Store": "x", "LICENSE": "MIT"})
    assert not warnings(caplog)


def test_pipe_named_like_a_table_does_not_block(tmp_path: Path, caplog):
    os.mkfifo(tmp_path / "interactions.csv")
    read(tmp_path, {"items.csv": ITEMS})
    assert "interactions.csv: it is neither a file nor a folder" in warnings(caplog)


@pytest.mark.parametrize("other", ["items.parquet", "items.csv.gz", "ITEMS.CSV", "items/a.csv"])
def test_table_of_two_files_with_one_name_is_an_error_until_one_is_renamed(tmp_path, other):
    content = ITEMS.replace("1,", "3,").replace("2,", "4,")
    files = {"items.csv": ITEMS, other: parquet(content) if "parquet" in other else content}
    with pytest.raises(InputError, match="have the same name") as raised:
        read(tmp_path, files)
    renamed = raised.value.advice.rpartition("rename it to ")[2].removesuffix(".")
    old = next(p for p in tmp_path.iterdir() if p.name in (other.split("/")[0],))
    old.rename(tmp_path / renamed)
    assert read_dataset(tmp_path).items.height == 4


def test_file_that_was_downloaded_twice_is_an_error(tmp_path: Path):
    files = {"items.csv": ITEMS, "interactions.csv": EVENTS, "interactions (1).csv": EVENTS}
    with pytest.raises(InputError, match="have the same content"):
        read(tmp_path, files)


def test_folder_of_a_folder_of_tables_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(InputError) as raised:
        read(tmp_path, {"export/items.csv": ITEMS})
    assert raised.value.advice == f"Tables lie below it: give {tmp_path / 'export'}."


def test_error_in_one_of_several_files_names_it_with_its_folder(tmp_path: Path):
    with pytest.raises(InputError, match=r"^interactions/a\.csv has no column user_id"):
        read(tmp_path, {"items.csv": ITEMS, "interactions/a.csv": "item_id\n1\n"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps(ROWS, indent=1)[:-20], "is not valid JSON"),
        (json.dumps(ROWS)[:-1], "the array is not closed"),
        ('{"a": 1, "b": {"c": 2}}', "in which the rows were not found; it has a, b"),
    ],
)
def test_json_document_without_rows_is_an_error(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read(tmp_path, {"items.csv": ITEMS, "interactions.json": text})


def test_rows_of_a_json_array_have_their_line_numbers(tmp_path: Path):
    text = '[\n{"user_id": "ana", "item_id": 1},\n7,\n{"user_id": "lin", "item_id": 2}\n]'
    data = read(tmp_path, {"items.csv": ITEMS, "interactions.json": text})
    assert data.interactions["line"].to_list() == [2, 4]
    assert data.rejected.select("line", "value").rows() == [(3, "7")]


@pytest.mark.parametrize("items", ["products.csv", "Movies.csv", "商品.csv", "items.csv"])
@pytest.mark.parametrize("events", ["orders.csv", "Ratings.csv.zip", "行为.csv"])
def test_the_only_file_called_like_products_or_orders_is_a_table(
    items: str, events: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="isthmus")
    content = zipped(x_csv=EVENTS) if events.endswith("zip") else EVENTS
    data = read(tmp_path, {items: ITEMS, events: content})
    assert (len(data.items), len(data.interactions)) == (2, 2)
    assert f"{events} is read as the table interactions" in caplog.text
    assert (f"{items} is read as the table items" in caplog.text) == (items != "items.csv")


def test_of_two_files_that_could_be_a_table_none_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = EVENTS.replace("ana", "wei")
    data = read(tmp_path, {"items.csv": ITEMS, "orders.csv": EVENTS, "clicks.csv": other})
    assert data.interactions.is_empty()
    assert "clicks.csv, orders.csv: only one of them can be interactions" in warnings(caplog)
    os.rename(tmp_path / "orders.csv", tmp_path / "interactions.csv")
    assert read_dataset(tmp_path).interactions["user_id"].to_list() == ["ana", "lin"]


def test_a_file_called_like_a_table_comes_before_one_called_otherwise(tmp_path: Path) -> None:
    data = read(tmp_path, {"items.csv": ITEMS, "interactions.csv": EVENTS, "ratings.csv": "x"})
    assert len(data.interactions) == 2
