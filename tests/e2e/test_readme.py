"""Every command of the README works on a new home."""

from __future__ import annotations

import csv
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
# Blocks without a language are run; each block is matched with its own end.
BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)
COMMANDS = re.findall(
    r"^(isthmus [^#\n]+)",
    "\n".join(text for language, text in BLOCKS if not language),
    re.MULTILINE,
)

HISTORICAL_NOVELS = "我喜欢阅读历史小说。"


@pytest.fixture
def home(fresh_home: Path) -> Iterator[Path]:
    yield fresh_home
    for used_home in (fresh_home, fresh_home / "demo"):
        server.stop(Settings(home=used_home, neo4j_uri=None))


def isthmus(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from isthmus.scripts.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env=os.environ | {"ISTHMUS_HOME": str(home), "PYTHONPATH": str(ROOT)},
    )


def test_the_commands_of_the_readme_work_in_order_and_fail_with_advice_before_ingest(
    home: Path,
) -> None:
    result = isthmus(home, "retrain", "--json")
    assert result.returncode == 3
    assert json.loads(result.stdout)["error"]["advice"] == "Run `isthmus ingest` first."
    result = isthmus(home, "recommend", "ana", "--domain", "films", "--json")
    assert result.returncode == 2
    assert "isthmus ingest" in json.loads(result.stdout)["error"]["advice"]
    write_synthetic(home / "data", users=300, items=480)
    assert len(COMMANDS) >= 19
    checked = []
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if "finetune" in words:  # otherwise it trains for as long as validation improves
            words += ["--minutes", "0.1"]
        result = isthmus(home, *words)
        assert result.returncode == 0, f"{command}: {result.stderr}"
        assert result.stdout.strip()
        if HISTORICAL_NOVELS in words:
            check_historical_novels(home, words)
            checked.append(words[0])
    assert {"recommend", "judge"} <= {*checked}


def check_historical_novels(home: Path, words: list[str]) -> None:
    """Its first five items are historical novels, and its writer likes each of them."""
    result = isthmus(home, *words, "--json")
    assert result.returncode == 0, result.stderr
    items = json.loads(result.stdout)["items"][:5]
    assert len(items) == 5
    with (home / "data" / "items.csv").open(encoding="utf-8", newline="") as rows:
        categories = {
            (row["domain"], row["item_id"]): row["categories"] for row in csv.DictReader(rows)
        }
    for item in items:
        assert item["domain"] == "books"
        assert "historical novels" in categories["books", item["item_id"]]
        assert (item["likes"], item["verdict"]) == (True, "喜欢")


def test_the_demo_recovers_the_planted_transfers_and_says_how_to_go_on(home: Path) -> None:
    environment = os.environ | {"ISTHMUS_HOME": str(home)}

    def run(*words: str) -> str:
        result = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=home, env=environment
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    said = run(str(Path(sys.executable).with_name("isthmus")), "demo")
    summary = re.search(r"^(\d+) of (\d+) planted transfers", said, re.MULTILINE)
    assert summary is not None
    recovered, planted = map(int, summary.groups())
    assert recovered >= 0.9 * planted > 0
    page = (home / "demo-report.html").read_text("utf-8")
    first = re.findall(r"^  1\. (.+?)  [\d.]+$", said, re.MULTILINE)
    assert len(first) == 6
    assert re.search(r"Because of \d+ items that you liked in books \(science fiction\)", page)
    assert re.search(r"因为你喜欢 books 里的 \d+ 项历史小说，尤其是", said)
    assert all(title in page for title in first)
    *questions, stop = [line.strip() for line in said.splitlines()[-6:]]
    answers = run("bash", "-ec", "\n".join(questions))
    assert "that you liked in books (science fiction)" in answers  # of ana's recommendations
    assert "在 films 的 300 项里排第" in answers  # of the film that is explained to lin
    with (home / "demo/data/items.csv").open(encoding="utf-8", newline="") as rows:
        jazz = {row["title"] for row in csv.DictReader(rows) if "jazz" in row["categories"]}
    liked = re.findall(r"^  \d+\. (.+?)  likes \d+%$", answers, re.MULTILINE)
    assert len(jazz & {*liked}) >= 8  # for the text about jazz
    assert "interests/profile" in answers  # of the list of statements
    assert "server stop" in stop
    run("bash", "-ec", f"{questions[0]}\n{stop}")
