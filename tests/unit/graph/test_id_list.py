"""Lists of ids on the command line are read as tables are."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from isthmus.errors import InputError
from isthmus.graph.sources import read_ids


def ids(folder: Path, content: str | bytes, name: str = "users.txt") -> list[str]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_ids(path, "user_id")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("ana\nlin\n", "users.txt"),
        ("\ufeffana\r\n\r\n lin \r\n", "users"),
        ("user_id\nana\nlin\n", "users.txt"),
        ('"user_id"\n"ana"\n"lin"\n', "users.csv"),
        ("name;user_id\nx;ana\ny;lin\n", "users.csv"),
        ("ana\nlin\n".encode("utf-16"), "users.txt"),
        ('{"user_id": "ana"}\n{"user_id": "lin"}\n', "users.jsonl"),
    ],
)
def test_list_is_read_in_any_form_of_a_table(tmp_path: Path, content: str | bytes, name: str):
    assert ids(tmp_path, content, name) == ["ana", "lin"]


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_list_in_an_old_encoding_is_read(tmp_path: Path, encoding: str):
    names = ["王芳", "李娜", "张伟丽"] if encoding == "gbk" else ["José", "Zoë"]
    assert ids(tmp_path, "\n".join(names).encode(encoding)) == names


def test_line_without_a_header_is_one_id(tmp_path: Path):
    assert ids(tmp_path, 'user\n"o""b"\nx,y\n-ana\n') == ["user", 'o"b', "x,y", "-ana"]


def test_parquet_file_is_read(tmp_path: Path):
    content = io.BytesIO()
    pl.DataFrame({"user_id": [1, 2]}).write_parquet(content)
    assert ids(tmp_path, content.getvalue(), "users.parquet") == ["1", "2"]


@pytest.mark.parametrize("content", ["", "\n \n", "user_id\n", "\ufeff"])
def test_list_without_ids_is_refused(tmp_path: Path, content: str):
    with pytest.raises(InputError, match=r"users\.txt (has no ids|is empty)\."):
        ids(tmp_path, content)


def test_ids_are_spelled_as_in_the_graph(tmp_path: Path):
    assert ids(tmp_path, "ne\u0301\n\u200b b\u00a0\n") == ["n\u00e9", "b"]


def test_standard_input_is_read(tmp_path: Path, monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(b"user_id\nana\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_ids(Path("-"), "user_id") == ["ana"]


def test_invalid_id_is_an_error_with_its_line(tmp_path: Path):
    with pytest.raises(InputError, match=r"users\.txt, line 2: .* contains a control character"):
        ids(tmp_path, "ana\nb\x07\n")


def test_missing_file_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        read_ids(tmp_path / "nowhere.txt", "user_id")
