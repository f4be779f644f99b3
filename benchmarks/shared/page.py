"""The page of a benchmark: its figures as a table, with the date, the machine and the commit.

python benchmarks/shared/page.py PAGE.md

Adds the commit to a page that `isthmus evaluate -o` wrote, which names date and machine only.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isthmus.gnn.evaluation.report import describe_machine

ROOT = Path(__file__).resolve().parents[2]
# Benchmarks write these files, so a change to them does not change what is measured.
PAGES = [f":(exclude)benchmarks/*.{suffix}" for suffix in ("json", "md", "png")]


def commit() -> str:
    """Returns the short hash of HEAD, with "+" if the work tree has changes outside the pages.

    It is "unknown" where this is not a git checkout.
    """
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return f"{head}+" if _git("status", "--porcelain", "--", ".", *PAGES) else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def describe_measurement() -> str:
    """Returns a sentence with today's date, this machine, the library versions and the commit."""
    return f"{describe_machine().removesuffix('.')}, commit {commit()}."


def add_commit(page: Path) -> None:
    """Adds the commit to the lines of a page that name date and machine only."""
    text = page.read_text("utf-8")
    text = re.sub(
        r"^(?!.*\bcommit )(.*\bMeasured on .*)\.$", rf"\1, commit {commit()}.", text, flags=re.M
    )
    page.write_text(text, encoding="utf-8")


def write(out: Path, title: str, rows: Sequence[Mapping[str, Any]], *more: str) -> str:
    """Writes OUT.json and OUT.md.

    Args:
        out: Path of the files without their suffix.
        title: Title of the page.
        rows: The figures; all rows have the same keys, which become the table's header.
        more: Paragraphs below the table.

    Returns:
        The table.
    """
    names = list(rows[0])
    cells = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in cells)
    out.with_suffix(".json").write_text(json.dumps(list(rows), indent=1, ensure_ascii=False))
    text = "\n\n".join([f"# {title}", describe_measurement(), table, *more])
    out.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("page", type=Path, help="page that `isthmus evaluate -o` wrote")
    add_commit(parser.parse_args().page)


if __name__ == "__main__":
    main()
