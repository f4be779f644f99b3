"""The explorer's files: both languages say everything, and no text of anybody becomes markup."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

FOLDER = files("isthmus.service").joinpath("explorer")
SCRIPTS = {
    file.name: file.read_text("utf-8") for file in FOLDER.iterdir() if file.name.endswith(".js")
}
WORDS = json.loads(FOLDER.joinpath("words.json").read_text("utf-8"))
FOLDERS = ("admin", "explain", "insight", "interests", "recommend")
COMPUTED = {
    *(f"cost_{cost}" for cost in ("point", "scan", "global")),
    *(f"folder_{folder}" for folder in FOLDERS),
    *(f"state_{state}" for state in ("active", "retired")),
    *(
        f"signal_{signal}"
        for signal in ("transfer", "collaborative", "interest", "content", "text", "popularity")
    ),
}
"""Keys that scripts put together."""


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    assert set(WORDS) == {"en", "zh"}
    places = {
        language: {key: set(re.findall(r"\{\w+\}", text)) for key, text in words.items()}
        for language, words in WORDS.items()
    }
    assert places["en"] == places["zh"]
    assert all(text.strip() for words in WORDS.values() for text in words.values())
    same = [key for key in WORDS["en"] if WORDS["en"][key] == WORDS["zh"][key]]
    assert same == []


def test_every_word_that_a_script_names_exists_and_none_is_left_over() -> None:
    literals = {
        text for script in SCRIPTS.values() for text in re.findall(r'"([a-z][a-z_]+)"', script)
    }
    named = {key for script in SCRIPTS.values() for key in re.findall(r'\bt\("(\w+)"', script)}
    assert named | COMPUTED <= set(WORDS["en"])
    assert set(WORDS["en"]) - literals - COMPUTED == set()


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_makes_no_markup_or_code_of_text(name: str) -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert not re.search(rf"{ways}|javascript:|https?://", SCRIPTS[name])


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_is_not_too_long_to_read(name: str) -> None:
    lines = SCRIPTS[name].splitlines()
    assert len(lines) <= 350
    assert max(map(len, lines)) <= 100


def test_the_page_has_no_script_or_style_of_its_own_and_loads_nothing_from_elsewhere() -> None:
    page = FOLDER.joinpath("index.html").read_text("utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)|//", page)
    shared = {file.name for file in files("isthmus").joinpath("page_files").iterdir()}
    held = {file.name for file in FOLDER.iterdir()} | shared
    asked = set(re.findall(r'"explorer/([^"]+)"', page))
    asked |= {each for script in SCRIPTS.values() for each in re.findall(r'"\./([^"]+)"', script)}
    assert asked <= held
    assert {"echarts.min.js", "look.css"} <= shared
