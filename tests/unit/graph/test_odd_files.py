"""Files that no export should have: damaged ones, pipes, links in circles, names in odd encodings.

Each was found by `benchmarks/fuzz.py`, or is one of the kind.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.excel_rows import read_excel
from isthmus.graph.sources.panics import Panic, quiet_panics
from isthmus.graph.sources.parquet_rows import read_parquet

ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Solaris\n"
EVENTS = "user_id,item_id\nana,1\nlin,2\n"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder of two tables, to which a test adds."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "items.csv").write_text(ITEMS)
    (folder / "interactions.csv").write_text(EVENTS)
    return folder


def unread(folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """Reads a folder whose two tables must be whole; returns what was logged."""
    data = read_dataset(folder)
    assert (data.items.height, data.interactions.height, data.texts.height) == (2, 2, 0)
    return caplog.text


def test_pipes_and_devices_are_named_and_never_opened(tables: Path, caplog):
    (tables / "texts").mkdir()
    os.mkfifo(tables / "texts" / "part-0")
    os.mkfifo(tables / "texts-2.csv")
    (tables / "follows.csv").symlink_to("/dev/zero")
    os.mkfifo(tables / "ratings.csv")
    said = unread(tables, caplog)
    assert "not read: follows.csv, texts/part-0, texts-2.csv: it is neither a file" in said


def test_folder_is_read_once_however_many_links_lead_to_it(tables: Path, caplog):
    texts = tables / "texts"
    (texts / "a").mkdir(parents=True)
    (texts / "b").mkdir()
    for name, target in (("up", ".."), ("here", "."), ("a/x", "../b"), ("b/y", "../a")):
        (texts / name).symlink_to(target, target_is_directory=True)
    said = unread(tables, caplog)
    assert "texts/up" in said
    assert "it is a link to a folder that is read already" in said


def test_link_to_nothing_and_link_to_itself_are_errors(tables: Path):
    for target in ("nowhere", "texts.csv"):
        (tables / "texts.csv").symlink_to(target)
        with pytest.raises(InputError, match=r"texts\.csv cannot be read: "):
            read_dataset(tables)
        (tables / "texts.csv").unlink()


def _nested(name: str, depth: int) -> bytes:
    content = b"x"
    for _ in range(depth):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(name, content)
        content = stream.getvalue()
    return content


def test_archives_within_archives_end(tables: Path, tmp_path: Path, caplog):
    (tables / "texts.zip").write_bytes(_nested("texts.zip", 30))
    assert "it lies more than 12 folders deep" in unread(tables, caplog)
    other = tmp_path / "other"
    other.mkdir()
    (other / "data.zip").write_bytes(_nested("data.zip", 30))
    with pytest.raises(InputError, match="contains no table"):
        read_dataset(other)


def test_names_that_are_not_utf_8_are_escaped(tmp_path: Path):
    folder = tmp_path / "tables"
    part = os.fsencode(folder) + b"/interactions/domain=caf\xe9"
    os.makedirs(part)
    (folder / "items.csv").write_text(ITEMS)
    with open(part + b"/part-\xff.csv", "w") as file:
        file.write(EVENTS)
    texts = Path(os.fsdecode(os.fsencode(folder) + b"/texts-\xff.parquet"))
    with texts.open("wb") as file:
        pl.DataFrame({"user_id": ["ana"], "text": ["good"]}).write_parquet(file)
    data = read_dataset(folder)
    assert data.texts["text"].to_list() == ["good"]
    assert data.interactions["domain"].to_list() == ["caf\\udce9"] * 2
    assert data.interactions["file"][0] == "interactions/domain=caf\\udce9/part-\\udcff.csv"


def test_folder_whose_name_is_not_utf_8_is_refused(tmp_path: Path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "items.csv").write_text(ITEMS)
    with pytest.raises(InputError, match=r"is not in UTF-8\. Rename the folder"):
        read_dataset(folder)


def test_damaged_parquet_ends_in_a_sentence_and_prints_nothing(tmp_path: Path, capfd):
    content, path = io.BytesIO(), tmp_path / "items.parquet"
    rows = {"item_id": ["1", "2"], "domain": ["a", "b"], "categories": [["x"], ["y"]]}
    pl.DataFrame(rows).write_parquet(content)
    whole = content.getvalue()
    for position in range(0, len(whole), 3):
        for byte in (0, 255):
            path.write_bytes(whole[:position] + bytes([byte]) + whole[position + 1 :])
            with suppress(InputError):
                list(read_parquet(path, TABLES["items"]))
    assert capfd.readouterr().err == ""


def test_damaged_workbook_ends_in_a_sentence_and_prints_nothing(tmp_path: Path, capfd):
    pytest.importorskip("fastexcel")
    path, whole = tmp_path / "items.xlsx", _nested("xl/workbook.xml", 1)
    for position in range(0, len(whole), 2):
        path.write_bytes(whole[:position] + b"\xff" + whole[position + 1 :])
        with pytest.raises(InputError):
            list(read_excel(path, TABLES["items"]))
    assert capfd.readouterr().err == ""


def test_panic_of_any_library_is_one_exception():
    class PanicException(BaseException):
        pass

    with pytest.raises(Panic, match="unwrap"), quiet_panics():
        raise PanicException("called unwrap")


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("work", "raised"),
    [
        (_interrupt, KeyboardInterrupt),
        (lambda: pl.Series(["a"]).cast(pl.Int64), pl.exceptions.InvalidOperationError),
    ],
)
def test_other_errors_than_panics_pass(work: Callable[[], object], raised: type[BaseException]):
    with pytest.raises(raised), quiet_panics():
        work()
