"""Twelve lopsided datasets: every command gives an answer, and a note says what is missing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from isthmus.errors import IsthmusError
from isthmus.graph.database.connection import Graph
from isthmus.graph.generations.publish import show_generation
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.find import encode_and_find_interests
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings
from isthmus.workflows.retrain import retrain

TASTES = ("history", "crime", "romance", "space")
ITEMS, USERS, LIKES = 24, 40, 6
DAY = 86_400
Rows = list[dict[str, Any]]


def items(*domains: str, number: int = ITEMS) -> Rows:
    """Items of four tastes in turn."""
    return [
        {
            "item_id": f"{domain[0]}{k}",
            "domain": domain,
            "title": f"{domain} of {TASTES[k % 4]}, part {k}" if k < ITEMS else "",
            "categories": TASTES[k % 4],
        }
        for domain in domains
        for k in range(number)
    ]


def events(*domains: str, users: int = USERS, weight: float = 1, dated: bool = True) -> Rows:
    """Each user likes five of the six items of the own taste in each domain."""
    draw, rows = random.Random(3), []
    for user in range(users):
        for domain in domains:
            for k in draw.sample(range(user % 4, ITEMS, 4), LIKES - 1):
                row = {"user_id": f"u{user}", "item_id": f"{domain[0]}{k}", "weight": weight}
                at = {"timestamp": 1_700_000_000 + draw.randrange(200) * DAY} if dated else {}
                rows.append(row | at)
    return rows


def split_users(rows: Rows) -> Rows:
    """The same interactions by users of one domain each."""
    return [row | {"user_id": row["user_id"] + row["item_id"][0]} for row in rows]


def robot(rows: Rows, number: int) -> Rows:
    met = [
        {"user_id": "robot", "item_id": f"b{k}", "weight": 1, "timestamp": 1_710_000_000 + k}
        for k in range(number)
    ]
    return rows + met


@dataclass(frozen=True)
class Lopsided:
    """A dataset, and what the commands must say about it.

    Attributes:
        items: Rows of the table.
        interactions: Rows of the table; none for no table.
        retrain: What `isthmus retrain` says.
        user: The user who is recommended items.
        domain: The domain that is recommended from.
        note: What the note on the recommendations says; "" for no note.
        taste: The taste of the first items; "" where none is known.
    """

    items: Rows
    interactions: Rows
    retrain: list[str]
    user: str = "u0"
    domain: str = "films"
    note: str = ""
    taste: str = ""
    unknown: list[str] = field(default_factory=list)


BOTH = items("books", "films")
DATASETS = {
    "one dated domain": Lopsided(
        items("films"), events("films"), ["films is the only domain"], taste="history"
    ),
    "one undated domain": Lopsided(
        items("films"), events("films", dated=False), ["the only domain"], taste="history"
    ),
    "nobody in two domains": Lopsided(
        BOTH,
        split_users(events("books", "films")),
        ["Nobody has interactions in two domains"],
        user="u0b",
        note="they come from content",
        taste="history",
    ),
    "all dislikes": Lopsided(
        BOTH,
        events("books", "films", weight=-1),
        ["Nobody likes anything yet", "none of the 400 interactions"],
        note="Nobody likes any of these items of films yet",
    ),
    "all zeros": Lopsided(
        BOTH,
        events("books", "films", weight=0),
        ["Nobody likes anything yet"],
        note="in the order of their ids",
    ),
    "a domain that nobody met": Lopsided(
        BOTH,
        events("books"),
        ["Nobody likes an item of films yet", "Nobody has interactions in two domains"],
        note="they come from content",
        taste="history",
    ),
    "one user": Lopsided(
        BOTH,
        events("books", "films", users=1),
        ["Fewer than 50", "1 in films"],
        taste="history",
    ),
    "five users": Lopsided(
        BOTH,
        events("books", "films", users=5),
        ["Fewer than 50", "5 in films"],
        taste="history",
    ),
    "one item": Lopsided(
        items("films", number=1),
        [{"user_id": "u0", "item_id": "f0", "weight": 1, "timestamp": 1_700_000_000}],
        ["films is the only domain"],
        note="u0 has interactions with every item of films",
    ),
    "items only": Lopsided(
        BOTH, [], ["no items or no interactions", "isthmus ingest"], unknown=["There is no user"]
    ),
    "one item in the second domain": Lopsided(
        items("books") + items("films", number=1),
        [row for row in events("books", "films") if row["item_id"][0] == "b"]
        + [{"user_id": "u3", "item_id": "f0", "weight": 1, "timestamp": 1_700_000_000}],
        ["Fewer than 50", "1 in films"],
        taste="history",
    ),
    "a robot": Lopsided(
        items("books", number=1200) + items("films"),
        robot(events("books", "films"), 1200),
        ["robot with 1,200 interactions", "only the newest 500 take part"],
        taste="history",
    ),
}


def write_tables(folder: Path, data: Lopsided) -> None:
    pl.DataFrame(data.items).write_csv(folder / "items.csv")
    if data.interactions:
        pl.DataFrame(data.interactions).write_csv(folder / "interactions.csv")


def run(settings: Settings, name: str, *words: str) -> str:
    """Runs a command as a user does and returns what it says; a traceback fails the test."""
    command = import_module(f"isthmus.scripts.{name}").command
    result = CliRunner().invoke(command, ["--home", str(settings.home), *words])
    if isinstance(result.exception, IsthmusError):
        return f"{result.output}{result.exception}"
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def load(graph: Graph, settings: Settings, folder: Path, data: Lopsided) -> None:
    write_tables(folder, data)
    ingest_dataset(graph, read_dataset(folder), folder, settings)
    encode_and_find_interests(graph, settings)


@pytest.mark.parametrize("name", DATASETS)
def test_every_command_answers_and_says_what_is_missing(
    name: str, graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    data = DATASETS[name]
    load(graph, server_settings, tmp_path, data)
    said = run(server_settings, "retrain")
    for part in data.retrain:
        assert part in said
    asked = ("recommend", data.user, "--domain", data.domain, "-n", "3", "--explain")
    answer = run(server_settings, *asked)
    for part in data.unknown:
        assert part in answer
    assert data.note in answer
    if data.taste:
        assert f"1. films of {data.taste}" in answer
    feedback = run(server_settings, "feedback", "ann", data.domain, "f0")
    assert "ann" in feedback
    assert "Traceback" not in run(server_settings, "recommend", "ann", "-d", data.domain)
    checks = run(server_settings, "doctor", "--data")
    assert "robots" in checks


def taste_of(answer: dict[str, Any]) -> list[str]:
    return [TASTES[int(item["item_id"][1:]) % 4] for item in answer["items"]]


def test_the_first_retraining_keeps_content_where_nobody_links_two_domains(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, server_settings, tmp_path, DATASETS["nobody in two domains"])

    def tastes() -> list[list[str]]:
        return [
            taste_of(recommend_for_user(graph, f"u{k}b", "films", 3, server_settings))
            for k in range(4)
        ]

    before = tastes()
    assert before == [[taste] * 3 for taste in TASTES]
    retrain(graph, server_settings)
    assert tastes() == before


def test_an_account_that_met_every_item_does_not_multiply_the_edges(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, server_settings, tmp_path, DATASETS["a robot"])
    result = retrain(graph, server_settings)
    # The robot met 1,200 items; each has all its edges where every interaction takes part.
    assert result["edges"] < 1200 * server_settings.edges_per_node
    number = result["generation"]
    assert show_generation(graph, number)["edges"] == result["edges"]
