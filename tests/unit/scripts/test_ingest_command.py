"""`isthmus ingest --dry-run` says what a load would do, and needs no server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "isthmus.scripts.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def test_dry_run_shows_each_column_and_starts_nothing(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "data",
        items="item_id,domain\n1,films\n2,films\n",
        interactions="user,item_id,stars\na,1,1\na,2,5\nb,1,3\n",
    )
    home = tmp_path / "home"
    done = run("ingest", str(folder), "--dry-run", "--json", "--home", str(home))
    assert done.returncode == 0, done.stderr
    columns = json.loads(done.stdout)["tables"]["interactions"]["columns"]
    assert columns["weight"]["file_column"] == "stars"
    assert columns["weight"]["examples"] == [
        {"value": "1", "read": "-1"},
        {"value": "5", "read": "1"},
        {"value": "3", "read": "0"},
    ]
    assert not (home / "server").exists()


def test_dry_run_without_items_says_what_a_load_does(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", interactions="user_id,item_id\nana,7\n")
    done = run("ingest", str(folder), "--dry-run", "--home", str(tmp_path / "home"))
    assert done.returncode == 0
    assert "There is no table items: a load rejects the items that the graph lacks." in done.stdout


def test_dry_run_of_tables_without_interactions_exits_with_2(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", items="item_id,domain\n1,films\n")
    home = str(tmp_path / "home")
    done = run("ingest", str(folder), "--dry-run", "--home", home)
    assert done.returncode == 2
    assert "has no valid interactions" in done.stderr
    assert run("ingest", str(folder), "--dry-run", "--allow-empty", "--home", home).returncode == 0
    done = run("ingest", str(folder), "--home", home)
    assert done.returncode == 2
    assert "Nothing was loaded." in done.stderr
    assert not (tmp_path / "home" / "server").exists()


def test_interactions_that_are_all_rejected_are_named_with_their_reasons(tmp_path: Path) -> None:
    items = "item_id,domain\n9780140000001,books\n"
    rows = "".join(f"u{number},9.78014E+12\n" for number in range(20))
    folder = write(tmp_path / "data", items=items, interactions=f"user_id,item_id\n{rows}")
    done = run("ingest", str(folder), "--home", str(tmp_path / "home"))
    assert done.returncode == 2
    assert "The first of 20 rejected rows:" in done.stderr
    assert "interactions.csv, line 2: item_id '9.78014E+12': is a number in" in done.stderr
    assert "Correct the rows" in done.stderr
    assert "Add a table interactions" not in done.stderr
