"""Wrong rows: where they are written, and when there are too many of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl

from isthmus.errors import InputError, IsthmusError
from isthmus.graph.ingest.schema import REJECTED

if TYPE_CHECKING:
    from pathlib import Path


def write_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Writes the wrong rows as JSON Lines, whole or not at all; without any, no file stays.

    Raises:
        IsthmusError: The file cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if rejected.is_empty():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            rejected.select(REJECTED.names()).write_ndjson(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def append_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Adds wrong rows of a stream to those that are in the file.

    Raises:
        IsthmusError: The file cannot be written.
    """
    if rejected.is_empty():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            rejected.select(REJECTED.names()).write_ndjson(file)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> IsthmusError:
    return IsthmusError(
        f"The wrong rows cannot be written to {path}: {error.strerror or error}.",
        "Make room, or name a folder that may be written.",
    )


def check_share(rejected: pl.DataFrame, rows: int, max_share: float, quarantine: Path) -> None:
    """Stops where too many rows are wrong; called before anything is written to the graph.

    Args:
        rejected: Wrong rows, schema `REJECTED`.
        rows: Rows read in all.
        max_share: Wrong rows over all rows, at most.
        quarantine: Where the wrong rows were written, for the sentence.

    Raises:
        InputError: More are wrong; it shows the first three.
    """
    if rejected.height <= max_share * rows:
        return
    first = "\n".join(f"  {describe(row)}" for row in rejected.head(3).iter_rows(named=True))
    raise InputError(
        f"{rejected.height:,} of {rows:,} rows are wrong, more than {max_share:.0%}; nothing was "
        f"loaded. The first:\n{first}\n",
        f"All of them are in {quarantine}. Correct them, or raise the setting max_rejected_share.",
    )


def describe(rejected: dict[str, object]) -> str:
    """A wrong row, as `REJECTED` names its fields, as a sentence without a full stop."""
    where = f"{rejected['file']}, line {rejected['line']}"
    if rejected["column"] is None:
        return f"{where}: {rejected['reason']}"
    if rejected["value"] is None:
        return f"{where}: {rejected['column']} {rejected['reason']}"
    return f"{where}: {rejected['column']} {str(rejected['value'])!r}: {rejected['reason']}"
