"""kill -9 at any moment: the next run goes on, nothing is lost, nothing is half active."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph import server
from graph.connection import connect
from graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings

ISTHMUS = [sys.executable, "-c", "from scripts.main import main; main()"]
COUNTS = (
    "MATCH (u:User) WITH count(u) AS users MATCH ()-[r:INTERACTED]->() "
    "RETURN users, count(r) AS pairs, sum(r.count) AS events"
)
ACTIVE = (
    "MATCH (g:Generation {state: 'active'}) "
    "OPTIONAL MATCH ()-[e:TRANSFERS_TO|CO_LIKED {generation: g.number}]->() "
    "RETURN g.number AS number, g.edges AS promised, count(e) AS edges"
)


@pytest.fixture
def home(fresh_home: Path) -> Iterator[Path]:
    yield fresh_home
    server.stop(Settings(home=fresh_home, neo4j_uri=None))


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*ISTHMUS, *arguments, "--json", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=os.environ
        | {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "ISTHMUS_LOCK_SECONDS": "1",
        },
    )


def run(home: Path, *arguments: str) -> Any:
    process = start(home, *arguments)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


def killed(home: Path, after: float, *arguments: str) -> None:
    process = start(home, *arguments)
    time.sleep(after)
    process.kill()
    process.communicate()


def ask(home: Path, text: str) -> list[dict[str, Any]]:
    with connect(Settings(home=home, neo4j_uri=None)) as graph:
        return graph.run(text, {})


def test_killed_commands_and_servers_lose_nothing_and_leave_nothing_half_done(home: Path) -> None:
    data = home / "data"
    planted = write_synthetic(data, users=400, items=240)

    # Ingest, killed while it writes; then the server with it.
    run(home, "migrate")
    for after in (1.2, 2.0):
        killed(home, after, "ingest", str(data))
    first = run(home, "ingest", str(data))
    before = ask(home, COUNTS)
    assert before[0] == {
        "users": first["users"],
        "pairs": first["interactions"],
        "events": planted.interactions,
    }
    record = server.find(Settings(home=home, neo4j_uri=None))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert ask(home, COUNTS) == before

    # Encode, killed; the next run completes it.
    killed(home, 6.0, "encode")
    run(home, "encode")
    bare = "MATCH (i:Item) WHERE NOT EXISTS { (i)-[:ENCODED_AS]->() } RETURN count(i) AS n"
    assert ask(home, bare)[0]["n"] == 0

    # Retrain, killed in training and while edges are written: the champion goes on whole.
    champion = run(home, "retrain")["generation"]
    for after in (6.0, 10.0):
        killed(home, after, "retrain", "--force")
        time.sleep(1)  # the lease of its lock
        rows = ask(home, ACTIVE)
        assert len(rows) == 1
        assert rows[0]["promised"] == rows[0]["edges"] > 0
        assert rows[0]["number"] >= champion
    last = run(home, "retrain", "--force")
    rows = ask(home, ACTIVE)
    assert rows == [
        {"number": last["generation"], "promised": last["edges"], "edges": last["edges"]}
    ]
    states = [row["state"] for row in run(home, "generations", "list")]
    assert states[0] == "active"
    assert set(states[1:]) == {"retired"}
    assert len(states) <= 3
