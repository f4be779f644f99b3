"""Reads Goodreads of UCSD: books, shelves and ratings, and reviews.

`goodreads_books*.json` has the books, `goodreads_interactions*.json` or `.csv` who shelved, read
and rated them, `goodreads_reviews*.json` the reviews, `goodreads_book_genres_initial.json` genres;
the fields: https://cseweb.ucsd.edu/~jmcauley/datasets/goodreads.html. The files of one genre, such
as `goodreads_books_poetry.json`, are a domain of its name; the others are the domain `books`.
Ratings are from 1 to 5, and 0 is a book that was shelved or read but not rated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    rating_to_weight,
    to_seconds,
    to_table,
    uncounted,
    without,
    year_start,
)
from isthmus.graph.sources.published_rows import Object, read_objects
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

GENRES = (
    *("children", "comics_graphic", "fantasy_paranormal", "history_biography"),
    *("mystery_thriller_crime", "poetry", "romance", "young_adult"),
)
SHELF_OF_A_READER = re.compile(r"read|own|buy|fav|default|librar|wish|books$|finish|want|my-")
"""Names of shelves that say something about a reader, not about a book."""
MAX_SHELVES = 5
DATE = "%a %b %d %H:%M:%S %z %Y"
"""As in `Mon Jul 31 21:35:10 -0700 2017`."""

USER = Column("user_id", Kind.ID, required=True)
BOOK = Column("book_id", Kind.ID, required=True)
ACTION = (USER, BOOK, Column("rating", Kind.NUMBER, low=0, high=5), Column("date_added", Kind.TEXT))
BOOK_TEXTS = ("title", "description", "shelves", "publication_year")
BOOKS = Table("books", (BOOK, *(Column(name, Kind.TEXT) for name in BOOK_TEXTS)))
BOOK_GENRES = Table("genres", (BOOK, Column("genres", Kind.TEXT)))
SHELVED = Table("interactions", (*ACTION, Column("is_read", Kind.TEXT)))
REVIEWS = Table("reviews", (*ACTION, Column("review_text", Kind.TEXT)))


def read_goodreads(files: Files) -> Parts:
    """Reads books, interactions and reviews."""
    parts: Parts = {"items": [], "interactions": [], "texts": []}
    book_domains = {_domain(path) for path in files.get("books", [])}
    genres = [
        read_table(path, BOOK_GENRES, read_objects(_genres)) for path in files.get("genres", [])
    ]
    for path in files.get("books", []):
        books = read_table(path, BOOKS, read_objects(_shelves))
        parts["items"].append(_items(books, genres, _domain(path)))
    shelved_domains = set()
    for path in files.get("interactions", []) or files.get("numbered", []):
        domain = _domain(path, book_domains)
        shelved_domains.add(domain)
        parts["interactions"].append(_interactions(_read_shelved(path, files), domain))
    for path in files.get("reviews", []):
        reviews, domain = read_table(path, REVIEWS, read_objects()), _domain(path, book_domains)
        # A review is an interaction too, which stands in the file of interactions if there is one.
        is_new = domain not in shelved_domains
        if is_new:
            parts["interactions"].append(_interactions(reviews, domain))
        texts = _texts(reviews, domain)
        parts["texts"].append(uncounted(texts) if is_new else texts)
    return parts


def _domain(path: Path, known: Collection[str] = ()) -> str:
    """Returns the genre of a file, or `books`; the only domain of the books if there is one."""
    if len(known) == 1:
        return next(iter(known))
    name = re.sub(r"^goodreads_(books|interactions|reviews)_?|\..*$", "", path.name.lower())
    return name if name in GENRES else "books"


def _shelves(book: Object) -> Iterator[Object]:
    shelves = book.get("popular_shelves")
    names = [str(shelf["name"]) for shelf in shelves] if isinstance(shelves, list) else []
    names = [name for name in names if not SHELF_OF_A_READER.search(name)]
    yield book | {"shelves": names[:MAX_SHELVES]}


def _genres(book: Object) -> Iterator[Object]:
    genres = book.get("genres")
    yield book | {"genres": list(genres) if isinstance(genres, dict) else []}


def _is_read(action: Object) -> Iterator[Object]:
    yield action | {"is_read": "1" if action.get("is_read") else "0"}


def _read_shelved(path: Path, files: Files) -> ValidatedTable:
    """Reads interactions; those of the CSV file get the ids of the other files."""
    if path not in files.get("numbered", []):
        return read_table(path, SHELVED, read_objects(_is_read))
    shelved = read_table(path, SHELVED, read_csv)
    for name, others in (("book_id", "books"), ("user_id", "reviews")):
        role = f"{name}_map"
        if role not in files and others in files:
            raise InputError(
                f"{path.name} has numbers of its own, and {role}.csv, which says what they stand "
                f"for in {files[others][0].name}, is missing.",
                f"Put {role}.csv, which is published with it, into the folder.",
            )
        if role in files:
            number = f"{name}_csv"
            columns = (Column(number, Kind.ID, required=True), Column(name, Kind.ID, required=True))
            ids = read_table(files[role][0], Table(role, columns), read_csv).frame
            frame = shelved.frame.join(
                ids.select(pl.col(number).alias(name), pl.col(name).alias("id")).unique(name),
                on=name,
                how="left",
                maintain_order="left",
            ).with_columns(pl.coalesce("id", name).alias(name))
            shelved = replace(shelved, frame=frame.drop("id"))
    return shelved


def _items(books: ValidatedTable, genres: list[ValidatedTable], domain: str) -> ValidatedTable:
    if genres:
        named = (
            pl.concat([part.frame for part in genres]).unique("book_id").select("book_id", "genres")
        )
        frame = books.frame.join(named, on="book_id", how="left", maintain_order="left")
        books = replace(books, frame=frame.with_columns(shelves=pl.coalesce("genres", "shelves")))
    return to_table(
        books,
        ITEMS,
        item_id=pl.col("book_id"),
        domain=pl.lit(domain),
        title=pl.col("title"),
        text=pl.col("description"),
        categories=without(pl.col("shelves").str.split("\n"), []),
        published_at=year_start(pl.col("publication_year")),
    )


def _interactions(actions: ValidatedTable, domain: str) -> ValidatedTable:
    is_rated = pl.col("rating").fill_null(0) > 0
    unrated = pl.lit("review")
    if "is_read" in actions.frame.columns:
        unrated = pl.when(pl.col("is_read") == "1").then(pl.lit("read")).otherwise(pl.lit("shelf"))
    return to_table(
        actions,
        INTERACTIONS,
        user_id=pl.col("user_id"),
        item_id=pl.col("book_id"),
        domain=pl.lit(domain),
        weight=rating_to_weight("rating", 5, unrated=True),
        timestamp=to_seconds(pl.col("date_added"), DATE),
        kind=pl.when(is_rated).then(pl.lit("rating")).otherwise(unrated),
    )


def _texts(reviews: ValidatedTable, domain: str) -> ValidatedTable:
    return to_table(
        reviews,
        TEXTS,
        user_id=pl.col("user_id"),
        text=pl.col("review_text"),
        item_id=pl.col("book_id"),
        domain=pl.lit(domain),
        timestamp=to_seconds(pl.col("date_added"), DATE),
        kind=pl.lit("review"),
    )


GOODREADS = PublishedFormat(
    "Goodreads",
    "ratings from 1 to 5: 3.5 and above are likes, below 3 dislikes; without a rating 0.2",
    {
        "genres": FileRule(("goodreads_book_genres*.json",), required=False),
        "books": FileRule(("goodreads_books*.json",), '"book_id"', required=False),
        "interactions": FileRule(
            ("goodreads_interactions*.json",),
            '"book_id".*"rating"|"rating".*"book_id"',
            required=False,
        ),
        "numbered": FileRule(("goodreads_interactions*.csv",), "book_id", required=False),
        "reviews": FileRule(("goodreads_reviews*.json",), '"review_text"', required=False),
        "book_id_map": FileRule(("book_id_map.csv",), "book_id_csv", required=False),
        "user_id_map": FileRule(("user_id_map.csv",), "user_id_csv", required=False),
    },
    read_goodreads,
    main=("books", "interactions", "numbered", "reviews"),
)
