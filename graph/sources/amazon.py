"""Reads Amazon Reviews of the McAuley Lab: reviews and metadata as JSON Lines.

In the edition of 2023 (https://amazon-reviews-2023.github.io) `Toys_and_Games.jsonl` has reviews,
`meta_Toys_and_Games.jsonl` the products, and `Toys_and_Games.csv` ratings only. In those of 2018
and 2014 (https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/) the files are
`Toys_and_Games_5.json` or `reviews_Toys_and_Games.json` and `meta_Toys_and_Games.json`, which may
have Python literals instead of JSON. The file name is the domain, a product an item, a rating from
1 to 5 an interaction, and title and text of a review are a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.discovery import Reader
from isthmus.graph.sources.files import readable_name
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    rating_to_weight,
    to_table,
    uncounted,
    without,
)
from isthmus.graph.sources.published_rows import Object, read_objects
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

MAX_ITEM_TEXT = 2_000
"""Maximum characters of a product's features and description; encoders read fewer."""

USER = Column("user_id", Kind.ID, required=True)
PRODUCT = Column("parent_asin", Kind.ID, required=True)
REVIEWS = Table(
    "reviews",
    (
        USER,
        PRODUCT,
        Column("rating", Kind.NUMBER, required=True, low=0, high=5),
        Column("title", Kind.TEXT),
        Column("text", Kind.TEXT),
        Column("timestamp", Kind.TIME),
    ),
)
PRODUCTS = Table(
    "meta",
    (
        PRODUCT,
        Column("title", Kind.TEXT),
        Column("main_category", Kind.TEXT),
        Column("categories", Kind.TEXT),
        Column("features", Kind.TEXT),
        Column("description", Kind.TEXT),
    ),
)
NAMES_2018 = {
    "reviewerID": "user_id",
    "asin": "parent_asin",
    "overall": "rating",
    "summary": "title",
    "reviewText": "text",
    "unixReviewTime": "timestamp",
    "main_cat": "main_category",
    "feature": "features",
    "category": "categories",
}
"""The keys of 2023 by those of 2018 and 2014."""


def read_amazon(files: Files) -> Parts:
    """Reads reviews and metadata of one or several domains, in the layout of 2023."""
    parts = _read(files, read_objects())
    for path in files.get("ratings", []):
        parts["interactions"].append(_interactions(read_table(path, REVIEWS, read_csv), path))
    return parts


def read_amazon_2018(files: Files) -> Parts:
    """Reads reviews and metadata of one or several domains, in the layout of 2018 or 2014."""
    return _read(files, read_objects(_rename_2018))


def _read(files: Files, reader: Reader) -> Parts:
    parts: Parts = {"items": [], "interactions": [], "texts": []}
    for path in files.get("products", []):
        parts["items"].append(_items(read_table(path, PRODUCTS, reader), path))
    for path in files.get("reviews", []):
        reviews = read_table(path, REVIEWS, reader)
        parts["interactions"].append(_interactions(reviews, path))
        parts["texts"].append(uncounted(_texts(reviews, path)))
    return parts


def _domain(path: Path) -> pl.Expr:
    """Returns the name of the domain: that of the file without `meta_` and `_5` (5-core)."""
    return pl.lit(re.sub(r"^(meta|reviews|ratings)_|(_\d+)?\..*$", "", readable_name(path.name)))


def _rename_2018(row: Object) -> Iterator[Object]:
    renamed = {NAMES_2018.get(key, key): value for key, value in row.items()}
    categories = row.get("categories")  # 2014 has lists of lists
    if isinstance(categories, list):
        paths = [part if isinstance(part, list) else [part] for part in categories]
        renamed["categories"] = [name for path in paths for name in path]
    yield renamed


def _items(products: ValidatedTable, path: Path) -> ValidatedTable:
    title = pl.col("title")
    text = pl.concat_str("features", "description", separator="\n", ignore_nulls=True)
    names = without(pl.col("categories").str.split("\n"), [])
    main = without(pl.concat_list(pl.col("main_category")), [])
    return to_table(
        products,
        ITEMS,
        item_id=pl.col("parent_asin"),
        domain=_domain(path),
        # Some pages of 2018 were read before their title was there: it is a script.
        title=pl.when(~title.str.contains("getTime()", literal=True)).then(title),
        text=pl.when(text != "").then(text.str.slice(0, MAX_ITEM_TEXT)),
        # In some files no product has categories, only a main category.
        categories=pl.when(names.list.len() > 0).then(names).otherwise(main),
    )


def _interactions(reviews: ValidatedTable, path: Path) -> ValidatedTable:
    return to_table(
        reviews,
        INTERACTIONS,
        user_id=pl.col("user_id"),
        item_id=pl.col("parent_asin"),
        domain=_domain(path),
        weight=rating_to_weight("rating", 5, unrated=True),
        timestamp=pl.col("timestamp"),
        kind=pl.lit("review"),
    )


def _texts(reviews: ValidatedTable, path: Path) -> ValidatedTable:
    return to_table(
        reviews,
        TEXTS,
        user_id=pl.col("user_id"),
        text=pl.concat_str("title", "text", separator="\n", ignore_nulls=True),
        item_id=pl.col("parent_asin"),
        domain=_domain(path),
        timestamp=pl.col("timestamp"),
        kind=pl.lit("review"),
    )


STARS = "ratings from 1 to 5: 3.5 and above are likes, below 3 dislikes"
AMAZON = (
    PublishedFormat(
        "Amazon Reviews 2023",
        STARS,
        {
            "products": FileRule(("meta_*.jsonl",), '"parent_asin"', required=False),
            "reviews": FileRule(("*.jsonl",), '"parent_asin"', required=False),
            "ratings": FileRule(("*.csv",), "^user_id,parent_asin,rating", required=False),
        },
        read_amazon,
    ),
    PublishedFormat(
        "Amazon Reviews 2018 or 2014",
        STARS,
        {
            "products": FileRule(("meta_*.json",), r"""['"]asin['"]""", required=False),
            "reviews": FileRule(("*.json",), '"reviewerID"', required=False),
        },
        read_amazon_2018,
    ),
)
