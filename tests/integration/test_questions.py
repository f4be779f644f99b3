"""The questions of docs/questions.md, each by its command, on the small graph of the readers."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from isthmus.graph.database import Graph
from isthmus.scripts.main import cli
from isthmus.settings import Settings
from tests.integration.test_readers import library

__all__ = ["library"]

PAGE = (Path(__file__).parents[2] / "docs" / "questions.md").read_text("utf-8")
COMMANDS = re.findall(r"^ *\$ isthmus (.+)$", PAGE, re.MULTILINE)
# People and items of the demo, by those of the small graph whose part they have.
PARTS = {"lin": "eve", "wei": "cho", "music": "films", "b0021": "b0002"}
PARTS |= {"f0028": "f0001", "f0003": "f0002", "films:f0003": "films:f0002"}

# Of each statement some columns and its first rows; other tests of the readers derive them.
READERS: dict[str, tuple[str, list[list[Any]]]] = {
    "interests/profile": ("interest weight", [["science fiction", 0.6667], ["jazz", -0.3333]]),
    "interests/profile_by_month": ("month interest", [["2026-03", "science fiction"]]),
    "interests/bridges": ("interest target weight people", [["cookery", "films", 1.2, 1]]),
    "insight/interest_transfers": (
        "interest target_interest weight people",
        [["science fiction", "science fiction", 3.0, 3], ["jazz", "jazz", 1.0, 2]],
    ),
    "insight/opening_items": ("item_id people lift", [["b0001", 3, 1.75]]),
    "interests/similar_users": ("user similarity", [["dan", 0.8082], ["ben", 0.6563]]),
    "insight/coverage": ("domain coverage", [["books", 0.6667], ["films", 0.5]]),
    "insight/popularity_bias": ("domain third bias", [["books", 1, 0.9333], ["books", 2, 2.1]]),
    "insight/filter_bubbles": ("user entropy top", [["ana", 0.0, "science fiction"]]),
    "insight/orphans": ("kind found key", [["interest", 1, "gardening"]]),
    "insight/generations_compared": ("source target kept", [["books", "films", 2]]),
    "insight/served_differently": (
        "user same gone new",
        [["cho", 0, ["逃离木星环"], ["星际旅行"]]],
    ),
    # eve likes b0003 (cookery, 1.2 to f0001); with b0002, too, f0002 has 2 * 2.0 / 2 by transfer,
    # 0.5 * 0.5 * 1.0 by jazz, half of her interests, and 0.06 by popularity; f0001 then has 0.4.
    "explain/would_lift": (
        "item_id rank rank_if score score_if",
        [["b0002", 2, 1, 0.06, 2.31], ["b0001", 2, 2, 0.06, 0.56]],
    ),
    "insight/cold_users": ("user interactions", [["gil", 0], ["fay", 0]]),
    "insight/domain_overlap": ("domain other users", [["books", "films", 4]]),
    "interests/rising": ("interest growth", [["cookery", None], ["jazz", 1.3333]]),
    "insight/twins_by_title": ("title people", [["Jazz Age", [2, 0]]]),
    "insight/twins_by_vector": ("item_id other_item_id", [["f0002", "f0004"]]),
    "insight/social_signal": ("item_id people who", [["b0002", 2, ["cho", "ben"]]]),
    "interests/of_platform": ("platform interest lift", [["app", "science fiction", 1.375]]),
    # cho knows f0002; f0001 has 0.1 for cho by popularity, and 0.6 more for eve by cookery.
    "recommend/for_group": (
        "item_id mean_rank worst_rank ranks scores likes",
        [["f0001", 1.0, 1, ["cho 1", "eve 1"], [0.1, 0.7], []]],
    ),
    # ana, ben and dan like science fiction. ben and dan get f0002 before f0003, ana knows it.
    "recommend/for_segment": (
        "item_id people share mean_rank",
        [["f0003", 3, 1.0, 1.6667], ["f0004", 3, 1.0, 2.6667], ["f0002", 2, 0.6667, 1.0]],
    ),
    "recommend/what_if": (
        "item_id rank rank_if moved score score_if",
        [["f0001", 1, 1, 0, 0.7, 0.6], ["f0002", 2, 2, 0, 0.06, 0.0]],
    ),
}


def run(library: Graph, settings: Settings, command: str, *more: str) -> Any:
    """The document that a command of the page prints, asked of the small graph."""
    words = shlex.split(re.sub(r"[\w:]+", lambda name: PARTS.get(name[0], name[0]), command))
    words += ["--json", "--home", str(settings.home), *more]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


def commands(start: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(start)]


def test_there_are_25_questions() -> None:
    assert len(re.findall(r"^\d+\. \*\*", PAGE, re.MULTILINE)) == 25
    assert {command.split()[2] for command in commands("cypher run")} == READERS.keys()


@pytest.mark.parametrize("command", commands("cypher run"))
def test_a_question_is_answered_by_a_reader(
    library: Graph, server_settings: Settings, command: str
) -> None:
    columns, expected = READERS[command.split()[2]]
    answer = run(library, server_settings, command)
    places = [answer["columns"].index(column) for column in columns.split()]
    rows = [[rounded(row[place]) for place in places] for row in answer["rows"]]
    assert rows[: len(expected)] == expected


def test_why_this_and_why_not_this(library: Graph, server_settings: Settings) -> None:
    why, why_not = (run(library, server_settings, command) for command in commands("explain"))
    # f0001 is first for eve by cookery, who likes b0003: 0.5 * 1.2 of interest, 0.1 of popularity.
    assert (why["item_id"], why["rank"], why["of"]) == ("f0001", 1, 4)
    assert {part["signal"]: rounded(part["share"]) for part in why["parts"]} == {
        "interest": 0.6,
        "popularity": 0.1,
    }
    assert (why_not["item_id"], why_not["rank"], rounded(why_not["score"])) == ("f0002", 2, 0.06)


def test_without_some_items_and_of_those_in_stock(
    library: Graph, server_settings: Settings
) -> None:
    excluded, in_stock = (
        run(library, server_settings, command) for command in commands("recommend")
    )
    # ana knows b0001 of three books; b0002 is excluded, and b0003 is sold out.
    assert [item["item_id"] for item in excluded["items"]] == ["b0003"]
    assert [item["item_id"] for item in in_stock["items"]] == ["b0002"]
    assert "The filter leaves 2 of the 3 items of books" in in_stock["note"]


def test_the_best_items_for_everybody_as_a_file(
    library: Graph,
    server_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    [command] = commands("export")
    run(library, server_settings, command)
    rows = pl.read_parquet("answers.parquet")
    assert rows.filter(user_id="eve")["item_id"].to_list() == ["f0001", "f0002", "f0003", "f0004"]
    assert rows["user_id"].n_unique() == 7
