"""Invalid inputs: each error names the problem and the remedy.

An unreadable file stops the load with exit code 2; an invalid row is rejected, and the other rows
are read.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rejected import check_rejected_share, describe_rejected
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.files import read_lines

ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Solaris\n3,films,Stalker\n"
EVENTS = "user_id,item_id,weight,timestamp\nana,1,1,2024-01-01\n"
MIB = 2**20


def read_error(folder: Path, **files: str | bytes) -> InputError:
    """The error that reading these files raises; `items_csv` is items.csv."""
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as raised:
        read_dataset(folder)
    assert raised.value.exit_code == 2
    assert raised.value.advice
    return raised.value


def read(folder: Path, **files: str | bytes) -> Dataset:
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dataset(folder)


def descriptions(rejected: pl.DataFrame) -> list[str]:
    return [describe_rejected(row) for row in rejected.iter_rows(named=True)]


# Ten common errors


def test_missing_column_error_names_file_column_and_existing_columns(tmp_path: Path):
    error = read_error(tmp_path, interactions_csv="item_id,weight\n1,1\n")
    assert error.message == "interactions.csv has no column user_id; it has item_id, weight."


def test_row_with_a_wrong_type_is_rejected_and_the_others_are_read(tmp_path: Path):
    data = read(tmp_path, interactions_csv=EVENTS + "ana,2,plenty,\n")
    assert descriptions(data.rejected) == [
        "interactions.csv, line 3: weight 'plenty': is not a number"
    ]
    assert data.interactions.height == 1


def test_parquet_column_of_a_wrong_type_is_an_error(tmp_path: Path):
    frame = pl.DataFrame({"user_id": ["ana"], "item_id": [1.5]})
    frame.write_parquet(tmp_path / "interactions.parquet")
    error = read_error(tmp_path)
    assert error.message == (
        "interactions.parquet: the column item_id has decimal numbers, which are no ids."
    )


@pytest.mark.parametrize("name", ["items_csv", "items_csv_gz", "items_jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n"])
def test_empty_file_is_an_error(tmp_path: Path, name: str, content: bytes):
    if name.endswith("gz"):
        content = gzip.compress(content)
    assert f"{name.replace('_', '.')} is empty" in read_error(tmp_path, **{name: content}).message


@pytest.mark.parametrize("name", ["items_csv", "items_jsonl", "items_parquet", "items_csv_gz"])
def test_binary_file_is_an_error(tmp_path: Path, name: str):
    noise = random.Random(7).randbytes(50_000)
    error = read_error(tmp_path, **{name: b"\x89PNG\r\n" + noise})
    assert name.replace("_", ".") in error.message


def test_empty_parquet_file_is_an_error(tmp_path: Path):
    assert read_error(tmp_path, items_parquet=b"").message == "items.parquet is empty."


def test_duplicate_id_with_other_values_is_rejected(tmp_path: Path):
    data = read(tmp_path, items_csv=ITEMS + "1,books,Dune Messiah\n")
    assert descriptions(data.rejected) == [
        "items.csv, line 5: item_id '1': line 2 has other values for the same key"
    ]
    assert data.items["title"].to_list() == ["Dune", "Solaris", "Stalker"]


def test_unknown_item_is_rejected(tmp_path: Path):
    data = read(tmp_path, items_csv=ITEMS, interactions_csv=EVENTS + "ana,99,1,\n")
    resolved, rejected = resolve_items(data.interactions, data.items)
    assert descriptions(rejected) == [
        "interactions.csv, line 3: item_id '99': there is no such item"
    ]
    assert resolved["domain"].to_list() == ["books"]


@pytest.mark.parametrize("value", ["inf", "-inf"])
def test_weight_that_is_not_finite_is_rejected(tmp_path: Path, value: str):
    data = read(tmp_path, interactions_csv=EVENTS + f"ana,2,{value},\n")
    assert descriptions(data.rejected) == [
        f"interactions.csv, line 3: weight '{value}': is not a finite number"
    ]


def test_date_that_is_not_iso_is_rejected(tmp_path: Path):
    data = read(tmp_path, interactions_csv=EVENTS + "ana,2,1,the first of May\n")
    assert descriptions(data.rejected) == [
        "interactions.csv, line 3: timestamp 'the first of May': "
        "is not a time: write 2024-05-31 or 2024-05-31T12:30:00Z"
    ]


def test_line_of_50_mb_is_rejected_and_the_next_line_is_read(tmp_path: Path):
    long = "x" * (50 * MIB)
    data = read(tmp_path, texts_csv=f"user_id,text\nana,{long}\nlin,short\n")
    assert descriptions(data.rejected) == [
        "texts.csv, line 2: has a field of more than 131,072 characters, "
        "or a quote that never closes"
    ]
    assert data.texts.select("user_id", "line").rows() == [("lin", 3)]


def test_quoted_field_of_50_mb_is_rejected_and_the_next_row_is_read(tmp_path: Path):
    long = "x" * (50 * MIB)
    data = read(tmp_path, texts_csv=f'user_id,text\nana,"{long}"\nlin,short\n')
    assert data.rejected["line"].to_list() == [2]
    assert data.texts.select("user_id", "line").rows() == [("lin", 3)]


def test_json_line_of_50_mb_is_rejected_and_the_next_line_is_read(tmp_path: Path):
    rows = [{"user_id": "ana", "text": "x" * (50 * MIB)}, {"user_id": "lin", "text": "short"}]
    data = read(tmp_path, texts_jsonl="\n".join(map(json.dumps, rows)))
    assert descriptions(data.rejected) == ["texts.jsonl, line 1: the line is longer than 8 MiB"]
    assert data.rejected["value"].str.len_chars().to_list() == [200]
    assert data.texts["user_id"].to_list() == ["lin"]


JAPANESE = "item_id,domain,title\n1,books,ノルウェイの森\n".encode("shift_jis")


def test_encoding_error_has_line_byte_and_conversion_command(tmp_path: Path):
    error = read_error(tmp_path, items_csv=JAPANESE)
    assert error.message == (
        "items.csv, line 2: byte 9 is 0x83, which is not UTF-8; it looks like CP932."
    )
    assert error.advice == "Convert it: iconv -f CP932 -t UTF-8 items.csv > new.csv"


# More encodings


def test_encoding_error_of_a_gzip_file_has_a_command_that_decompresses_it(tmp_path: Path):
    error = read_error(tmp_path, items_csv_gz=gzip.compress(JAPANESE))
    assert error.advice == "Convert it: gzip -dc items.csv.gz | iconv -f CP932 -t UTF-8 > new.csv"


def test_invalid_byte_in_a_large_file_is_found_on_its_line(tmp_path: Path):
    rows = "".join(f"{n},books,{'é' * 30}\n" for n in range(30_000)).encode()
    error = read_error(tmp_path, items_csv=b"item_id,domain,title\n" + rows + b"x,books,\xff\n")
    assert "items.csv, line 30002: byte 9 is 0xff" in error.message


# Files of other types, or damaged


def test_excel_workbook_named_csv_is_an_error(tmp_path: Path):
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    error = read_error(tmp_path, items_csv=workbook.getvalue())
    assert error.message == "items.csv is an Excel workbook or a zip archive."
    assert ".xlsx or .zip" in error.advice


def test_parquet_file_named_csv_is_an_error_that_names_the_extension(tmp_path: Path):
    pl.DataFrame({"item_id": ["1"], "domain": ["books"]}).write_parquet(tmp_path / "items.csv")
    assert "ends in .parquet" in read_error(tmp_path).advice


@pytest.mark.parametrize("name", ["items_csv_gz", "items_jsonl_gz", "items_parquet_gz"])
def test_truncated_gzip_file_is_an_error(tmp_path: Path, name: str):
    content = gzip.compress(random.Random(7).randbytes(10_000).hex().encode())
    error = read_error(tmp_path, **{name: content[: len(content) // 2]})
    assert f"{name.replace('_', '.')} is damaged" in error.message


def test_gzip_file_with_a_wrong_checksum_is_an_error(tmp_path: Path):
    content = bytearray(gzip.compress(ITEMS.encode()))
    content[-6] ^= 255
    assert "items.csv.gz is damaged" in read_error(tmp_path, items_csv_gz=bytes(content)).message


def test_file_compressed_twice_is_an_error(tmp_path: Path):
    twice = gzip.compress(gzip.compress(ITEMS.encode()))
    assert "gzip twice" in read_error(tmp_path, items_csv_gz=twice).message


def test_truncated_parquet_file_is_an_error(tmp_path: Path):
    content = io.BytesIO()
    pl.DataFrame({"item_id": ["1"] * 99, "domain": ["books"] * 99}).write_parquet(content)
    half = content.getvalue()[: len(content.getvalue()) // 2]
    error = read_error(tmp_path, items_parquet=half)
    assert "items.parquet cannot be read as Parquet" in error.message


def test_parquet_file_without_a_required_column_is_an_error(tmp_path: Path):
    pl.DataFrame({"item_ids": ["1"], "domain": ["books"]}).write_parquet(tmp_path / "items.parquet")
    error = read_error(tmp_path)
    assert error.message == "items.parquet has no column item_id; it has item_ids, domain."
    assert "rename it to item_id" in error.advice


# Headers


def test_similar_column_name_is_suggested(tmp_path: Path):
    error = read_error(tmp_path, interactions_csv="user_ids,item_id\nana,1\n")
    assert error.advice == "If user_ids is this column, rename it to user_id."


def test_repeated_column_is_an_error(tmp_path: Path):
    error = read_error(tmp_path, items_csv="item_id,domain,item_id\n1,books,2\n")
    assert "has the column item_id 2 times" in error.message


def test_header_with_an_unclosed_quote_is_an_error(tmp_path: Path):
    error = read_error(tmp_path, items_csv='"item_id,domain\n1,books\n')
    assert "items.csv, line 1: the header cannot be read" in error.message


def test_tables_without_rows_are_an_error(tmp_path: Path):
    assert "no rows" in read_error(tmp_path, items_csv="item_id,domain\n").message


# Folders


def test_missing_folder_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="nowhere cannot be read as a folder"):
        read_dataset(tmp_path / "nowhere")


def test_file_instead_of_a_folder_is_an_error(tmp_path: Path):
    (tmp_path / "items.csv").write_text(ITEMS)
    with pytest.raises(InputError, match="cannot be read as a folder"):
        read_dataset(tmp_path / "items.csv")


def test_folder_without_tables_is_an_error_with_its_files_and_the_table_names(tmp_path: Path):
    error = read_error(tmp_path, item_csv=ITEMS, notes_md="hello")
    assert "contains item.csv, notes.md" in error.message
    assert "items, users, interactions, texts" in error.advice


def test_objects_without_a_required_key_are_an_error_that_names_their_keys(tmp_path: Path):
    lines = '{"listener": "ana", "item_id": 1}\n{"listener": "lin", "item_id": 1}\n'
    error = read_error(tmp_path, items_csv=ITEMS, interactions_jsonl=lines)
    assert error.message == ("interactions.jsonl has no column user_id; it has item_id, listener.")
    (tmp_path / "interactions.jsonl").write_text(lines.replace("listener", "user_id"))
    assert len(read_dataset(tmp_path).interactions) == 2


def test_items_without_a_domain_are_an_error_whose_advice_loads(tmp_path: Path):
    error = read_error(tmp_path, items_csv="item_id,title\n1,Dune\n")
    assert error.advice == (
        "Add the column domain; items of one domain have the same name in every row."
    )
    (tmp_path / "items.csv").write_text("item_id,title,domain\n1,Dune,books\n")
    assert len(read_dataset(tmp_path).items) == 1


@pytest.mark.parametrize("name", ["interactions.csv", "interactions.jsonl"])
def test_ignored_columns_without_a_weight_are_said_to_make_every_row_a_like(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "items.csv").write_text(ITEMS)
    rows = "user_id,item_id,note\nana,1,5\nlin,1,1\nmia,1,3\n"
    if name.endswith("jsonl"):
        objects = [
            {"user_id": user, "item_id": 1, "note": note}
            for user, note in (("ana", 5), ("lin", 1), ("mia", 3))
        ]
        rows = "".join(json.dumps(row) + "\n" for row in objects)
    (tmp_path / name).write_text(rows)
    assert read_dataset(tmp_path).interactions["weight"].to_list() == [1, 1, 1]
    said = (
        f"{name}: ignored {'keys' if 'json' in name else 'columns'}: note; none is read as weight"
    )
    assert said in caplog.text
    (tmp_path / name).write_text(rows.replace("note", "rating"))
    assert read_dataset(tmp_path).interactions["weight"].to_list() == [1, -1, 0]


def test_table_in_two_formats_is_an_error_that_names_both_files(tmp_path: Path):
    error = read_error(tmp_path, items_csv=ITEMS, items_jsonl='{"item_id": 1, "domain": "books"}')
    assert "items.csv and items.jsonl" in error.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_read_permission_is_an_error(tmp_path: Path):
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "items.csv").chmod(0)
    assert "Permission denied" in read_error(tmp_path).message


def test_missing_file_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        next(read_lines(tmp_path / "items.csv"))


# Share of rejected rows


def test_too_many_rejected_rows_are_an_error_with_three_examples_and_the_file(tmp_path: Path):
    data = read(tmp_path, interactions_csv=EVENTS + "".join(f"ana,{n},x,\n" for n in range(9)))
    with pytest.raises(InputError) as raised:
        check_rejected_share(data.rejected, data.rows, 0.05, tmp_path / "rejected.jsonl")
    message = str(raised.value)
    assert "9 of 10 rows are invalid, more than 5%" in message
    assert message.count("weight 'x': is not a number") == 3
    assert "rejected.jsonl" in message
