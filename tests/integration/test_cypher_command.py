"""`isthmus cypher run` and `plan` as commands, on a graph of three users."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from neo4j import RoutingControl

from isthmus.errors import InputError
from isthmus.graph.database import Graph
from isthmus.graph.database.errors import QueryFailed
from isthmus.scripts.cypher import command
from isthmus.settings import Settings

LONG = "UNWIND range(1, 1000000000000) AS x WITH x WHERE x = -1 RETURN count(x) AS n"


@pytest.fixture
def users(graph: Graph) -> Graph:
    graph.run(
        """
        CREATE (a:User {id: '阿娜'}), (b:User {id: '42'}), (:User {id: 'ben'}),
          (a)-[:FOLLOWS {weight: 1.0, since: datetime('2026-01-01T00:00Z')}]->(b)
        """,
        {},
    )
    return graph


@pytest.fixture
def ask(users: Graph, server_settings: Settings, tmp_path: Path):
    def run(*arguments: str, text: str | None = None) -> Result:
        place = ["--home", str(server_settings.home)]
        return CliRunner().invoke(command, [*arguments, *place], input=text)

    return run


def test_rows_are_printed_or_written_in_each_format(ask, tmp_path: Path) -> None:
    text = "MATCH (u:User) RETURN u.id AS id, size(u.id) AS n ORDER BY id"
    table = ask("run", "-", text=text)
    assert table.stdout.splitlines() == ["id    n", "----  -", "42    2", "ben   3", "阿娜  2"]
    assert ask("run", "-", "--format", "csv", text=text).stdout == "id,n\n42,2\nben,3\n阿娜,2\n"
    lines = ask("run", "-", "--format", "jsonl", text=text).stdout.splitlines()
    assert [json.loads(line)["n"] for line in lines] == [2, 3, 2]
    document = json.loads(ask("run", "-", "--json", text=text).stdout)
    assert document == {
        "columns": ["id", "n"],
        "rows": [["42", 2], ["ben", 3], ["阿娜", 2]],
        "cut": False,
    }
    path = tmp_path / "users.parquet"
    done = ask("run", "-", "-o", str(path), text=text)
    assert (done.stdout, done.stderr) == ("", f"3 rows written to {path}.\n")
    assert pl.read_parquet(path)["id"].to_list() == ["42", "ben", "阿娜"]
    assert ask("run", "-", "--format", "parquet", text=text).exit_code == 2


def test_rows_are_cut_with_a_sentence(ask) -> None:
    text = "UNWIND range(1, 5) AS n RETURN n"
    done = ask("run", "-", "--max-rows", "2", text=text)
    assert done.stdout.split() == ["n", "-", "1", "2"]
    assert done.stderr == "Only the first 2 rows; --max-rows 0 gives all.\n"
    done = ask("run", "-", "--max-rows", "5", text=text)
    assert (len(done.stdout.split()), done.stderr) == (7, "")
    assert len(ask("run", "-", "--max-rows", "0", text=text).stdout.split()) == 7
    assert ask("run", "-", text="MATCH (x:Nothing) RETURN x").stderr == "No rows.\n"


def test_a_value_has_the_type_of_the_header_and_defaults_may_be_left_out(ask) -> None:
    header = "// parameters:\n//   user STRING id\n//   most INTEGER rows; default 1\n"
    text = f"{header}MATCH (u:User {{id: $user}}) RETURN u.id AS id LIMIT $most"
    done = ask("run", "-", "-p", "user=42", "--json", text=text)
    assert json.loads(done.stdout)["rows"] == [["42"]]
    wrong = ask("run", "-", "-p", "user=42", "-p", "most=x", text=text).exception
    assert isinstance(wrong, InputError)
    assert "-p most=1" in wrong.advice


def test_a_reader_runs_by_its_name(ask) -> None:
    done = ask("run", "admin/sizes", "--format", "csv")
    assert "node,User,3" in done.stdout.splitlines()
    done = ask("run", "insight/most_followed", "--json")
    assert json.loads(done.stdout)["rows"] == [["42", 1, 0, 0, []]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["interests/profile", "-p", "user=bem"], "There is no user 'bem'. Did you mean 'ben'?"),
        (
            ["recommend/for_group", "-p", 'users=["ben", "阿那"]', "-p", "domain=films"],
            "There is no user '阿那'.",
        ),
        (
            ["insight/strongest_transfers", "-p", "source=flims"],
            "There is no domain 'flims'. Did you mean 'films'?",
        ),
        (
            ["insight/item", "-p", "item=films:f12"],
            "There is no item 'f12' in 'films'. Did you mean 'f012'?",
        ),
        (["insight/item", "-p", "item=f012"], "The item 'f012' is no key."),
    ],
)
def test_a_reader_names_what_the_graph_does_not_have(
    ask, users: Graph, arguments: list[str], sentence: str
) -> None:
    users.run(
        "CREATE (:Domain {name: 'films'}), "
        "(:Item {key: 'films:f012', domain: 'films', item_id: 'f012', title: 'A Long Way'})",
        {},
    )
    result = ask("run", *arguments)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(sentence)
    # A plan needs no names.
    assert ask("plan", *arguments).exit_code == 0


def test_nodes_relationships_and_times_are_plain_values(ask) -> None:
    text = """
        MATCH p = (a)-[f:FOLLOWS]->(b)
        RETURN a, f, p, duration('P1D') AS d, point({x: 1, y: 2}) AS at
        """
    row = json.loads(ask("run", "-", "--json", text=text).stdout)["rows"][0]
    follows = {"type": "FOLLOWS", "weight": 1.0, "since": "2026-01-01T00:00:00Z"}
    ana, other = {"labels": ["User"], "id": "阿娜"}, {"labels": ["User"], "id": "42"}
    assert row[:4] == [ana, follows, [ana, follows, other], "P1D"]
    assert row[4] == {"srid": 7203, "coordinates": [1.0, 2.0]}


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (:User {id: 'x'})",
        "MATCH (u:User) SET u.id = 'x' RETURN u",
        "MATCH (u:User) CALL (u) { DETACH DELETE u } IN TRANSACTIONS",
        "CREATE INDEX x FOR (u:User) ON (u.x)",
        "CREATE USER x SET PASSWORD 'long enough'",
        "CALL db.createLabel('X')",
    ],
)
def test_a_statement_that_writes_is_refused(ask, users: Graph, text: str) -> None:
    error = ask("run", "-", text=text).exception
    assert isinstance(error, InputError)
    assert error.message == "The statement writes, and may only read."
    found = users.run("MATCH (u:User) RETURN count(u) AS n", {}, RoutingControl.READ)
    assert found == [{"n": 3}]


def test_a_product_statement_that_writes_is_refused_too(ask) -> None:
    error = ask("run", "admin/delete_orphans").exception
    assert isinstance(error, InputError)
    assert "may only read" in error.message


def test_a_statement_ends_at_its_time_limit(ask) -> None:
    error = ask("run", "-", "--timeout", "0.5", text=LONG).exception
    assert isinstance(error, QueryFailed)
    assert "--timeout" in error.advice


def test_ctrl_c_ends_the_statement_in_the_server(
    users: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    def running() -> int:
        text = """
            SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND range'
            RETURN 1
            """
        return len(users.run(text, {}, RoutingControl.READ))

    def wait_for(number: int) -> None:
        deadline = time.monotonic() + 60
        while running() != number and time.monotonic() < deadline:
            time.sleep(0.2)
        assert running() == number

    file = tmp_path / "long.cypher"
    file.write_text(LONG)
    code = "from isthmus.scripts.main import main; main()"
    words = ["cypher", "run", str(file), "--home", str(server_settings.home), "--timeout", "600"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.DEVNULL,
    )
    wait_for(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    wait_for(0)


def test_a_plan_is_a_tree_with_rows_and_hits_of_a_profile(ask) -> None:
    text = "MATCH (u:User) WHERE u.id = $id RETURN u.id"
    plan = ask("plan", "-", "-p", "id=ben", text=text).stdout.splitlines()
    assert plan[0].split() == ["operator", "estimated", "rows", "details"]
    assert plan[2].startswith("ProduceResults")
    assert any(line.startswith("    NodeUniqueIndexSeek") for line in plan)
    done = ask("plan", "-", "-p", "id=ben", "--profile", "--json", text=text)
    document = json.loads(done.stdout)
    assert document["columns"] == [
        *("depth", "operator", "details", "estimated_rows", "rows", "db_hits"),
    ]
    assert document["rows"][-1][0] == len(document["rows"]) - 1
    assert document["rows"][-1][4] == 1
    assert document["rows"][-1][5] > 0
    written = ask("plan", "-", "--profile", text="CREATE (:User)").exception
    assert isinstance(written, InputError)
