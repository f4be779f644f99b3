"""Reads a folder of tables: `items.csv`, `interactions.jsonl.gz`, `texts.parquet` and so on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES, Dataset, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.json_rows import read_jsonl
from isthmus.graph.sources.parquet_rows import read_parquet
from isthmus.graph.sources.validation import Chunk, ValidatedTable, join_tables, validate_chunk
from isthmus.progress import progress

logger = logging.getLogger("isthmus")

Reader = Callable[[Path, Table], Iterator[Chunk]]

FORMATS: dict[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
"""Readers by file extension, which may be followed by `.gz`."""


def find_files(folder: Path) -> dict[str, Path]:
    """Returns the files of a folder in any of the formats, by name without extension.

    Raises:
        InputError: The folder does not exist, or two files have the same name.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read as a folder: {error.strerror or error}.",
            "Give the folder that contains the tables.",
        ) from error
    files: dict[str, Path] = {}
    for path in paths:
        name, _, extension = path.name.removesuffix(".gz").rpartition(".")
        if extension not in FORMATS:
            continue
        if name in files:
            raise InputError(
                f"{folder} contains {files[name].name} and {path.name}.",
                "Remove one of them: a table is one file.",
            )
        files[name] = path
    return files


def read_tables(files: dict[str, Path]) -> Dataset:
    """Reads the files that have the name of a table; logs the names of the others.

    Raises:
        InputError: A file cannot be read as its table.
    """
    ignored = [path.name for name, path in files.items() if name not in TABLES]
    if ignored:
        logger.info("ignored files, not named like a table: %s", ", ".join(ignored))
    return build_dataset(
        {name: [read_table(files[name], table)] for name, table in TABLES.items() if name in files}
    )


def read_table(path: Path, table: Table, read: Reader | None = None) -> ValidatedTable:
    """Reads and validates a file.

    Args:
        path: The file.
        table: Table of its rows.
        read: Reader of the file; None to select it from `FORMATS` by the file extension.

    Raises:
        InputError: The file cannot be read, or lacks a required column.
    """
    read = read or FORMATS[path.name.removesuffix(".gz").rpartition(".")[2]]
    parts = []
    with progress(f"read {path.name}", unit="rows") as advance:
        for chunk in read(path, table):
            parts.append(validate_chunk(chunk, table, path.name))
            advance(parts[-1].rows)
    return join_tables(parts, table)


def build_dataset(parts: dict[str, list[ValidatedTable]]) -> Dataset:
    """Joins the parts of each table to a dataset.

    Raises:
        InputError: There are no rows.
    """
    joined = {name: join_tables(parts.get(name, []), table) for name, table in TABLES.items()}
    rows = sum(part.rows for part in joined.values())
    if not rows:
        raise InputError(
            "The tables contain no rows.", "Add at least one row to one of the tables."
        )
    return Dataset(
        **{name: part.frame for name, part in joined.items()},
        rejected=pl.concat([part.rejected for part in joined.values()]),
        rows=rows,
        repeated=sum(part.repeated for part in joined.values()),
    )


def stars_to_weight(stars: str) -> pl.Expr:
    """Converts a rating of one to five stars to a weight: (stars - 2.5) / 2.5, at most 1."""
    return ((pl.col(stars) - 2.5) / 2.5).alias("weight")
