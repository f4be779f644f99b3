"""File formats to records, one file a format."""

from __future__ import annotations

from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.schema import TABLES
from isthmus.graph.sources.amazon import find_reviews, read_amazon
from isthmus.graph.sources.movielens import find_edition, read_movielens
from isthmus.graph.sources.tables import find_files, read_tables

__all__ = ["read_dataset"]


def read_dataset(folder: Path) -> Dataset:
    """Reads a folder of tables, of MovieLens, or of Amazon Reviews 2023.

    A folder that holds one of our own tables is read as tables, whatever else lies there.

    Raises:
        InputError: It is no such folder, or a file of it cannot be read.
    """
    files = find_files(folder)
    if files.keys() & TABLES.keys():
        return read_tables(files)
    if edition := find_edition(folder):
        return read_movielens(folder, edition)
    if reviews := find_reviews(files):
        return read_amazon(reviews)
    held = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(held[:10]) + (" …" if len(held) > 10 else "") if held else "nothing"
    raise InputError(
        f"{folder} holds no table; it holds {shown}.",
        f"The tables are called {', '.join(TABLES)}, and end in .csv, .jsonl or .parquet, "
        "also with .gz; MovieLens and Amazon Reviews 2023 are read as they are published.",
    )
