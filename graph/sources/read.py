"""Reads a folder as a dataset, in any of the supported formats."""

from __future__ import annotations

from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES, Dataset
from isthmus.graph.sources.amazon import find_reviews, read_amazon
from isthmus.graph.sources.movielens import find_edition, read_movielens
from isthmus.graph.sources.tables import find_files, read_tables


def read_dataset(folder: Path) -> Dataset:
    """Reads a folder of tables, MovieLens or Amazon Reviews 2023.

    A folder with at least one table is read as tables; its other files are ignored.

    Raises:
        InputError: The folder has none of these formats, or one of its files cannot be read.
    """
    files = find_files(folder)
    if files.keys() & TABLES.keys():
        return read_tables(files)
    if edition := find_edition(folder):
        return read_movielens(folder, edition)
    if reviews := find_reviews(files):
        return read_amazon(reviews)
    names = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "") if names else "nothing"
    raise InputError(
        f"{folder} contains no table; it contains {shown}.",
        f"The table names are {', '.join(TABLES)}, with .csv, .jsonl or .parquet, and optionally "
        ".gz; MovieLens and Amazon Reviews 2023 are read in their published formats.",
    )
