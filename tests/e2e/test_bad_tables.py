"""Ten invalid inputs on the command line: an error message, exit code 2, an unchanged graph."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isthmus.graph.database.connection import Graph
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Alien\n"
GOOD = "".join(f"u{k},1,1\n" for k in range(100))


def ingest(home: Path, folder: Path) -> tuple[int, dict[str, Any]]:
    code = "from isthmus.scripts.main import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "ingest", str(folder), "--json", "--home", str(home), "-q"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in result.stderr
    return result.returncode, json.loads(result.stdout)


def count_nodes(graph: Graph) -> int:
    return int(graph.run("MATCH (n:User|Item|Domain) RETURN count(n) AS n", {})[0]["n"])


INVALID_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing column": (lambda f: f.write_text("user_id,weight\na,1\n"), "item_id"),
    "empty file": (lambda f: f.write_text(""), "empty"),
    "binary file": (lambda f: f.write_bytes(bytes(range(256)) * 40), "interactions.csv"),
    "unknown encoding": (
        lambda f: f.write_bytes(b"user_id,item_id\n\x81\x8d\x8f,1\n"),
        "UTF-8",
    ),
}
INVALID_ROWS = {
    "wrong type": ("a,1,many\n", "weight"),
    "infinite weight": ("a,1,inf\n", "weight"),
    "unknown item": ("a,9,1\n", "item_id"),
    "50 MB line": ("a," + "x" * 50_000_000 + ",1\n", None),
}


pytestmark = pytest.mark.usefixtures("graph")


@pytest.mark.parametrize("case", INVALID_FILES)
def test_an_unreadable_file_is_an_error_and_nothing_is_loaded(
    case: str, graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    write, message = INVALID_FILES[case]
    (tmp_path / "items.csv").write_text(ITEMS)
    write(tmp_path / "interactions.csv")
    exit_code, document = ingest(server_settings.home, tmp_path)
    assert exit_code == 2
    assert message in document["error"]["message"] + document["error"]["advice"]
    assert count_nodes(graph) == 0


@pytest.mark.parametrize("case", INVALID_ROWS)
def test_an_invalid_row_is_rejected_and_the_others_are_loaded(
    case: str, server_settings: Settings, tmp_path: Path
) -> None:
    row, column = INVALID_ROWS[case]
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "interactions.csv").write_text("user_id,item_id,weight\n" + row + GOOD)
    exit_code, document = ingest(server_settings.home, tmp_path)
    assert exit_code == 0
    assert document["rejected"] == 1
    assert document["interactions"] == 100
    rejected = json.loads((server_settings.home / "rejected.jsonl").read_text())
    assert rejected["file"].endswith("interactions.csv")
    assert (rejected["line"], rejected["column"]) == (2, column)


def test_a_date_that_is_not_iso_and_a_contradictory_item_are_rejected(
    server_settings: Settings, tmp_path: Path
) -> None:
    rows = "".join(f"u{k},1,2024-01-01\n" for k in range(100))
    (tmp_path / "items.csv").write_text(ITEMS + "1,books,Another title\n")
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,timestamp\na,1,last summer\n" + rows
    )
    exit_code, document = ingest(server_settings.home, tmp_path)
    assert (exit_code, document["rejected"], document["items"]) == (0, 2, 2)
    lines = (server_settings.home / "rejected.jsonl").read_text().splitlines()
    assert {json.loads(line)["value"] for line in lines} >= {"last summer"}
