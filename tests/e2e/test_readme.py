"""Every command of the README, as a user types it, on a home of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isthmus.graph.server import lifecycle as server
from isthmus.graph.sources.synthetic import write_synthetic
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
COMMANDS = re.findall(r"^(isthmus [^#\n]+)", "\n".join(BLOCKS), re.MULTILINE)


@pytest.fixture
def home(fresh_home: Path) -> Iterator[Path]:
    yield fresh_home
    for used in (fresh_home, fresh_home / "demo"):
        server.stop(Settings(home=used, neo4j_uri=None))


def isthmus(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from isthmus.scripts.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env=os.environ | {"ISTHMUS_HOME": str(home), "PYTHONPATH": str(ROOT)},
    )


def test_the_commands_of_the_readme_work_in_their_order_and_say_what_must_come_first(
    home: Path,
) -> None:
    done = isthmus(home, "retrain", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["advice"] == "Run `isthmus ingest` first."
    done = isthmus(home, "recommend", "ana", "--domain", "films", "--json")
    assert done.returncode == 2
    assert "isthmus ingest" in json.loads(done.stdout)["error"]["advice"]
    write_synthetic(home / "data", users=300, items=240)
    assert len(COMMANDS) >= 8
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if "finetune" in words:  # it would learn for as long as it gains
            words += ["--minutes", "0.1"]
        done = isthmus(home, *words)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout.strip()


def test_the_demo_recovers_what_was_planted_and_writes_its_report(home: Path) -> None:
    done = isthmus(home, "demo", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["recovered"] >= 0.9 * result["planted"] > 0
    page = (home / "demo-report.html").read_text("utf-8")
    for person in result["people"]:
        for answer in person["answers"]:
            assert answer["items"][0]["title"] in page
