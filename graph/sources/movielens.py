"""Reads MovieLens of GroupLens and MovieTweetings: films, ratings and tags.

It reads the CSV editions (latest, 20M, 25M, 32M), the `.dat` editions (1M, 10M) and 100K; their
layouts: https://files.grouplens.org/datasets/movielens/. MovieTweetings, ratings from 0 to 10, has
the files of 1M: https://github.com/sidooms/MovieTweetings. A film is an item of the domain `films`
with its genres as categories, a rating an interaction, and a tag a text about its film. Grades are
0.5 to 5 or 0 to 10: 3.5 of 5 and 7 of 10 are likes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    rating_to_weight,
    to_table,
    without,
    year_start,
)
from isthmus.graph.sources.published_rows import Layout, read_separated
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

USER = Column("userId", Kind.ID, required=True)
FILM = Column("movieId", Kind.ID, required=True)
TIME = Column("timestamp", Kind.TIME)
TITLE = Column("title", Kind.TEXT)
MOVIES = Table("movies", (FILM, TITLE, Column("genres", Kind.TEXT)))
TAGS = Table("tags", (USER, FILM, Column("tag", Kind.TEXT, required=True), TIME))

GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
MOVIES_100K = Table("u.item", (FILM, TITLE, *(Column(name, Kind.LABEL) for name in GENRES_100K)))
MISSING_GENRES = ("", "(no genres listed)", "unknown")


@dataclass(frozen=True)
class Edition:
    """An edition: its lowest and highest grade, and the layout of each file; none for CSV."""

    low: float
    high: float
    layouts: dict[str, Layout] = field(default_factory=dict)
    movies: Table = MOVIES

    def read(self, files: Files) -> Parts:
        """Reads the files `movies`, `ratings` and `tags`."""
        rating = Column("rating", Kind.NUMBER, required=True, low=self.low, high=self.high)
        movies = self._read(files, "movies", self.movies)
        ratings = self._read(files, "ratings", Table("ratings", (USER, FILM, rating, TIME)))
        interactions = _about_films(
            ratings,
            INTERACTIONS,
            user_id=pl.col("userId"),
            weight=rating_to_weight("rating", self.high),
            timestamp=pl.col("timestamp"),
            kind=pl.lit("rating"),
        )
        parts = {
            "items": [_items(movies, has_flags=self.movies is MOVIES_100K)],
            "interactions": [interactions],
        }
        if "tags" in files:
            parts["texts"] = [_texts(self._read(files, "tags", TAGS))]
        return parts

    def _read(self, files: Files, role: str, table: Table) -> ValidatedTable:
        layout = self.layouts.get(role)
        return read_table(files[role][0], table, read_separated(layout) if layout else read_csv)


def _items(movies: ValidatedTable, has_flags: bool) -> ValidatedTable:
    """Returns films; `has_flags` says whether there is a column of 0 or 1 per genre."""
    flags = [pl.when(pl.col(name) == "1").then(pl.lit(name)) for name in GENRES_100K]
    genres = pl.concat_list(flags) if has_flags else pl.col("genres").str.split("|")
    # The year in "Toy Story (1995)" is the only date that every edition has.
    year = pl.col("title").str.extract(r"\((\d{4})\)\s*$")
    return _about_films(
        movies,
        ITEMS,
        title=pl.col("title"),
        categories=without(genres, MISSING_GENRES),
        published_at=year_start(year),
    )


def _texts(tags: ValidatedTable) -> ValidatedTable:
    return _about_films(
        tags,
        TEXTS,
        user_id=pl.col("userId"),
        text=pl.col("tag"),
        timestamp=pl.col("timestamp"),
        kind=pl.lit("tag"),
    )


def _about_films(source: ValidatedTable, table: Table, **columns: pl.Expr) -> ValidatedTable:
    return to_table(source, table, item_id=pl.col("movieId"), domain=pl.lit("films"), **columns)


DAT_LAYOUTS = {
    "movies": Layout("::", ("movieId", "title", "genres")),
    "ratings": Layout("::", ("userId", "movieId", "rating", "timestamp")),
    "tags": Layout("::", ("userId", "movieId", "tag", "timestamp")),
}
ML_100K = Edition(
    1,
    5,
    {
        "movies": Layout("|", ("movieId", "title", "release", "video", "url", *GENRES_100K)),
        "ratings": Layout("\t", ("userId", "movieId", "rating", "timestamp")),
    },
    MOVIES_100K,
)
CSV_FILES = {
    "movies": FileRule(("movies.csv",), r"\bmovieId\b"),
    "ratings": FileRule(("ratings.csv",), r"\bmovieId\b"),
    "tags": FileRule(("tags.csv",), r"\bmovieId\b", required=False),
}
DAT_FILES = {
    "movies": FileRule(("movies.dat",), "::"),
    "ratings": FileRule(("ratings.dat",), "::"),
    "tags": FileRule(("tags.dat",), "::", required=False),
}
STARS = "ratings from {} to 5: 3.5 and above are likes, below 3 dislikes"
MOVIELENS = (
    PublishedFormat("MovieLens (CSV)", STARS.format("0.5"), CSV_FILES, Edition(0.5, 5).read),
    PublishedFormat(
        "MovieTweetings",
        "ratings from 0 to 10: 7 and above are likes, below 6 dislikes",
        # Its films have the numbers of IMDb, of seven digits and more.
        DAT_FILES | {"movies": FileRule(("movies.dat",), r"^\d{7,}::")},
        Edition(0, 10, DAT_LAYOUTS).read,
    ),
    PublishedFormat(
        "MovieLens 1M",
        STARS.format("1"),
        DAT_FILES | {"users": FileRule(("users.dat",), "::[FM]::")},
        Edition(1, 5, DAT_LAYOUTS).read,
    ),
    PublishedFormat(
        "MovieLens 10M", STARS.format("0.5"), DAT_FILES, Edition(0.5, 5, DAT_LAYOUTS).read
    ),
    PublishedFormat(
        "MovieLens 100K",
        STARS.format("1"),
        {"movies": FileRule(("u.item",)), "ratings": FileRule(("u.data",))},
        ML_100K.read,
    ),
)
