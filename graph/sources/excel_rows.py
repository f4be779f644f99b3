"""Reads a sheet of an Excel or OpenDocument workbook as text columns."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import Table
from isthmus.graph.sources.archives import DAMAGED, unpacked_size
from isthmus.graph.sources.files import open_bytes
from isthmus.graph.sources.header import match_columns, normal_name, renamed_columns
from isthmus.graph.sources.memory import FREE_BYTES, check_document
from isthmus.graph.sources.panics import Panic, quiet_panics
from isthmus.graph.sources.parquet_rows import text_chunks
from isthmus.graph.sources.validation import Chunk

logger = logging.getLogger("isthmus")


def read_excel(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads a workbook in chunks of text columns; the line of a row is its number in the sheet.

    The sheet with the name of the table is read, or else the first one. The package `fastexcel` is
    needed, which `isthmus[excel]` installs.

    Raises:
        InputError: The package is missing, the file is no workbook, or its sheet lacks a column.
    """
    header, frame = _read_sheet(path, table)
    positions = match_columns(path, header, table)
    sources = renamed_columns(header, positions, table)
    frame = frame.select(pl.nth(position).alias(name) for name, position in positions.items())
    own = [column.name for column in table.columns if column.name in positions]
    for chunk in text_chunks(path, frame, table):
        rows = chunk.frame.filter(~pl.all_horizontal(pl.col(own).is_null()))
        # The header is the first row of the sheet.
        yield replace(chunk, frame=rows.with_columns(pl.col("line") + 1), sources=sources)


def _read_sheet(path: Path, table: Table) -> tuple[list[str], pl.DataFrame]:
    """Returns the header of the sheet, and its rows as text."""
    try:
        import fastexcel
    except ImportError as error:
        raise InputError(
            f"{path.name} is a workbook, and the package that reads workbooks is not installed.",
            "Install it: pip install 'isthmus[excel]'. Or save the sheet as CSV in UTF-8.",
        ) from error
    with open_bytes(path) as stream:
        content = stream.read()
    with suppress(*DAMAGED), zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_document(path, unpacked_size(path, archive), FREE_BYTES)
    try:
        with quiet_panics():
            book = fastexcel.read_excel(content)
            if not book.sheet_names:
                raise InputError(f"{path.name} has no sheets.", "Save the sheet as CSV in UTF-8.")
            names = {normal_name(name): name for name in reversed(book.sheet_names)}
            sheet = names.get(table.name, book.sheet_names[0])
            frame = book.load_sheet(sheet, dtypes="string").to_polars()
    except (fastexcel.FastExcelError, Panic) as error:
        is_said = str(error) and not isinstance(error, Panic)
        reason = str(error).splitlines()[0] if is_said else "a part of it is damaged"
        raise InputError(
            f"{path.name} cannot be read as a workbook: {reason}.",
            "Save the sheet as CSV in UTF-8.",
        ) from error
    if len(names) > 1:
        logger.info("%s: the sheet %s is read", path.name, sheet)
    return [name.strip() for name in frame.columns], frame
