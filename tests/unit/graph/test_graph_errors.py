"""Each failure of a server is a sentence that says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from neo4j.exceptions import Neo4jError, ServiceUnavailable

from isthmus.errors import InputError
from isthmus.graph.database.errors import DatabaseUnusable, QueryFailed, ServerRefused, explain
from isthmus.graph.server import lifecycle as server

URI = "bolt://127.0.0.1:7687"


@pytest.mark.parametrize(
    ("code", "message", "kind", "says"),
    [
        (
            "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
            "No write operations are allowed on this database.",
            DatabaseUnusable,
            "read-only",
        ),
        (
            "Neo.DatabaseError.General.UnknownError",
            "java.io.IOException: No space left on device",
            DatabaseUnusable,
            "Free some disk space",
        ),
        (
            "Neo.ClientError.Database.DatabaseNotFound",
            "Database 'shop' does not exist.",
            DatabaseUnusable,
            "NEO4J_DATABASE",
        ),
        (
            "Neo.TransientError.Database.DatabaseUnavailable",
            "Database 'neo4j' is unavailable.",
            DatabaseUnusable,
            "Wait until it is online",
        ),
        (
            "Neo.ClientError.Transaction.TransactionTimedOut",
            "The transaction ran past its limit.",
            QueryFailed,
            "time limit",
        ),
        ("Neo.ClientError.Statement.SyntaxError", "Invalid input 'X'", InputError, "valid Cypher"),
    ],
)
def test_an_answer_of_the_server_is_explained(
    code: str, message: str, kind: type[Exception], says: str
) -> None:
    error = explain(Neo4jError._hydrate_neo4j(code=code, message=message), URI)
    assert isinstance(error, kind)
    assert says in str(error)


def test_no_server_names_the_address_and_the_way_out() -> None:
    error = explain(ServiceUnavailable("Connection refused"), URI)
    assert isinstance(error, ServerRefused)
    assert URI in error.message
    assert "NEO4J_URI" in error.advice


def test_a_server_that_was_killed_has_ended_and_one_that_runs_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS_TO_GO", 0.2)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = server.ServerRecord(
        "bolt://127.0.0.1:1", "neo4j", tmp_path / "password", process.pid, tmp_path, ""
    )
    assert not server.has_ended(record)
    process.kill()
    assert server.has_ended(record)
    process.wait()
    assert server.has_ended(record)
