"""What a console or file cannot show is replaced, and JSON is valid in every encoding."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.output import escape_controls, hide_credentials, to_json, write_line

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


def test_control_characters_reach_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    write_line("a\x1b]0;pwned\x07\x9b2J\u202e\r\tb\nc")
    assert capfd.readouterr().out == "a\\x1b]0;pwned\\x07\\x9b2J\\u202e\\r\tb\nc\n"
    assert escape_controls("a\nb\t") == "a\\nb\\t"


def test_json_has_no_control_characters_and_keeps_them_in_its_values() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    for title in ("\x1b[2J\x7f", "é\x9b2J\u202e\u2066\u2028\x7f"):
        text = to_json({"title": title}, stream)
        assert json.loads(text) == {"title": title}
        assert text == escape_controls(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bolt://u:pw@host:7687", "bolt://u:***@host:7687"),
        ("at bolt://u:p@w/x@host, twice", "at bolt://u:***@host, twice"),
        ("https://token@host/v1", "https://***@host/v1"),
        ("http://host:1 and a@b", "http://host:1 and a@b"),
        ("https://host/@user", "https://host/@user"),
    ],
)
def test_passwords_in_addresses_are_hidden(text: str, shown: str) -> None:
    assert hide_credentials(text) == shown


def test_all_json_of_the_product_is_written_without_nan() -> None:
    """Except what is hashed, or sent, or read again by the product itself."""
    allowed = {
        "encoders/text/endpoint_encoder.py",
        "encoders/text/text_encoder.py",
        "encoders/text/runtime.py",
        "encoders/text/offline.py",
        "encoders/training/train.py",
        "encoders/endpoint/chat.py",
        "graph/interests/text_topics.py",
        "graph/server/record.py",
        "graph/sources/published_rows.py",
        "graph/sources/values.py",
        "isthmus/locks.py",
    }
    found = set()
    for room in ("encoders", "gnn", "graph", "isthmus", "scripts", "workflows"):
        # isthmus/ has links to the other folders.
        for file in (ROOT / room).glob("*.py" if room == "isthmus" else "**/*.py"):
            for line in file.read_text("utf-8").splitlines():
                if re.search(r"\bjson\.dumps?\(", line) and "allow_nan=False" not in line:
                    found.add(str(file.relative_to(ROOT)))
    assert found <= allowed
