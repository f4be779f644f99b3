"""Each error of a server becomes a message with advice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from neo4j.exceptions import Neo4jError, ServiceUnavailable

from isthmus.errors import InputError
from isthmus.graph.database.errors import (
    DatabaseUnusable,
    QueryFailed,
    ServerRefused,
    translate_error,
)
from isthmus.graph.server import ServerRecord, status

URI = "bolt://127.0.0.1:7687"


@pytest.mark.parametrize(
    ("code", "message", "kind", "expected"),
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
            "The transaction exceeded its limit.",
            QueryFailed,
            "time limit",
        ),
        ("Neo.ClientError.Statement.SyntaxError", "Invalid input 'X'", InputError, "valid Cypher"),
    ],
)
def test_a_server_error_becomes_an_error_with_advice(
    code: str, message: str, kind: type[Exception], expected: str
) -> None:
    error = translate_error(Neo4jError._hydrate_neo4j(code=code, message=message), URI)
    assert isinstance(error, kind)
    assert expected in str(error)


def test_a_missing_server_error_names_the_address_and_the_setting() -> None:
    error = translate_error(ServiceUnavailable("Connection refused"), URI)
    assert isinstance(error, ServerRefused)
    assert URI in error.message
    assert "NEO4J_URI" in error.advice


def test_a_killed_server_has_exited_and_a_running_one_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "EXIT_TIMEOUT_SECONDS", 0.2)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = ServerRecord(
        "bolt://127.0.0.1:1", "neo4j", tmp_path / "password", process.pid, tmp_path, ""
    )
    assert not status.has_exited(record)
    process.kill()
    assert status.has_exited(record)
    process.wait()
    assert status.has_exited(record)
