"""`isthmus doctor --data` finds each kind of bad data, and nothing in good data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isthmus.errors import NothingToDo
from isthmus.graph.database.connection import Graph
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.operations.data_quality import GRAPH_QUESTIONS, Finding, check_data_quality
from isthmus.graph.operations.doctor import Check
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings

ITEMS = [f"{k},{'books' if k % 2 else 'films'},title {k}" for k in range(1, 601)]
INTERACTIONS = [f"u{k},{item},1,2024-01-{k:02}" for k in range(1, 21) for item in (k, k + 1)]


def load(
    graph: Graph,
    settings: Settings,
    folder: Path,
    items: list[str],
    interactions: list[str],
    weights: str | None = None,
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "items.csv").write_text("\n".join(["item_id,domain,title", *items]))
    (folder / "interactions.csv").write_text(
        "\n".join(["user_id,item_id,weight,timestamp", *interactions])
    )
    ingest_dataset(graph, read_dataset(folder, weights), folder, settings)
    return folder


def checks_by_name(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in check_data_quality(settings)}


def test_an_empty_graph_has_no_data_to_check(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NothingToDo, match="empty"):
        check_data_quality(server_settings)
    home = tmp_path / "no home yet"
    with pytest.raises(NothingToDo, match="empty"):
        check_data_quality(server_settings.model_copy(update={"home": home}))
    assert not home.exists()


def test_good_data_passes_all_checks(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, server_settings, tmp_path / "data", ITEMS[:21], INTERACTIONS)
    checks = checks_by_name(server_settings)
    assert [check for check in checks.values() if not check.ok] == []
    names = [question.name for question in GRAPH_QUESTIONS]
    assert [*checks] == [*names, "weights", "repeated", "contradicted"]
    assert checks["robots"].found == "0 of 20 users have more than 500 interactions."


def test_each_kind_of_bad_data_is_counted_with_examples_and_advice(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    items = [*ITEMS, "700,books,", "701,books,", "702,films,Title 2", "703,games,dice"]
    robot = [f"robot,{k},1,2024-02-01" for k in range(1, 601)]
    loop = [f"loop,1,1,{1704067200 + k}" for k in range(1001)]
    interactions = [
        *INTERACTIONS,
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
    folder = load(graph, server_settings, tmp_path / "data", items, interactions)
    (folder / "follows.csv").write_text("user_id,follows_id\nzoe,ana\n")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    checks = checks_by_name(server_settings)

    def finding(name: str) -> tuple[int, list[str]]:
        check = checks[name]
        assert isinstance(check, Finding)
        assert f"{check.count:,} of {check.among:,}" in check.found
        assert all(example in check.found for example in check.examples)
        return check.count, check.examples

    assert finding("robots") == (1, ["robot with 600"])
    assert finding("repeats") == (1, ["loop with books:1, 1001 times"])
    assert finding("titles") == (2, ["books:700", "books:701"])
    assert finding("twins") == (1, ['films:2 and films:702, "title 2"'])
    assert finding("no_interactions") == (4, ["books:700", "books:701", "films:702"])
    assert finding("idle") == (1, ["zoe"])
    assert finding("no_weight") == (1, ["ben with films:2"])
    assert finding("undated") == (1, ["eva with books:3"])
    # A date in the future was rejected by the load.
    assert finding("wrong_dates") == (1, ["old with films:4, 1970-01-01"])
    assert finding("repeated")[0] == 1
    assert finding("repeated")[1][0].startswith("ana with books:1, interactions.csv ")
    assert finding("contradicted") == (1, ["ana with books:1, -1.0 1.0"])
    bad = {name for name, check in checks.items() if not check.ok}
    assert bad == {"robots", "repeats", "wrong_dates"}
    assert all(checks[name].advice for name in bad)
    assert not any(checks[name].advice for name in checks.keys() - bad)


def test_users_with_one_domain_each_are_reported(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    load(graph, server_settings, tmp_path / "data", ITEMS[:4], ["ana,1,1,", "ben,2,1,"])
    check = checks_by_name(server_settings)["one_domain"]
    assert (check.ok, check.found) == (
        False,
        "2 of 2 users with a history have it in one domain: ana; ben.",
    )
    assert "accounts" in check.advice
    assert checks_by_name(server_settings)["undated"].ok  # since no interaction is dated


def test_the_distribution_of_weights_is_shown_and_uncentred_ratings_are_named(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    rows = ["ana,1,5,", "ana,2,1,", "ben,1,2,", "ben,3,3,"]
    folder = load(graph, server_settings, tmp_path / "data", ITEMS[:4], rows, weights="as-is")
    check = checks_by_name(server_settings)["weights"]
    found = "100% likes, 0% neither, 0% dislikes; weights run from 1 to 5, half of them up to 2."
    assert (check.ok, check.found) == (False, found)
    assert "--weights centre" in check.advice
    ingest_dataset(graph, read_dataset(folder, "centre"), folder, server_settings)
    check = checks_by_name(server_settings)["weights"]
    found = (
        "25% likes, 25% neither, 50% dislikes; weights run from -1 to 1, half of them up to -0.5."
    )
    assert (check.ok, check.found) == (True, found)


def test_missing_tables_are_reported(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = load(graph, server_settings, tmp_path / "data", ITEMS[:21], INTERACTIONS)
    shutil.rmtree(folder)
    checks = checks_by_name(server_settings)
    assert "repeated" not in checks
    assert str(folder) in checks["tables"].found
