"""The explanation of an item as text: its sentences, and its signals as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

from isthmus.graph.explain.wording import Wording
from isthmus.graph.serving import describe_path

COLUMNS = ("share", "average", "difference")


def format_explanation(document: Mapping[str, Any], paths: bool = False) -> str:
    """Formats the document of `explain_item` as lines.

    Args:
        document: The document.
        paths: Whether to add the paths and their shares.
    """
    lines = [*document["reasons"]]
    if document["parts"]:
        lines += ["", *_format_parts(document)]
    if paths and document["paths"]:
        shown = [path for path in document["paths"] if abs(path["share"]) >= 0.00005]
        lines += ["", *(f"{path['share']:+.4f}  {describe_path(path)}" for path in shown)]
    return "\n".join(lines)


def _format_parts(document: Mapping[str, Any]) -> list[str]:
    """Formats the signals, with their sum in the last line."""
    wording = Wording(document["language"])
    names = [wording.signal(row["signal"], document["domain"]) for row in document["parts"]]
    total = {
        "share": document["score"],
        "average": document["average_score"],
        "difference": document["score"] - document["average_score"],
    }
    rows = [
        [name, *(f"{row[column]:+.4f}" for column in COLUMNS)]
        for name, row in zip(
            [*names, wording.signal("total", document["domain"])],
            [*document["parts"], total],
            strict=True,
        )
    ]
    header = ["", *(wording.columns()[column] for column in COLUMNS)]
    return _align([header, *rows])


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligns columns, the first to the left and the others to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [
            " " * (width - _width(cell)) + cell
            for cell, width in zip(others, widths[1:], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    """The number of columns that a text takes on a terminal."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
