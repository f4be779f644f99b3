"""What `isthmus doctor --data` finds in data that was spoiled on purpose, and in good data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isthmus.errors import NothingToDo
from isthmus.graph.database.connection import Graph
from isthmus.graph.ingest.load import ingest
from isthmus.graph.operations.data_quality import OF_GRAPH, Finding, examine_data
from isthmus.graph.operations.doctor import Check
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

ITEMS = [f"{k},{'books' if k % 2 else 'films'},title {k}" for k in range(1, 601)]
PEOPLE = [f"u{k},{item},1,2024-01-{k:02}" for k in range(1, 21) for item in (k, k + 1)]


def load(graph: Graph, settings: Settings, folder: Path, items: list[str], did: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "items.csv").write_text("\n".join(["item_id,domain,title", *items]))
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,weight,timestamp", *did]))
    ingest(graph, read_dataset(folder), folder, settings)
    return folder


def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine_data(settings)}


def test_an_empty_graph_has_no_data_to_look_at(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NothingToDo, match="empty"):
        examine_data(server_settings)
    home = tmp_path / "no home yet"
    with pytest.raises(NothingToDo, match="empty"):
        examine_data(server_settings.model_copy(update={"home": home}))
    assert not home.exists()


def test_good_data_is_well(graph: Graph, server_settings: Settings, tmp_path: Path) -> None:
    load(graph, server_settings, tmp_path / "data", ITEMS[:21], PEOPLE)
    checks = found(server_settings)
    assert [check for check in checks.values() if not check.ok] == []
    assert [*checks] == [*(question.name for question in OF_GRAPH), "repeated", "contradicted"]
    assert {type(check) for check in checks.values()} == {Finding}
    assert checks["robots"].found == "0 of 20 users have more than 500 interactions."


def test_each_kind_of_spoiled_data_is_counted_with_examples_and_advice(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    items = [*ITEMS, "700,books,", "701,books,", "702,films,Title 2", "703,games,dice"]
    robot = [f"robot,{k},1,2024-02-01" for k in range(1, 601)]
    loop = [f"loop,1,1,{1704067200 + k}" for k in range(1001)]
    did = [
        *PEOPLE,
        *robot,
        *loop,
        "ana,1,1,2024-03-01",
        "ana,1,1,2024-03-01",
        "ana,1,-1,2024-04-01",
        "ben,2,0,2024-03-01",
        "eva,3,1,",
        "old,4,1,0",
        "far,5,1,2199-01-01",
        "far,5,1,2024-01-01",
    ]
    folder = load(graph, server_settings, tmp_path / "data", items, did)
    (folder / "follows.csv").write_text("user_id,follows_id\nzoe,ana\n")
    ingest(graph, read_dataset(folder), folder, server_settings)
    checks = found(server_settings)

    def of(name: str) -> tuple[int, list[str]]:
        check = checks[name]
        assert isinstance(check, Finding)
        assert f"{check.count:,} of {check.among:,}" in check.found
        assert all(example in check.found for example in check.examples)
        return check.count, check.examples

    assert of("robots") == (1, ["robot with 600"])
    assert of("repeats") == (1, ["loop with books:1, 1001 times"])
    assert of("titles") == (2, ["books:700", "books:701"])
    assert of("twins") == (1, ['films:2 and films:702, "title 2"'])
    assert of("untouched") == (4, ["books:700", "books:701", "films:702"])
    assert of("idle") == (1, ["zoe"])
    assert of("no_weight") == (1, ["ben with films:2"])
    assert of("undated") == (1, ["eva with books:3"])
    assert of("wrong_dates") == (
        2,
        ["far with books:5, 2199-01-01", "old with films:4, 1970-01-01"],
    )
    assert of("repeated")[0] == 1
    assert of("repeated")[1][0].startswith("ana with books:1, interactions.csv ")
    assert of("contradicted") == (1, ["ana with books:1, -1.0 1.0"])
    bad = {name for name, check in checks.items() if not check.ok}
    assert bad == {"robots", "repeats", "wrong_dates"}
    assert all(checks[name].advice for name in bad)
    assert not any(checks[name].advice for name in checks.keys() - bad)


def test_users_who_are_each_in_one_domain_are_said(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, server_settings, tmp_path / "data", ITEMS[:4], ["ana,1,1,", "ben,2,1,"])
    check = found(server_settings)["one_domain"]
    assert (check.ok, check.found) == (
        False,
        "2 of 2 users with a history have it in one domain: ana; ben.",
    )
    assert "accounts" in check.advice
    assert found(server_settings)["undated"].ok  # nothing is dated, so nothing is out of step


def test_tables_that_are_gone_are_said(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = load(graph, server_settings, tmp_path / "data", ITEMS[:21], PEOPLE)
    shutil.rmtree(folder)
    checks = found(server_settings)
    assert "repeated" not in checks
    assert str(folder) in checks["tables"].found
