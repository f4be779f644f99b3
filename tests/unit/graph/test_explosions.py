"""Small files that unpack to gigabytes end in a sentence, early and in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isthmus.graph.sources import memory, read_dataset

ROOT = Path(__file__).resolve().parents[3]
READ = """
import sys
from pathlib import Path
from isthmus.errors import InputError
from isthmus.graph.sources import read_dataset
try:
    print(read_dataset(Path(sys.argv[1])).rows)
except InputError as error:
    print(error)
# Not of getrusage, which begins with the peak of the process that started this one.
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
MAX_KILOBYTES = 1_500_000
MAX_SECONDS = 30
HEAD = b"item_id,domain,title\n"
LONG_ROW = b"a,b," + b"x" * 100_000 + b"\n"


def repeated(text: str, rows: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, rows)


def many_rows(folder: Path) -> None:
    frame = {name: repeated(name * 20, 3_000_000) for name in ("item_id", "domain", "title")}
    pl.DataFrame(frame).write_parquet(folder / "items.parquet")


def one_cell(folder: Path) -> None:
    table = pa.table({"item_id": ["a"], "domain": ["d"], "title": ["x" * 150_000_000]})
    pq.write_table(table, folder / "items.parquet")


def long_dictionary(folder: Path) -> None:
    titles = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 100_000])
    ids = [str(k) for k in range(100_000)]
    table = pa.table({"item_id": ids, "domain": ["d"] * 100_000, "title": titles})
    pq.write_table(table, folder / "items.parquet")


def long_list(folder: Path) -> None:
    lists = pa.array([["y" * 100] * 1_000_000])
    table = pa.table({"item_id": ["a"], "domain": ["d"], "categories": lists})
    pq.write_table(table, folder / "items.parquet", compression="zstd")


def gzip_of_long_rows(folder: Path) -> None:
    rows = gzip.compress(LONG_ROW * 100) * 60
    (folder / "items.csv.gz").write_bytes(gzip.compress(HEAD) + rows)


def gzip_of_a_line_without_end(folder: Path) -> None:
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(b"x" * 2**24) * 40)


def bzip2(folder: Path) -> None:
    rows = bz2.compress(LONG_ROW * 100) * 60
    (folder / "items.csv.bz2").write_bytes(bz2.compress(HEAD) + rows)


def archive(folder: Path) -> None:
    with (
        zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("items.csv", "w") as member,
    ):
        for _ in range(400):
            member.write(bytes(2**20))


def array_of_objects(folder: Path) -> None:
    rows = b'{"item_id":"a","domain":"d"},' * 100_000
    with (folder / "items.json").open("wb") as file:
        file.writelines([b"[", *[rows] * 70, b"{}]"])


def object_of_objects(folder: Path) -> None:
    (folder / "items.json").write_bytes(b'{"items":[' + b"{}," * 3_000_000 + b"{}]}")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (many_rows, "unpacks to more than"),
        (one_cell, "a page of 143 MiB"),
        (long_dictionary, "unpacks to more than"),
        (long_list, "a cell of the column categories"),
        (gzip_of_long_rows, "200 times its size"),
        (gzip_of_a_line_without_end, "200 times its size"),
        (bzip2, "200 times its size"),
        (archive, "200 times its size"),
        (array_of_objects, "one document of more than"),
        (object_of_objects, "one document of"),
    ],
)
def test_a_file_that_explodes_is_refused(
    write: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path)
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    text, kilobytes = done.stdout.rsplit(maxsplit=1)
    assert sentence in text
    assert int(kilobytes) < MAX_KILOBYTES
    assert time.monotonic() - start < MAX_SECONDS


def test_a_row_group_of_ordinary_size_is_read_in_parts(tmp_path: Path) -> None:
    rows = 200_000
    frame = pl.DataFrame(
        {
            "item_id": [f"i{k}" for k in range(rows)],
            "domain": repeated("books", rows),
            "title": [f"Title {k % 7}" for k in range(rows)],
            "categories": [["a", "b"][: k % 3] for k in range(rows)],
        }
    )
    frame.write_parquet(tmp_path / "items.parquet", row_group_size=rows)
    items = read_dataset(tmp_path).items
    assert items["item_id"].to_list() == frame["item_id"].to_list()
    assert items["title"].to_list() == frame["title"].to_list()
    assert items["line"].to_list() == list(range(1, rows + 1))


def test_a_table_of_repeated_ids_is_no_explosion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet stores a few bits of an id that is repeated; in memory a cell takes 16 bytes."""
    rows = 100_000
    items = np.random.default_rng(3).integers(1_000, size=rows)
    frame = pl.DataFrame(
        {
            "user_id": [f"user-{k // 40}" for k in range(rows)],
            "domain": [("books", "films")[k % 2] for k in range(rows)],
            "item_id": [f"item-{item}" for item in items],
            "weight": np.where(items % 3, 1.0, -1.0),
        }
    )
    frame.select("item_id", "domain").unique().write_csv(tmp_path / "items.csv")
    frame.write_parquet(tmp_path / "interactions.parquet")
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert memory.text_bytes(frame) > 25 * size
    monkeypatch.setattr(memory, "FREE_BYTES", 0)
    assert read_dataset(tmp_path).interactions.height == rows
