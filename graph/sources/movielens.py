"""Reads MovieLens of GroupLens: films, ratings and tags.

It reads the CSV editions (latest, 20M, 25M, 32M), the `.dat` editions (1M, 10M) and 100K; their
layouts: https://files.grouplens.org/datasets/movielens/. A film is an item of the domain `films`
with its genres as categories, a rating an interaction with the weight (rating - 2.5) / 2.5, and a
tag a text about its film.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Dataset, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.tables import Reader, build_dataset, read_table, stars_to_weight
from isthmus.graph.sources.validation import (
    CHUNK_ROWS,
    Chunk,
    MalformedRow,
    ValidatedTable,
    fit_schema,
)

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
MISSING_GENRES = ("(no genres listed)", "unknown")


@dataclass(frozen=True)
class Edition:
    """The file names of an edition and its reader; the file `tags` is optional."""

    movies: str
    ratings: str
    tags: str
    read: Reader


def find_edition(folder: Path) -> Edition | None:
    """Returns the edition in the folder, or None."""
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
    return build_dataset(parts)


def _items(movies: ValidatedTable) -> ValidatedTable:
    # The year in "Toy Story (1995)" is the only date that every edition has.
    year = pl.col("title").str.extract(r"\((\d{4})\)\s*$").cast(pl.Int32)
    frame = movies.frame.select(
        pl.col("movieId").alias("item_id"),
        pl.lit(DOMAIN).alias("domain"),
        "title",
        pl.col("genres")
        .list.eval(pl.element().filter(~pl.element().is_in(MISSING_GENRES)))
        .alias("categories"),
        pl.date(year, 1, 1).dt.epoch("s").cast(pl.Float64).alias("published_at"),
        "file",
        "line",
    )
    return replace(movies, frame=fit_schema(frame, ITEMS))


def _interactions(ratings: ValidatedTable) -> ValidatedTable:
    frame = ratings.frame.select(
        pl.col("userId").alias("user_id"),
        pl.col("movieId").alias("item_id"),
        pl.lit(DOMAIN).alias("domain"),
        stars_to_weight("rating"),
        "timestamp",
        pl.lit("rating").alias("kind"),
        "file",
        "line",
    )
    return replace(ratings, frame=fit_schema(frame, INTERACTIONS))


def _texts(tags: ValidatedTable) -> ValidatedTable:
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
    return replace(tags, frame=fit_schema(frame, TEXTS))


def _read_dat(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads 1M and 10M: the table's columns in order, separated by two colons, no header."""
    width = len(table.columns)
    return _read_separated(path, table, "::", width, list(range(width)))


def _read_100k(path: Path, table: Table) -> Iterator[Chunk]:
    """Reads 100K: `u.data` with tabs; `u.item` with bars and a column of 0 or 1 per genre."""
    if table is RATINGS:
        yield from _read_separated(path, table, "\t", 4, [0, 1, 2, 3])
        return
    wide = Table("u.item", (*table.columns[:2], *(Column(g, Kind.LABEL) for g in GENRES_100K)))
    genre_positions = list(range(5, 5 + len(GENRES_100K)))
    for chunk in _read_separated(path, wide, "|", 5 + len(GENRES_100K), [0, 1, *genre_positions]):
        genres = [
            pl.when(pl.col(genre) == "1").then(pl.lit(genre)).alias(genre) for genre in GENRES_100K
        ]
        frame = chunk.frame.select(
            "line",
            "movieId",
            "title",
            pl.concat_str(genres, separator="|", ignore_nulls=True).alias("genres"),
        )
        yield Chunk(frame, chunk.malformed)


def _read_separated(
    path: Path, table: Table, separator: str, width: int, positions: list[int]
) -> Iterator[Chunk]:
    """Reads lines of fields without quotes; lines that are not UTF-8 are decoded as Latin-1.

    Args:
        path: The file.
        table: Table of the rows.
        separator: Separator of the fields.
        width: Number of fields per line.
        positions: Position of each column of the table in a line.
    """
    numbered_lines = enumerate(read_lines(path, fallback="latin-1"), 1)
    while part := list(islice(numbered_lines, CHUNK_ROWS)):
        malformed: list[MalformedRow] = []
        line_numbers: list[int] = []
        rows: list[list[str]] = []
        for number, line in part:
            fields = line.rstrip("\r\n").split(separator)
            if fields == [""]:
                continue
            if len(fields) != width:
                reason = f"the row has {len(fields)} fields, not {width}"
                malformed.append((number, None, line.strip(), reason))
                continue
            line_numbers.append(number)
            rows.append(fields)
        columns = {
            column.name: pl.Series([row[position] for row in rows], dtype=pl.String)
            for column, position in zip(table.columns, positions, strict=True)
        }
        frame = pl.DataFrame({"line": pl.Series(line_numbers, dtype=pl.Int64)} | columns)
        yield Chunk(frame, malformed)


EDITIONS = (
    Edition("movies.csv", "ratings.csv", "tags.csv", read_csv),
    Edition("movies.dat", "ratings.dat", "tags.dat", _read_dat),
    Edition("u.item", "u.data", "", _read_100k),
)
