"""Exports on a real Neo4j: formats, resumption after a kill, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from isthmus.errors import InputError, IsthmusError, NotFound
from isthmus.graph.database.session import connect
from isthmus.scripts.export import command
from isthmus.workflows import export as export_module
from isthmus.workflows import export_rows
from isthmus.workflows.export import export
from isthmus.workflows.export_rows import Selection
from tests.conftest import delete_all
from tests.integration.served_graph import ODD, load_served_graph, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isthmus.graph.database.connection import Graph
    from isthmus.settings import Settings

FILMS = [
    *(("ana", 1, "f1", 2.0), ("ana", 2, "f3", 0.5), ("ana", 3, "f2", 0.0)),
    *((ODD, 1, "f2", 3.0), (ODD, 2, "f1", 0.0), (ODD, 3, "f3", 0.0)),
]
"""User, rank, item and score, of two of the four users."""
COLUMNS = ["user_id", "domain", "rank", "item_id", "title", "score", "generation"]


@pytest.fixture(scope="module")
def served(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    with connect(server_settings) as graph:
        delete_all(graph)
        yield load_served_graph(
            graph, server_settings, tmp_path_factory.mktemp("tables"), encoded=False
        )


def run(settings: Settings, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        command, [*map(str, arguments), "--home", str(settings.home), "--json"]
    )


def read(file: Path) -> pl.DataFrame:
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    if ".csv" in file.name:
        return pl.read_csv(data)
    return pl.DataFrame([json.loads(line) for line in data.decode().splitlines()])


@pytest.mark.parametrize("ending", ["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_every_format_has_the_same_recommendations(
    served: Graph, server_settings: Settings, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"films.{ending}"
    result = run(server_settings, "recommendations", "-o", file, "--domain", "films")
    assert result.exit_code == 0, result.stderr
    frame = read(file)
    assert frame.columns == COLUMNS
    assert frame["generation"].unique().to_list() == [served_generation(served)]
    rows = frame.select("user_id", "rank", "item_id", "score").rows()
    assert [row for row in rows if row[0] in ("ana", ODD)] == FILMS
    document = json.loads(result.stdout)
    assert (document["rows"], document["users"], document["unknown"]) == (len(frame), 4, 0)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o077 == 0


def served_generation(graph: Graph) -> int:
    return graph.read("admin/active_generation")[0]["number"]


def test_given_users_in_their_order_with_paths(
    served: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text(f"{ODD}\nnobody\nana\n", encoding="utf-8")
    file = tmp_path / "answers.parquet"
    result = run(
        server_settings, "recommendations", "-o", file, "-n", "1", "--paths",
        "--users", tmp_path / "ids.txt", "--domain", "films", "--domain", "books",
    )  # fmt: skip
    frame = pl.read_parquet(file)
    assert frame.select("user_id", "domain").rows() == [
        (ODD, "films"), (ODD, "books"), ("ana", "films"), ("ana", "books"),
    ]  # fmt: skip
    assert json.loads(result.stdout)["unknown"] == 1
    for paths, score in frame.select("paths", "score").rows():
        assert sum(path["share"] for path in paths) == pytest.approx(score)


def test_edges_interests_and_vectors(
    served: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    edges, interests, vectors = (tmp_path / f"{name}.parquet" for name in "eiv")
    assert run(server_settings, "edges", "-o", edges).exit_code == 0
    assert run(server_settings, "interests", "-o", interests).exit_code == 0
    assert run(server_settings, "vectors", "-o", vectors, "-d", "films").exit_code == 0
    rows = pl.read_parquet(edges).select("kind", "source", "target", "weight").rows()
    assert sorted(rows) == [
        ("co_liked", "films:f1", "films:f2", 0.5),
        ("interest", "category:cooking", "films:f3", 4.0),
        ("transfer", "books:b/1", "films:f1", 2.0),
        ("transfer", "books:b/1", "films:f3", 0.5),
        ("transfer", "books:b:2 🚀", "films:f2", 3.0),
        ("transfer", "films:f1", "books:b/1", 1.0),
    ]
    of_ana = pl.read_parquet(interests).filter(pl.col("user_id") == "ana")
    assert of_ana.select("interest", "likes").rows() == [("category:science fiction", 1)]
    frame = pl.read_parquet(vectors)
    assert frame["item_id"].to_list() == ["f1", "f2", "f3"]
    assert frame["vector"].list.len().to_list() == [2] * 3
    csv_file = tmp_path / "books.csv"
    assert run(server_settings, "edges", "-o", csv_file, "-d", "books").exit_code == 0
    assert pl.read_csv(csv_file)["target"].to_list() == ["books:b/1"]


@pytest.mark.parametrize("what", ["recommendations", "edges", "interests", "vectors"])
def test_a_killed_export_goes_on_where_it_was(
    served: Graph,
    server_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    for module, name in (
        (export_module, "PART_ROWS"), (export_rows, "BATCH_USERS"), (export_rows, "BATCH_SOURCES")
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr("isthmus.graph.interests.item_vectors.PAGE_ITEMS", 1)
    selection = Selection(what, domains=["films"] if what == "recommendations" else [])
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    export(served, server_settings, selection, whole)
    read_batches, seen = export_rows.read_batches, []

    def interrupted(*arguments: Any) -> Iterator[export_rows.Batch]:
        for k, batch in enumerate(read_batches(*arguments)):
            if k == 2:
                raise KeyboardInterrupt
            yield batch

    def recorded(*arguments: Any) -> Iterator[export_rows.Batch]:
        for batch in read_batches(*arguments):
            seen.append(batch)
            yield batch

    with monkeypatch.context() as patched:
        patched.setattr(export_module, "read_batches", interrupted)
        with pytest.raises(KeyboardInterrupt):
            export(served, server_settings, selection, killed)
    assert not killed.exists()
    with pytest.raises(InputError, match="other options"):
        export(served, server_settings, Selection("interests", n=3), killed)
    monkeypatch.setattr(export_module, "read_batches", recorded)
    summary = export(served, server_settings, selection, killed)
    assert killed.read_text("utf-8") == whole.read_text("utf-8")
    assert sum(batch.steps for batch in seen) < summary.steps
    assert summary.resumed == summary.rows - sum(len(batch.rows) for batch in seen)


def test_an_export_is_not_mixed_of_two_generations(
    served: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "PART_ROWS", 1)
    monkeypatch.setattr(export_rows, "BATCH_USERS", 1)
    file = tmp_path / "films.csv"
    read_batches = export_rows.read_batches

    def promoted_meanwhile(*arguments: Any) -> Iterator[export_rows.Batch]:
        for k, batch in enumerate(read_batches(*arguments)):
            if k == 1:
                publish(served)
            yield batch

    with monkeypatch.context() as patched:
        patched.setattr(export_module, "read_batches", promoted_meanwhile)
        with pytest.raises(InputError, match=r"generation \d answers by now"):
            export(served, server_settings, Selection("recommendations", ["films"]), file)
    arguments = ("recommendations", "-o", file, "-d", "films")
    with pytest.raises(InputError, match="--restart"):
        export(served, server_settings, Selection("recommendations", ["films"]), file)
    assert run(server_settings, *arguments, "--restart").exit_code == 0
    assert read(file)["generation"].unique().to_list() == [served_generation(served)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("films.xlsx", None, "format of films.xlsx is unknown"),
        ("missing/films.csv", None, "no folder"),
        ("films.csv", "user_id,password\n", "no earlier export"),
        ("films.parquet", "user_id,password\n", "no earlier export"),
        ("films.jsonl.gz", "[]", "no earlier export"),
    ],
)
def test_what_is_no_earlier_export_is_not_replaced(
    served: Graph,
    server_settings: Settings,
    tmp_path: Path,
    name: str,
    content: str | None,
    message: str,
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match=message):
        export(served, server_settings, Selection("recommendations", ["films"]), file)
    assert content is None or file.read_text() == content


def test_an_earlier_export_and_an_empty_file_are_replaced(
    served: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "films.jsonl.gz"
    file.touch()
    first = export(served, server_settings, Selection("recommendations", ["films"]), file)
    again = export(served, server_settings, Selection("recommendations", ["films"]), file)
    assert first.rows == again.rows > 0


def test_an_unknown_domain_and_the_file_of_the_users_are_refused(
    served: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="films"):
        export(served, server_settings, Selection("vectors", ["flims"]), tmp_path / "v.csv")
    users = tmp_path / "users.csv"
    users.write_text("user_id\nana\n")
    result = run(server_settings, "interests", "-o", users, "--users", users)
    assert result.exit_code == 2
    assert users.read_text() == "user_id\nana\n"


def test_a_second_run_to_the_same_file_waits_for_nothing(
    served: Graph, server_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection, file = Selection("edges"), tmp_path / "edges.csv"

    def second(*_: Any) -> Iterator[export_rows.Batch]:
        with pytest.raises(IsthmusError, match="Another run"):
            export(served, server_settings, selection, file)
        yield export_rows.Batch([], {}, 0)

    monkeypatch.setattr(export_module, "read_batches", second)
    assert export(served, server_settings, selection, file).rows == 0
