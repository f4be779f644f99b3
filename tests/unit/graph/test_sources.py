"""Folders of tables in three formats are read as the same dataset."""

from __future__ import annotations

import csv
import gzip
import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from isthmus.graph.ingest.schema import TABLES
from isthmus.graph.sources import read_dataset, read_events
from isthmus.graph.sources.files import MAX_LINE, read_lines

SHARED = Path(__file__).resolve().parents[4] / "shared"

ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Solaris\n"


def write(folder: Path, **files: str | bytes) -> Path:
    """Writes files; `items_csv="…"` is items.csv."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("_", ".", 1).replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def times(folder: Path, *values: object) -> list[float | None]:
    """Timestamps as the reader converts them."""
    rows = "".join(f"u,1,{value}\n" for value in values)
    data = read_dataset(write(folder, interactions_csv=f"user_id,item_id,timestamp\n{rows}"))
    assert data.rejected.is_empty(), data.rejected
    return data.interactions["timestamp"].to_list()


def reasons(folder: Path, column: str, *values: str) -> list[str]:
    """The reasons for which the reader rejects values of a column of interactions."""
    header = ["user_id", "item_id", "weight", "timestamp", "domain", "kind"]
    with (write(folder) / "interactions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, header)
        table.writeheader()
        for value in values:
            table.writerow({"user_id": "u", "item_id": "1"} | {column: value})
    data = read_dataset(folder)
    assert data.interactions.is_empty(), data.interactions
    assert set(data.rejected["column"]) == {column}
    return data.rejected["reason"].to_list()


def test_all_five_tables_are_read_with_their_types(tmp_path: Path):
    folder = write(
        tmp_path,
        items_csv="item_id,domain,title,text,categories,published_at\n"
        "1,books,Dune,Sand,science fiction | classics||science fiction,1965\n",
        interactions_csv="user_id,item_id,weight,timestamp,kind,platform\n"
        "ana,1,-0.5,2024-01-01,read,shop\nana,1,,,,\n",
        texts_csv="user_id,text,item_id,timestamp,language,kind\nana,我喜欢,1,0,zh,post\n",
        follows_csv="user_id,follows_id\nana,lin\n",
        accounts_csv="platform,account_id,user_id\nshop,a1,ana\n",
    )
    data = read_dataset(folder)
    assert data.rejected.is_empty()
    assert data.rows == 6
    assert data.items.drop("file", "line").rows() == [
        ("1", "books", "Dune", "Sand", ["science fiction", "classics"], -157_766_400.0)
    ]
    assert data.interactions.rows() == [
        ("ana", "1", None, -0.5, 1_704_067_200.0, "read", "shop", "interactions.csv", 2),
        ("ana", "1", None, 1.0, None, None, None, "interactions.csv", 3),
    ]
    assert data.texts.drop("file", "line").rows() == [
        ("ana", "我喜欢", "1", None, 0.0, "zh", "post")
    ]
    assert data.follows.drop("file", "line").rows() == [("ana", "lin", 1.0)]
    assert data.accounts.drop("file", "line").rows() == [("shop", "a1", "ana")]


def test_item_without_title_categories_and_date_has_default_values(tmp_path: Path):
    data = read_dataset(write(tmp_path, items_csv="item_id,domain\n1,books\n"))
    assert data.items.drop("file", "line").rows() == [("1", "books", "", None, [], None)]


def test_columns_may_have_any_order_and_unknown_columns_are_logged_or_attributes(tmp_path, caplog):
    caplog.set_level("INFO", logger="isthmus")
    interactions = "device,item_id,user_id,weight\nios,1,ana,1\n"
    items = "price,domain,item_id\n3,books,1\n"
    data = read_dataset(write(tmp_path, items_csv=items, interactions_csv=interactions))
    assert data.items["domain"].to_list() == ["books"]
    assert data.items["price"].to_list() == [3]
    assert "interactions.csv: ignored columns: device; no row has a time" in caplog.text
    assert "rename it to timestamp" in caplog.text


def test_ignored_columns_are_only_named_where_times_are_read(tmp_path, caplog):
    caplog.set_level("INFO", logger="isthmus")
    interactions = "device,item_id,user_id,weight,logged\nios,1,ana,1,2026-03-01\n"
    read_dataset(write(tmp_path, interactions_csv=interactions.replace("logged", "date")))
    assert "interactions.csv: ignored columns: device\n" in caplog.text
    caplog.clear()
    read_dataset(write(tmp_path, interactions_csv=interactions))
    assert "ignored columns: device, logged; no row has a time" in caplog.text


def test_byte_order_mark_windows_line_ends_and_missing_last_line_end_are_read(tmp_path: Path):
    plain = read_dataset(write(tmp_path / "a", items_csv=ITEMS))
    odd = b"\xef\xbb\xbf" + ITEMS.replace("\n", "\r\n").strip().encode()
    assert read_dataset(write(tmp_path / "b", items_csv=odd)).items.equals(plain.items)


def test_gzip_is_recognised_by_its_bytes_not_by_its_name(tmp_path: Path):
    compressed = gzip.compress(ITEMS.encode())
    with_gz = read_dataset(write(tmp_path / "a", items_csv_gz=compressed))
    without_gz = read_dataset(write(tmp_path / "b", items_csv=compressed))
    plain = read_dataset(write(tmp_path / "c", items_csv_gz=ITEMS))
    assert with_gz.fingerprint == without_gz.fingerprint == plain.fingerprint
    assert with_gz.items.height == 2


def test_line_numbers_are_right_across_blocks_and_chunks(tmp_path: Path):
    # The file has more than one block and more than one chunk of rows.
    rows = "".join(f"{n},books,{'x' * 40}\n" for n in range(70_000))
    data = read_dataset(write(tmp_path, items_csv="item_id,domain,title\n" + rows))
    assert data.items["item_id"].to_list() == [str(n) for n in range(70_000)]
    assert data.items["line"].to_list() == list(range(2, 70_002))


def test_row_over_several_lines_has_the_number_of_its_first_line(tmp_path: Path):
    data = read_dataset(
        write(tmp_path, texts_csv='user_id,text\nana,"one\ntwo ""2""\nthree"\nlin,four\n')
    )
    assert data.texts["text"].to_list() == ['one\ntwo "2"\nthree', "four"]
    assert data.texts["line"].to_list() == [2, 5]


def test_quote_that_never_closes_rejects_only_its_own_row(tmp_path: Path):
    data = read_dataset(
        write(tmp_path, texts_csv='user_id,text\nana,"open\nlin,fine\nwei,"also fine"\nana,"end\n')
    )
    assert data.texts["user_id"].to_list() == ["lin", "wei"]
    assert data.rejected.select("line", "reason").rows() == [
        (2, "has a quote that never closes, or text after a closing quote"),
        (5, "has a quote that never closes"),
    ]


def test_rows_with_too_few_or_too_many_fields_are_rejected(tmp_path: Path):
    data = read_dataset(write(tmp_path, items_csv=ITEMS + "3,films\n4,films,A,B\n"))
    assert data.items["item_id"].to_list() == ["1", "2"]
    assert data.rejected.select("line", "reason").rows() == [
        (4, "the row has 2 fields, but the header has 3"),
        (5, "the row has 4 fields, but the header has 3"),
    ]


def test_blank_lines_are_skipped(tmp_path: Path):
    data = read_dataset(write(tmp_path, items_csv="item_id,domain\n\n1,books\n\n\n2,films\n"))
    assert data.items["line"].to_list() == [3, 6]
    assert data.rows == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20)),
        ("1700000000.25", datetime(2023, 11, 14, 22, 13, 20, 250_000)),
        ("1.7e9", datetime(2023, 11, 14, 22, 13, 20)),
        ("1700000000000", datetime(2023, 11, 14, 22, 13, 20)),
        ("-86400", datetime(1969, 12, 31)),
        ("1965", datetime(1965, 1, 1)),
        ("1965-08", datetime(1965, 8, 1)),
        ("2024-02-29", datetime(2024, 2, 29)),
        ("20240229", datetime(2024, 2, 29)),
        ("2024-05-31T12:30", datetime(2024, 5, 31, 12, 30)),
        ("2024-05-31 12:30:15", datetime(2024, 5, 31, 12, 30, 15)),
        ("2024-05-31T12:30:15Z", datetime(2024, 5, 31, 12, 30, 15)),
        ("2024-05-31T12:30:15.5+08:00", datetime(2024, 5, 31, 4, 30, 15, 500_000)),
        ("2024-05-31T12:30:15-0330", datetime(2024, 5, 31, 16, 0, 15)),
        ("1605-01-16", datetime(1605, 1, 16)),
    ],
)
def test_time_is_read_as_seconds_since_1970(tmp_path: Path, written: str, expected: datetime):
    assert times(tmp_path, written) == [expected.replace(tzinfo=UTC).timestamp()]


def test_one_column_may_have_times_in_several_formats(tmp_path: Path):
    assert times(tmp_path, "0", "", "1970-01-02", "19700103", "345600000000") == [
        0.0,
        None,
        86_400.0,
        172_800.0,
        345_600_000.0,
    ]


def test_invalid_times_are_rejected(tmp_path: Path):
    values = ("last Tuesday", "31/02/2024", "2024-02-30", "2024-13-01", "2024-05-31T25:00", "now")
    assert set(reasons(tmp_path, "timestamp", *values)) == {
        "is not a time: write 2024-05-31 or 2024-05-31T12:30:00Z"
    }
    (reason,) = reasons(tmp_path, "timestamp", "1e300")
    assert reason.startswith("lies in the future: today is ")


def test_weights_that_are_not_finite_numbers_are_rejected(tmp_path: Path):
    assert reasons(tmp_path, "weight", "much", "1,5,", "inf", "-Infinity", "1e10") == [
        "is not a number",
        "is not a number",
        "is not a finite number",
        "is not a finite number",
        "is not between -1e+09 and 1e+09",
    ]


def test_weights_of_events_and_as_they_are_have_a_limit(tmp_path: Path):
    too_strong = (
        "is beyond 1,000, as a weight; --weights counts or log brings larger numbers to weights"
    )
    path = tmp_path / "interactions.csv"
    path.write_text("user_id,item_id,weight\nana,1,1\nbea,1,-2000\ncid,1,1e9\n")
    rejected = read_dataset(tmp_path, "as-is").rejected
    assert rejected["reason"].to_list() == [too_strong, too_strong]
    assert read_dataset(tmp_path, "log").rejected.is_empty()  # a way out
    path.write_text("user_id,item_id,views\nana,1,1\nbea,1,2\ncid,1,900000000\n")
    assert read_dataset(tmp_path).rejected.is_empty()  # counts are not weights yet
    event = b'{"user_id": "ana", "item_id": "1", "weight": 1e8}'
    assert read_events([event]).rejected["reason"].to_list() == [too_strong]


def test_ids_that_would_break_keys_are_rejected(tmp_path: Path):
    assert reasons(tmp_path, "user_id", "", "   ", "a\x07b", "x" * 513) == [
        "is missing",
        "is missing",
        "contains a control character",
        "has more than 512 characters",
    ]
    assert reasons(tmp_path, "domain", "a:b") == ["must not contain a colon"]


def test_id_of_512_chinese_characters_is_valid(tmp_path: Path):
    data = read_dataset(write(tmp_path, items_csv=f"item_id,domain\n{'书' * 512},books\n"))
    assert data.items["item_id"].to_list() == ["书" * 512]


def test_spaces_around_values_are_ignored(tmp_path: Path):
    data = read_dataset(write(tmp_path, items_csv="item_id , domain\n 1 ,\tbooks \n"))
    assert data.items.select("item_id", "domain").rows() == [("1", "books")]


def test_repeated_item_counts_once_and_contradictory_item_is_rejected(tmp_path: Path):
    data = read_dataset(
        write(tmp_path, items_csv=ITEMS + "1,books,Dune\n1,books,Duna\n1,films,Dune\n")
    )
    assert data.items["line"].to_list() == [2, 3, 6]
    assert data.repeated == 1
    assert data.rejected.rows() == [
        ("items.csv", 5, "item_id", "1", "line 2 has other values for the same key")
    ]
    assert data.rows == data.items.height + data.rejected.height + data.repeated


def test_repeated_interactions_are_all_valid(tmp_path: Path):
    data = read_dataset(write(tmp_path, interactions_csv="user_id,item_id\nana,1\nana,1\n"))
    assert data.interactions.height == 2


def test_row_with_two_errors_is_rejected_once_for_its_first_column(tmp_path: Path):
    data = read_dataset(
        write(tmp_path, interactions_csv="user_id,item_id,weight\n,1,much\nana,1,1\n")
    )
    assert data.rejected.select("line", "column", "value").rows() == [(2, "user_id", "")]
    assert data.interactions.height == 1


def test_json_lines_accept_numbers_lists_and_nulls(tmp_path: Path):
    rows = [
        {"item_id": 1, "domain": "books", "categories": ["a|b", " c "], "published_at": 1965},
        {"item_id": "2", "domain": "books", "title": None, "categories": [], "price": 3},
    ]
    data = read_dataset(write(tmp_path, items_jsonl="\n\n".join(map(json.dumps, rows))))
    assert data.items.select("item_id", "title", "categories", "line").rows() == [
        ("1", "", ["a|b", "c"], 1),
        ("2", "", [], 3),
    ]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ('{"user_id": "ana", "item_id": 1.5}', "item_id", "is a decimal number"),
        ('{"user_id": true, "item_id": 1}', "user_id", "is true or false"),
        ('{"user_id": "ana", "item_id": {"a": 1}}', "item_id", "is an object"),
        ('{"user_id": "ana", "item_id": ["1"]}', "item_id", "is a list"),
        ('{"user_id": "ana"}', "item_id", "is missing"),
        ('{"user_id": "ana", "item_id": "\\ud800"}', "item_id", "half of a surrogate pair"),
        ('{"user_id": "ana", "item_id": 1, "weight": 1e999}', "weight", "not a finite number"),
        ('{"user_id": "ana", "item_id": 1', None, "the line is not valid JSON"),
        ("[" * 100_000, None, "the line cannot be read as JSON"),
        ('["ana", 1]', None, "the line is not a JSON object"),
    ],
)
def test_invalid_json_line_is_rejected_with_its_reason(tmp_path: Path, row, column, reason):
    good = '{"user_id": "ana", "item_id": 1}\n'
    data = read_dataset(write(tmp_path, interactions_jsonl=f"{good}{row}\n{good}"))
    assert data.interactions["line"].to_list() == [1, 3]
    assert data.rejected["line"].to_list() == [2]
    assert data.rejected["column"].to_list() == [column]
    assert reason in data.rejected["reason"][0]


def test_parquet_accepts_the_types_of_data_frames(tmp_path: Path):
    moment = datetime(2024, 5, 31, 12, 30, tzinfo=UTC)
    write(tmp_path)
    pl.DataFrame(
        {
            "item_id": [1, 2],
            "domain": pl.Series(["books", "films"], dtype=pl.Categorical),
            "title": [None, None],
            "categories": [["a", None, "b"], None],
            "published_at": [date(1965, 8, 1), None],
        }
    ).write_parquet(tmp_path / "items.parquet")
    pl.DataFrame(
        {
            "user_id": ["ana"] * 2,
            "item_id": [1, 2],
            "weight": pl.Series([0.1, float("nan")], dtype=pl.Float32),
            "timestamp": [moment, None],
        }
    ).write_parquet(tmp_path / "interactions.parquet")
    data = read_dataset(tmp_path)
    assert data.items.drop("file", "line").rows() == [
        ("1", "books", "", None, ["a", "b"], -139_449_600.0),
        ("2", "films", "", None, [], None),
    ]
    assert data.interactions["timestamp"].to_list() == [moment.timestamp(), None]
    assert data.interactions["weight"].to_list() == pytest.approx([0.1, 1.0])
    assert data.rejected.is_empty()


def test_lines_longer_than_a_block_are_complete_and_longer_than_the_limit_are_truncated(
    tmp_path: Path,
):
    long, longer = "é" * 2**20, "é" * MAX_LINE
    path = tmp_path / "long"
    path.write_text(f"a\n{long}\n{longer}\nb\n{longer}", encoding="utf-8")
    lines = list(read_lines(path))
    assert [lines[0], lines[1], lines[3]] == ["a\n", f"{long}\n", "b\n"]
    assert lines[2] == lines[4] == "é" * (MAX_LINE // 2)
    assert len(lines) == 5


def test_real_table_of_436_127_interactions_is_read_completely_in_seconds():
    folder = SHARED / "data" / "tables" / "food_kitchen"
    if not folder.is_dir():
        pytest.skip("the shared tables are not beside this checkout")
    start = time.perf_counter()
    data = read_dataset(folder)
    # It takes half a second on two idle cores; the limit allows for busy ones.
    assert time.perf_counter() - start < 5
    assert data.interactions.height == 436_127
    assert data.items.height == 36_298
    assert data.rejected.is_empty()


def test_reviews_of_critics_are_read_completely():
    folder = SHARED / "data" / "tables" / "rt_critics"
    if not folder.is_dir():
        pytest.skip("the shared tables are not beside this checkout")
    data = read_dataset(folder)
    assert (data.interactions.height, data.texts.height) == (16_536, 13_832)
    assert set(data.interactions["weight"]) == {1.0, -1.0}
    assert data.rejected.is_empty()


def test_there_are_seven_tables():
    names = ["items", "users", "interactions", "texts", "follows", "accounts", "categories"]
    assert list(TABLES) == names
