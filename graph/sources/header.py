"""Finds the columns of a table in the header of a file."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Container, Iterable, Sequence
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.ingest import (
    MAX_ATTRIBUTES,
    MAX_SHOWN_CHARACTERS,
    Column,
    Table,
    property_name,
)
from isthmus.graph.sources.validation import missing_column

logger = logging.getLogger("isthmus")

MAX_IGNORED = 50
"""Columns that are named as ignored."""
ROW_NUMBERS = re.compile(
    r"unnamed:?\d*(?:level\d+)?|index|indexlevel\d+|level\d+|c\d+|row(?:s|num|number|no|id|index)?"
    r"|rownum|#|序号|行号|\d+"
)
"""Names, in their normal form, that programs give to the numbers of rows; `3` names no column."""


def match_columns(path: Path, header: Sequence[str], table: Table) -> dict[str, int]:
    """Returns the position of each column of the table that a header has, and of each attribute.

    A column has its own name or, where the header lacks that, one of its aliases; case, blanks,
    underscores and hyphens do not count. Aliases that are used and columns that are ignored are
    logged.

    Raises:
        InputError: The header lacks a required column, or has a column twice.
    """
    names = [normal_name(name) for name in header]
    positions: dict[str, int] = {}
    for column in table.columns:
        name = find_name(column, names, table)
        if name is not None:
            positions[column.name] = _position(path, name, column.name, header, names)
            if name != normal_name(column.name):
                read_as(path, header[positions[column.name]], column)
        elif column.required:
            raise missing_column(path, column.name, list(header))
    found = set(positions)
    taken = set(positions.values())
    for place, name in enumerate(header):
        if place not in taken and (own := attribute_name(name, table, positions)):
            positions[own] = place
    read = set(positions.values())
    ignored = [name for n, name in enumerate(header) if name and n not in read]
    log_ignored(path, "columns", ignored, table, found)
    return positions


def attribute_name(name: str, table: Table, found: Collection[str]) -> str | None:
    """Returns the property of a column that the table does not have; None if it is not read.

    Args:
        name: The name in the header.
        table: The table, which has attributes if it is open.
        found: The columns that are read already; the first of several with a property counts.
    """
    if not table.is_open or not name.strip() or ROW_NUMBERS.fullmatch(normal_name(name)):
        return None
    own = property_name(name)
    attributes = set(found).difference(column.name for column in table.columns)
    return None if own in found or len(attributes) >= MAX_ATTRIBUTES else own


def log_ignored(
    path: Path, what: str, ignored: Sequence[str], table: Table, found: Container[str]
) -> None:
    """Logs the columns of a file that are ignored, and what is missing if one of them is it.

    Args:
        path: The file.
        what: Whether they are columns or keys.
        ignored: Their names.
        table: The table of the file.
        found: The columns of the table that the file has.
    """
    if not ignored:
        return
    shown = ", ".join(name[:MAX_SHOWN_CHARACTERS] for name in ignored[:MAX_IGNORED])
    more = f" and {len(ignored) - MAX_IGNORED:,} more" if len(ignored) > MAX_IGNORED else ""
    lacking = [column for column in table.columns if column.name not in found]
    rating = next((column.name for column in lacking if column.is_rating), None)
    if rating is not None:
        logger.warning(
            "%s: ignored %s: %s%s; none is read as %s, so that every row is a like: if one of them "
            "is a rating or a count, rename it to rating or count",
            *(path.name, what, shown, more, rating),
        )
    elif any(column.name == "timestamp" for column in lacking):
        logger.warning(
            "%s: ignored %s: %s%s; no row has a time, so that old ones count as new ones do: "
            "if one of them is the time, rename it to timestamp",
            *(path.name, what, shown, more),
        )
    else:
        logger.info("%s: ignored %s: %s%s", path.name, what, shown, more)


def renamed_columns(
    header: Sequence[str], positions: dict[str, int], table: Table
) -> dict[str, str]:
    """Returns the name in the header of each column that is called differently there.

    Case, blanks, underscores and hyphens count in the names of attributes only.
    """
    own = {column.name for column in table.columns}
    names = {name: header[position] for name, position in positions.items()}
    return {
        name: other
        for name, other in names.items()
        if (normal_name(other) != normal_name(name) if name in own else other != name)
    }


def find_name(column: Column, names: Iterable[str], table: Table) -> str | None:
    """Returns the name that a column has among normalised names, or None.

    An alias that is the own name of another column of the table does not count.
    """
    names = set(names)
    own = {normal_name(other.name) for other in table.columns}
    aliases = [normal_name(alias) for alias in column.aliases]
    possible = [normal_name(column.name), *(alias for alias in aliases if alias not in own)]
    return next((name for name in possible if name in names), None)


def normal_name(name: str) -> str:
    """Returns a name in the form in which names are compared."""
    return "".join(name.casefold().replace("_", " ").replace("-", " ").split())


def read_as(path: Path, name: str, column: Column) -> None:
    """Logs that a column of the file is read as a column of another name."""
    logger.info("%s: the column %s is read as %s", path.name, name, column.name)


def _position(path: Path, name: str, own: str, header: Sequence[str], names: list[str]) -> int:
    """Returns the position of a normalised name; one written as the column's own comes first."""
    found = [position for position, other in enumerate(names) if other == name]
    exact = [position for position in found if header[position] == own]
    if len(exact or found) > 1:
        raise InputError(
            f"{path.name} has the column {header[found[0]]} {len(exact or found)} times.",
            "Remove all but one of them.",
        )
    return (exact or found)[0]
