"""Reads Book-Crossing of Ziegler and others: books and their ratings.

The files `BX-Books.csv` and `BX-Book-Ratings.csv` have semicolons, quotes, and Latin-1
(https://web.archive.org/web/2023/http://www2.informatik.uni-freiburg.de/~cziegler/BX/); the copies
on Kaggle, `Books.csv` and `Ratings.csv`, have commas. A book is an item of the domain `books` with
its author and publisher as text. Ratings are from 1 to 10, without a time; 0 is an implicit one.
"""

from __future__ import annotations

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, Column, Kind, Table
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    first_line,
    rating_to_weight,
    to_table,
    year_start,
)
from isthmus.graph.sources.published_rows import Layout, read_separated
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

ISBN = Column("ISBN", Kind.ID, required=True)
BOOKS = Table(
    "books",
    (
        ISBN,
        Column("Book-Title", Kind.TEXT),
        Column("Book-Author", Kind.TEXT),
        Column("Year-Of-Publication", Kind.TEXT),
        Column("Publisher", Kind.TEXT),
    ),
)
RATINGS = Table(
    "ratings",
    (
        Column("User-ID", Kind.ID, required=True),
        ISBN,
        Column("Book-Rating", Kind.NUMBER, required=True, low=0, high=10),
    ),
)


def read_book_crossing(files: Files) -> Parts:
    """Reads books and ratings."""
    books, ratings = _read(files, "books", BOOKS), _read(files, "ratings", RATINGS)
    # The same ISBN has x and X as its check digit.
    book = {"item_id": pl.col("ISBN").str.to_uppercase(), "domain": pl.lit("books")}
    author_and_publisher = pl.concat_str(
        "Book-Author", "Publisher", separator="\n", ignore_nulls=True
    )
    items = to_table(
        books,
        ITEMS,
        **book,
        title=_plain("Book-Title"),
        text=author_and_publisher,
        published_at=year_start(pl.col("Year-Of-Publication")),
    )
    interactions = to_table(
        ratings,
        INTERACTIONS,
        **book,
        user_id=pl.col("User-ID"),
        weight=rating_to_weight("Book-Rating", 10, unrated=True),
        kind=pl.when(pl.col("Book-Rating") == 0)
        .then(pl.lit("implicit"))
        .otherwise(pl.lit("rating")),
    )
    return {"items": [items], "interactions": [interactions]}


def _read(files: Files, role: str, table: Table) -> ValidatedTable:
    path = files[role][0]
    has_semicolons = ";" in first_line(path)
    layout = Layout(";", quoted=True, escape="\\") if has_semicolons else Layout(",", quoted=True)
    return read_table(path, table, read_separated(layout))


def _plain(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all('\\"', '"', literal=True)


BOOK_CROSSING = PublishedFormat(
    "Book-Crossing",
    "ratings from 1 to 10: 7 and above are likes, below 6 dislikes; 0 is none, and weighs 0.2",
    {
        "books": FileRule(("bx-books.csv", "bx_books.csv", "books.csv"), "ISBN.*Book-Title"),
        "ratings": FileRule(
            ("bx-book-ratings.csv", "bx-ratings.csv", "ratings.csv", "book-ratings.csv"),
            "User-ID.*ISBN.*Book-Rating",
        ),
    },
    read_book_crossing,
)
