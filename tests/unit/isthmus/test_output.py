"""What a console or file cannot show is replaced, and JSON is valid in every encoding."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.output import to_json

ROOT = Path(__file__).resolve().parents[3]
TITLE = "Last Starship 🚀 最后的星舰 é"
PRINT = f"""
import sys
from isthmus.output import replace_unknown_characters, to_json, write_line
replace_unknown_characters()
write_line({TITLE!r})
write_line(to_json({{"title": {TITLE!r}, "score": float("nan")}}, sys.stdout))
print({TITLE!r}, file=sys.stderr)
"""
ENCODINGS = ("utf-8", "gbk", "gb2312", "latin-1", "cp1252", "cp437", "ascii", "shift_jis")


def print_in(encoding: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PRINT],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_and_json_are_complete_in_every_encoding(encoding: str) -> None:
    done = print_in(encoding)
    assert done.returncode == 0, done.stderr
    text, document = done.stdout.splitlines()
    assert b"Last Starship" in text
    assert json.loads(document) == {"title": TITLE, "score": None}
    assert b"Traceback" not in done.stderr


def test_characters_that_an_encoding_has_are_kept() -> None:
    assert "最后的星舰" in print_in("gbk").stdout.decode("gbk")
    assert TITLE in print_in("utf-8").stdout.decode()


def test_json_has_no_nan_and_no_infinity_at_any_depth() -> None:
    document = {"a": [1.0, float("inf"), {"b": (float("nan"), "x")}], "n": 2}
    assert to_json(document, None) == '{"a": [1.0, null, {"b": [null, "x"]}], "n": 2}'


def test_half_of_a_surrogate_pair_is_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    text = to_json({"title": "\udcff é"}, stream)
    assert json.loads(text.encode()) == {"title": "\udcff é"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_a_sentence() -> None:
    command = f"{sys.executable} -m isthmus.scripts.main cypher list > /dev/full"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Standard output cannot be written: No space left")
    assert "Traceback" not in done.stderr
