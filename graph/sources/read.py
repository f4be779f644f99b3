"""Reads a folder as a dataset, in any of the supported formats."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.ingest import TABLES, Dataset
from isthmus.graph.sources.archives import is_archive, unpack
from isthmus.graph.sources.discovery import Found, find_by_other_names, find_tables
from isthmus.graph.sources.files import readable_name
from isthmus.graph.sources.formats import FORMAT_NAMES, recognise
from isthmus.graph.sources.tables import read_tables

MAX_ARCHIVES = 3
"""Archives within each other, of which the innermost holds the dataset."""


def read_dataset(folder: Path, weights: str | None = None) -> Dataset:
    """Reads a folder of tables, or a public dataset as published.

    A folder with at least one table is read as tables; what else it holds is logged. Products and
    orders, say, may be called so where no file is called items or interactions. A zip archive is
    read as the folder in it.

    Args:
        folder: The folder, or a zip archive of one.
        weights: How ratings in tables are read, for `understand_columns`.

    Raises:
        InputError: The folder has none of these formats, or one of its files cannot be read.
    """
    name = str(folder.absolute())
    if readable_name(name) != name:
        raise InputError(f"The path {name} is not in UTF-8.", "Rename the folder.")
    return _read(folder, weights, MAX_ARCHIVES)


def _read(folder: Path, weights: str | None, archives_left: int) -> Dataset:
    with ExitStack() as temporary:
        root = unpack(folder, temporary) if is_archive(folder) else folder
        found = find_tables(root, temporary)
        # A published data set may have a file of users.
        if not found.tables.keys() - {"users"} and (published := recognise(root)):
            return published.read()
        find_by_other_names(root, found, temporary)
        if found.tables:
            return read_tables(found, weights)
        archives = [root / name for name in found.others if is_archive(root / name)]
        if len(archives) == 1 and not found.unread and archives_left:
            return _read(archives[0], weights, archives_left - 1)
    raise _no_table(folder, found)


def _no_table(folder: Path, found: Found) -> InputError:
    names = sorted([*found.others, *(name for name in found.unread if "/" not in name)])
    shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "") if names else "nothing"
    message = f"{folder} contains no table; it contains {shown}."
    below = sorted({name.split("/")[0] for name in found.unread if "/" in name})
    if below:
        return InputError(message, f"Tables lie below it: give {folder / below[0]}.")
    reasons = "".join(f"{name} is not read: {reason}. " for name, reason in found.unread.items())
    return InputError(
        message,
        f"{reasons}The table names are {', '.join(TABLES)}, with .csv, .tsv, .json, .jsonl or "
        f".parquet, also in .gz or .zip; these are read as published: {FORMAT_NAMES}.",
    )
