"""Control characters leave titles and texts at ingest, and are counted."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from isthmus.graph.sources import read_dataset, read_events
from isthmus.graph.sources.controls import drop_controls

TITLES = {
    "\x1b]0;pwned\x07\x1b[2JRED": "RED",
    "\x9b31mred\x9b0m": "red",
    "\x1bP+q544e\x1b\\DCS": "DCS",
    "a\x1b(Bb": "ab",
    "x  9.0\n  2. FORGED": "x  9.0   2. FORGED",
    "a\r\nb\tc": "a b c",
    "bell\x07 \x00null \x7fdel": "bell null del",
    "\u202edlog \u2066x\u2069": "dlog x",
    "line\u2028and\u2029paragraph\x85": "line and paragraph",
}
PLAIN = ("三体", "emoji 👩‍🚀 flag 🏴󠁧󠁢󠁳󠁣󠁴󠁿", "שלום\u200f!", "tab", "é")


def load(folder: Path, **columns: list[str]):
    rows = pl.DataFrame({"item_id": [f"i{k}" for k in range(len(columns["title"]))]} | columns)
    rows = rows.with_columns(pl.lit("books").alias("domain"))
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows.to_dicts())))
    return read_dataset(folder)


def test_titles_keep_their_words_and_no_control_character(tmp_path: Path) -> None:
    dataset = load(tmp_path, title=[*TITLES, *PLAIN])
    assert dataset.items["title"].to_list() == [*TITLES.values(), *PLAIN]
    assert dataset.cleaned == len(TITLES)
    assert dataset.rejected.is_empty()


def test_texts_keep_their_lines(tmp_path: Path) -> None:
    texts = ["one\n\ttwo", "one\r\ntwo", "\x1b[1mone\x1b[0m\ntwo\u202e"]
    dataset = load(tmp_path, title=["a", "b", "c"], text=texts)
    assert dataset.items["text"].to_list() == ["one\n\ttwo", "one\ntwo", "one\ntwo"]
    assert dataset.cleaned == 1


def test_every_control_character_is_removed() -> None:
    controls = [chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F))]
    values = pl.Series([f"a{control}b" for control in controls if control not in "\x1b\x90\x98"])
    cleaned, _ = drop_controls(values, one_line=True)
    assert set("".join(cleaned.to_list())) <= {"a", "b", " "}


@pytest.mark.parametrize("field", ["user_id", "item_id", "domain", "kind", "event_id"])
def test_an_id_with_a_control_character_is_refused(field: str) -> None:
    event = {"user_id": "u", "item_id": "i", field: "a\x1b[2Jb"}
    rejected = read_events([json.dumps(event).encode()]).rejected
    assert rejected["column"].to_list() == [field]
    assert rejected["reason"].to_list() == ["contains a control character"]
