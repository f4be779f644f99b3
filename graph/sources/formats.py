"""The public datasets that are read as published, and how a folder is recognised as one of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from isthmus.errors import InputError
from isthmus.graph.ingest import ColumnReading, Dataset
from isthmus.graph.sources.amazon import AMAZON
from isthmus.graph.sources.bookcrossing import BOOK_CROSSING
from isthmus.graph.sources.goodreads import GOODREADS
from isthmus.graph.sources.kuairec import KUAIREC
from isthmus.graph.sources.lastfm import LASTFM
from isthmus.graph.sources.movielens import MOVIELENS
from isthmus.graph.sources.published import Files, PublishedFormat, add_unknown_items
from isthmus.graph.sources.steam import STEAM
from isthmus.graph.sources.tables import build_dataset
from isthmus.graph.sources.yelp import YELP

logger = logging.getLogger("isthmus")

FORMATS: tuple[PublishedFormat, ...] = (
    *MOVIELENS,
    BOOK_CROSSING,
    GOODREADS,
    YELP,
    LASTFM,
    KUAIREC,
    *STEAM,
    *AMAZON,
)
FORMAT_NAMES = (
    "MovieLens, MovieTweetings, Book-Crossing, Goodreads, Yelp, Last.fm (HetRec 2011), KuaiRec, "
    "Steam and Amazon Reviews"
)
MAX_DEPTH = 2
"""Folders below the given one in which a dataset is looked for, as `KuaiRec 2.0/data`."""
MAX_FOLDERS = 500


@dataclass(frozen=True)
class Recognised:
    """A folder that holds a public dataset.

    Attributes:
        format: The dataset.
        folder: The folder of its files, which may lie below the given one.
        files: Its files.
    """

    format: PublishedFormat
    folder: Path
    files: Files

    def read(self) -> Dataset:
        """Reads the dataset; logs its name, and the files that are not read.

        Raises:
            InputError: A file cannot be read.
        """
        used = [path for paths in self.files.values() for path in paths]
        names = ", ".join(path.name for path in used)
        logger.info("%s is recognised as %s: %s", self.folder.name, self.format.name, names)
        logger.info("weights: %s", self.format.weights)
        others = sorted(path.name for path in _files(self.folder) if path not in used)
        if others:
            logger.info("not read: %s", ", ".join(others))
        dataset = build_dataset(self.format.read(self.files))
        complete = add_unknown_items(dataset)
        if unknown := complete.items.height - dataset.items.height:
            logger.warning(
                "items that have no row of their own, and are without a title: %d", unknown
            )
        weight = ColumnReading(
            "weight",
            "weight",
            "number",
            notes=(self.format.weights,),
            values=dataset.interactions.height,
        )
        return replace(complete, readings={"interactions": {"weight": weight}})


def recognise(folder: Path) -> Recognised | None:
    """Returns the public dataset in a folder or in one below it, or None.

    Raises:
        InputError: Several folders below this one hold such a dataset.
    """
    level = [folder]
    for _ in range(MAX_DEPTH + 1):
        found = [match for path in level if (match := _recognise_files(path))]
        if len(found) > 1:
            names = ", ".join(f"{match.folder.name} ({match.format.name})" for match in found)
            raise InputError(
                f"{folder} holds several datasets: {names}.", f"Give one: {found[0].folder}"
            )
        if found:
            return found[0]
        level = [path for parent in level for path in _folders(parent)][:MAX_FOLDERS]
    return None


def _recognise_files(folder: Path) -> Recognised | None:
    paths = _files(folder)
    for published in FORMATS:
        if files := published.find(paths):
            return Recognised(published, folder, files)
    return None


def _files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_file()]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
