"""A folder of tables: `items.csv`, `interactions.jsonl.gz`, `texts.parquet` and so on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.schema import TABLES, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.json_rows import read_jsonl
from isthmus.graph.sources.parquet_rows import read_parquet
from isthmus.graph.sources.validation import Checked, Chunk, check, join
from isthmus.progress import progress

logger = logging.getLogger("isthmus")

Reader = Callable[[Path, Table], Iterator[Chunk]]

FORMATS: dict[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
"""By the end of a file's name, which may be followed by `.gz`."""


def find_files(folder: Path) -> dict[str, Path]:
    """The files of a folder in any of the formats, by their name without its ending.

    Raises:
        InputError: There is no such folder, or a name stands there in two formats.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read as a folder: {error.strerror or error}.",
            "Name the folder that holds the tables.",
        ) from error
    found: dict[str, Path] = {}
    for path in paths:
        name, _, end = path.name.removesuffix(".gz").rpartition(".")
        if end not in FORMATS:
            continue
        if name in found:
            raise InputError(
                f"{folder} holds {found[name].name} and {path.name}.",
                "Keep one of them: a table stands in one file.",
            )
        found[name] = path
    return found


def read_tables(files: dict[str, Path]) -> Dataset:
    """Reads the files that have the name of a table, and says which others it leaves.

    Raises:
        InputError: A file cannot be read as its table.
    """
    other = [path.name for name, path in files.items() if name not in TABLES]
    if other:
        logger.info("not read, since no table is called so: %s", ", ".join(other))
    return dataset(
        {name: [read_table(files[name], table)] for name, table in TABLES.items() if name in files}
    )


def read_table(path: Path, table: Table, read: Reader | None = None) -> Checked:
    """Reads and validates a file.

    Args:
        path: The file.
        table: What it must hold.
        read: How; the end of the name says which of `FORMATS` where none is given.

    Raises:
        InputError: It cannot be read, or lacks a column that the table must have.
    """
    read = read or FORMATS[path.name.removesuffix(".gz").rpartition(".")[2]]
    parts = []
    with progress(f"read {path.name}", unit="rows") as advance:
        for chunk in read(path, table):
            parts.append(check(chunk, table, path.name))
            advance(parts[-1].rows)
    return join(parts, table)


def dataset(parts: dict[str, list[Checked]]) -> Dataset:
    """Puts together what was read for each table.

    Raises:
        InputError: There is not one row.
    """
    joined = {name: join(parts.get(name, []), table) for name, table in TABLES.items()}
    rows = sum(part.rows for part in joined.values())
    if not rows:
        raise InputError(
            "There is not one row in the tables.", "A table needs a row under its header."
        )
    return Dataset(
        **{name: part.frame for name, part in joined.items()},
        rejected=pl.concat([part.rejected for part in joined.values()]),
        rows=rows,
        repeated=sum(part.repeated for part in joined.values()),
    )


def weight_of_stars(stars: str) -> pl.Expr:
    """The weight of a rating in one to five stars: (stars - 2.5) / 2.5, so that 5 is 1."""
    return ((pl.col(stars) - 2.5) / 2.5).alias("weight")
