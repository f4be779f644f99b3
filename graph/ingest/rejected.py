"""Rejected rows: writes them to the quarantine file and limits their share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from isthmus.errors import InputError, IsthmusError
from isthmus.files import append_to, make_folder, new_file
from isthmus.graph.ingest.schema import REJECTED

if TYPE_CHECKING:
    from pathlib import Path

MAX_REASONS = 5


def write_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Writes the rejected rows as JSON Lines, atomically; removes the file if there are none.

    Only its owner can read the file, since the rows have the words of users.

    Raises:
        IsthmusError: The file cannot be written.
    """
    try:
        if rejected.is_empty():
            path.unlink(missing_ok=True)
            return
        make_folder(path.parent)
        with new_file(path) as file:
            rejected.select(REJECTED.names()).write_ndjson(file)
    except OSError as error:
        raise _write_error(path, error) from error


def append_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Appends the rejected rows of a stream to the file.

    Raises:
        IsthmusError: The file cannot be written.
    """
    if rejected.is_empty():
        return
    try:
        make_folder(path.parent)
        with append_to(path) as file:
            rejected.select(REJECTED.names()).write_ndjson(file)
    except OSError as error:
        raise _write_error(path, error) from error


def _write_error(path: Path, error: OSError) -> IsthmusError:
    return IsthmusError(
        f"The rejected rows cannot be written to {path}: {error.strerror or error}.",
        "Free disk space, or set ISTHMUS_HOME to a folder that can be written.",
    )


def check_rejected_share(
    rejected: pl.DataFrame, rows: int, max_share: float, quarantine: Path
) -> None:
    """Checks the share of rejected rows, before anything is written to the graph.

    Args:
        rejected: Rejected rows, schema `REJECTED`.
        rows: Number of all rows that were read.
        max_share: Maximum share of rejected rows.
        quarantine: File that holds the rejected rows, for the message.

    Raises:
        InputError: The share is greater; the message shows the first three rows.
    """
    if rejected.height <= max_share * rows:
        return
    examples = "\n".join(
        f"  {describe_rejected(row)}" for row in rejected.head(3).iter_rows(named=True)
    )
    raise InputError(
        f"{rejected.height:,} of {rows:,} rows are invalid, more than {max_share:.0%}; nothing was "
        f"loaded. The first:\n{examples}\n",
        f"{quarantine} lists all of them. Correct them, or raise the setting max_rejected_share.",
    )


def first_reasons(rejected: pl.DataFrame) -> list[str]:
    """Describes the first row of each of the first reasons for a rejection, a line each.

    Args:
        rejected: Rejected rows, schema `REJECTED`.
    """
    first = rejected.unique(["file", "column", "reason"], keep="first", maintain_order=True)
    return [describe_rejected(row) for row in first.head(MAX_REASONS).iter_rows(named=True)]


def describe_rejected(rejected: dict[str, object]) -> str:
    """Describes a rejected row, with the fields of `REJECTED`, in one line."""
    place = f"{rejected['file']}, line {rejected['line']}"
    if rejected["column"] is None:
        return f"{place}: {rejected['reason']}"
    if rejected["value"] is None:
        return f"{place}: {rejected['column']} {rejected['reason']}"
    return f"{place}: {rejected['column']} {str(rejected['value'])!r}: {rejected['reason']}"
