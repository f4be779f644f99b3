"""MovieLens as GroupLens publishes it: films, ratings and tags.

Read are the CSV editions (latest, 20M, 25M, 32M), the `.dat` editions (1M, 10M) and 100K; their
layouts: https://files.grouplens.org/datasets/movielens/. A film is an item of the domain `films`
with its genres as categories, a rating an interaction of the weight (rating - 2.5) / 2.5, a tag a
text about its film.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.schema import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.files import lines
from isthmus.graph.sources.tables import Reader, dataset, read_table, weight_of_stars
from isthmus.graph.sources.validation import CHUNK_ROWS, Broken, Checked, Chunk, fit

DOMAIN = "films"

USER = Column("userId", Kind.ID, required=True)
FILM = Column("movieId", Kind.ID, required=True)
TIME = Column("timestamp", Kind.TIME)
MOVIES = Table(
    "movies",
    (FILM, Column("title", Kind.TEXT, default=""), Column("genres", Kind.CATEGORIES)),
)
RATINGS = Table(
    "ratings",
    (USER, FILM, Column("rating", Kind.NUMBER, required=True, low=0.5, high=5), TIME),
)
TAGS = Table("tags", (USER, FILM, Column("tag", Kind.TEXT, required=True), TIME))

GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
NO_GENRE = ("(no genres listed)", "unknown")


@dataclass(frozen=True)
class Edition:
    """The files of an edition, and how they are read; `tags` may be missing."""

    movies: str
    ratings: str
    tags: str
    read: Reader


def find_edition(folder: Path) -> Edition | None:
    """The edition that the folder holds, or None."""
    for edition in EDITIONS:
        if (folder / edition.movies).is_file() and (folder / edition.ratings).is_file():
            return edition
    return None


def read_movielens(folder: Path, edition: Edition) -> Dataset:
    """Reads an edition of MovieLens.

    Raises:
        InputError: A file cannot be read.
    """
    movies = read_table(folder / edition.movies, MOVIES, edition.read)
    ratings = read_table(folder / edition.ratings, RATINGS, edition.read)
    parts = {
        "items": [_items(movies)],
        "interactions": [_interactions(ratings)],
    }
    if (folder / edition.tags).is_file():
        parts["texts"] = [_texts(read_table(folder / edition.tags, TAGS, edition.read))]
    return dataset(parts)


def _items(movies: Checked) -> Checked:
    # "Toy Story (1995)": the only date that every edition has.
    year = pl.col("title").str.extract(r"\((\d{4})\)\s*$").cast(pl.Int32)
    frame = movies.frame.select(
        pl.col("movieId").alias("item_id"),
        pl.lit(DOMAIN).alias("domain"),
        "title",
        pl.col("genres")
        .list.eval(pl.element().filter(~pl.element().is_in(NO_GENRE)))
        .alias("categories"),
        pl.date(year, 1, 1).dt.epoch("s").cast(pl.Float64).alias("published_at"),
        "file",
        "line",
    )
    return replace(movies, frame=fit(frame, ITEMS))


def _interactions(ratings: Checked) -> Checked:
    frame = ratings.frame.select(
        pl.col("userId").alias("user_id"),
        pl.col("movieId").alias("item_id"),
        pl.lit(DOMAIN).alias("domain"),
        weight_of_stars("rating"),
        "timestamp",
        pl.lit("rating").alias("kind"),
        "file",
        "line",
    )
    return replace(ratings, frame=fit(frame, INTERACTIONS))


def _texts(tags: Checked) -> Checked:
    frame = tags.frame.select(
        pl.col("userId").alias("user_id"),
        pl.col("tag").alias("text"),
        pl.col("movieId").alias("item_id"),
        pl.lit(DOMAIN).alias("domain"),
        "timestamp",
        pl.lit("tag").alias("kind"),
        "file",
        "line",
    )
    return replace(tags, frame=fit(frame, TEXTS))


def _read_dat(path: Path, table: Table) -> Iterator[Chunk]:
    """1M and 10M: the columns in our order, two colons between them, no header."""
    width = len(table.columns)
    return _separated(path, table, "::", width, list(range(width)))


def _read_100k(path: Path, table: Table) -> Iterator[Chunk]:
    """100K: `u.data` with tabs, `u.item` with bars and a column of 0 or 1 for each genre."""
    if table is RATINGS:
        yield from _separated(path, table, "\t", 4, [0, 1, 2, 3])
        return
    wide = Table("u.item", (*table.columns[:2], *(Column(g, Kind.LABEL) for g in GENRES_100K)))
    flags = list(range(5, 5 + len(GENRES_100K)))
    for chunk in _separated(path, wide, "|", 5 + len(GENRES_100K), [0, 1, *flags]):
        genres = [
            pl.when(pl.col(genre) == "1").then(pl.lit(genre)).alias(genre) for genre in GENRES_100K
        ]
        frame = chunk.frame.select(
            "line",
            "movieId",
            "title",
            pl.concat_str(genres, separator="|", ignore_nulls=True).alias("genres"),
        )
        yield Chunk(frame, chunk.broken)


def _separated(
    path: Path, table: Table, separator: str, width: int, places: list[int]
) -> Iterator[Chunk]:
    """Reads lines of fields without quotes; those that are not UTF-8 are Latin-1.

    Args:
        path: The file.
        table: Its columns.
        separator: What stands between two fields.
        width: Fields of a line.
        places: Where each column of the table stands.
    """
    numbered = enumerate(lines(path, fallback="latin-1"), 1)
    while part := list(islice(numbered, CHUNK_ROWS)):
        broken: list[Broken] = []
        kept: list[int] = []
        rows: list[list[str]] = []
        for number, line in part:
            fields = line.rstrip("\r\n").split(separator)
            if fields == [""]:
                continue
            if len(fields) != width:
                reason = f"it has {len(fields)} fields, not {width}"
                broken.append((number, None, line.strip(), reason))
                continue
            kept.append(number)
            rows.append(fields)
        columns = {
            column.name: pl.Series([row[place] for row in rows], dtype=pl.String)
            for column, place in zip(table.columns, places, strict=True)
        }
        yield Chunk(pl.DataFrame({"line": pl.Series(kept, dtype=pl.Int64)} | columns), broken)


EDITIONS = (
    Edition("movies.csv", "ratings.csv", "tags.csv", read_csv),
    Edition("movies.dat", "ratings.dat", "tags.dat", _read_dat),
    Edition("u.item", "u.data", "", _read_100k),
)
