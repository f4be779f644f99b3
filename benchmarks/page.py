"""The page of a benchmark: its figures as a table, with the machine that they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isthmus.gnn.evaluation.report import machine


def write(out: Path, title: str, rows: Sequence[Mapping[str, Any]], *more: str) -> str:
    """Writes OUT.json and OUT.md.

    Args:
        out: Where, without an ending.
        title: Of the page.
        rows: The figures, with the same keys each, which head the columns.
        more: Paragraphs below the table.

    Returns:
        The table.
    """
    names = list(rows[0])
    cells = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in cells)
    out.with_suffix(".json").write_text(json.dumps(list(rows), indent=1, ensure_ascii=False))
    text = "\n\n".join([f"# {title}", machine(), table, *more])
    out.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    return table
