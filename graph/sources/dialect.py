"""Recognises the separator of a CSV file by its header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from isthmus.graph.ingest import Table
from isthmus.graph.sources.header import find_name, normal_name

SEPARATORS = (",", ";", "\t", "|")
DECLARATION = "sep="
"""Begins the first line of files for Excel, which names the separator."""


class Dialect(NamedTuple):
    """How a CSV file separates its columns.

    Attributes:
        separator: Character between columns.
        blank: Whether blanks follow each separator, also before a quote.
        first: Number of the header's line.
    """

    separator: str
    blank: bool
    first: int


def recognise_dialect(lines: Iterator[str], table: Table) -> tuple[Dialect, Iterator[str]]:
    """Returns the dialect of a CSV file, and its lines from the header on.

    The separator is the one that a line `sep=;` names, or else the one that finds the most columns
    of the table in the header.

    Args:
        lines: Lines of the file.
        table: Table of its rows.
    """
    first = 1
    header = next(lines, "")
    declared = _declared_separator(header)
    if declared is not None:
        first, header = 2, next(lines, "")
    while header and not header.strip():
        first, header = first + 1, next(lines, "")
    separator = declared or max(SEPARATORS, key=lambda each: _fit(header, each, table))
    blank = f"{separator} " in header and header.count(separator) == header.count(f"{separator} ")
    return Dialect(separator, blank, first), chain([header] if header else [], lines)


def _declared_separator(line: str) -> str | None:
    text = line.rstrip("\r\n").strip('"')
    if not text.casefold().startswith(DECLARATION) or "=" in text[len(DECLARATION) :]:
        return None
    return text[len(DECLARATION) :][:1] or ","


def _fit(header: str, separator: str, table: Table) -> tuple[int, int]:
    """Returns how many columns of the table a separator finds in a header, then how many in all."""
    try:
        fields = next(csv.reader([header], delimiter=separator), [])
    except csv.Error:
        return 0, 0
    names = [normal_name(field) for field in fields]
    found = sum(find_name(column, names, table) is not None for column in table.columns)
    return found, len(names)
