"""Amazon Reviews 2023 as the McAuley Lab publishes it: reviews and metadata as JSON Lines.

`Toys_and_Games.jsonl` holds reviews, `meta_Toys_and_Games.jsonl` the products, both also with
`.gz`; the fields: https://amazon-reviews-2023.github.io. The name of the file is the domain, a
product (its `parent_asin`) an item, a rating an interaction of the weight (rating - 2.5) / 2.5,
and what a review says a text.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.schema import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.files import lines
from isthmus.graph.sources.tables import dataset, read_table, weight_of_stars
from isthmus.graph.sources.validation import Checked, fit

logger = logging.getLogger("isthmus")

META = "meta_"
ITEM_TEXT = 2_000
"""Characters of a product's features and description that are kept; encoders read fewer."""

PRODUCT = Column("parent_asin", Kind.ID, required=True)
REVIEWS = Table(
    "reviews",
    (
        Column("user_id", Kind.ID, required=True),
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
        Column("title", Kind.TEXT, default=""),
        Column("main_category", Kind.LABEL),
        Column("categories", Kind.CATEGORIES),
        Column("features", Kind.TEXT),
        Column("description", Kind.TEXT),
    ),
)


def find_reviews(files: dict[str, Path]) -> dict[str, Path]:
    """The files of reviews and of metadata among these, by name without ending.

    Raises:
        InputError: A JSON Lines file cannot be read.
    """
    return {
        name: path
        for name, path in files.items()
        if path.name.removesuffix(".gz").endswith(".jsonl") and '"parent_asin"' in next(lines(path))
    }


def read_amazon(files: dict[str, Path]) -> Dataset:
    """Reads reviews and metadata of one or several domains.

    Raises:
        InputError: A file cannot be read.
    """
    parts: dict[str, list[Checked]] = {"items": [], "interactions": [], "texts": []}
    for name, path in files.items():
        if name.startswith(META):
            products = read_table(path, PRODUCTS)
            parts["items"].append(_items(products, name.removeprefix(META)))
            continue
        if META + name not in files:
            logger.warning("%s has no %s%s beside it with its products", path.name, META, path.name)
        reviews = read_table(path, REVIEWS)
        parts["interactions"].append(_interactions(reviews, name))
        parts["texts"].append(_texts(reviews, name))
    return dataset(parts)


def _items(products: Checked, domain: str) -> Checked:
    text = pl.concat_str("features", "description", separator="\n", ignore_nulls=True)
    frame = products.frame.select(
        pl.col("parent_asin").alias("item_id"),
        pl.lit(domain).alias("domain"),
        "title",
        pl.when(text != "").then(text.str.slice(0, ITEM_TEXT)).alias("text"),
        # Whole files have no categories, only the name of the shop's department.
        pl.when(pl.col("categories").list.len() > 0)
        .then("categories")
        .otherwise(pl.concat_list("main_category").list.drop_nulls())
        .alias("categories"),
        "file",
        "line",
    )
    return replace(products, frame=fit(frame, ITEMS))


def _interactions(reviews: Checked, domain: str) -> Checked:
    frame = reviews.frame.select(
        "user_id",
        pl.col("parent_asin").alias("item_id"),
        pl.lit(domain).alias("domain"),
        weight_of_stars("rating"),
        "timestamp",
        pl.lit("review").alias("kind"),
        "file",
        "line",
    )
    return replace(reviews, frame=fit(frame, INTERACTIONS))


def _texts(reviews: Checked, domain: str) -> Checked:
    """What the reviews say; their rows are counted with the interactions."""
    text = (
        pl.concat_str("title", "text", separator="\n", ignore_nulls=True)
        .str.replace_all(r"<br\s*/?>", "\n")
        .str.strip_chars()
    )
    frame = reviews.frame.select(
        "user_id",
        text.alias("text"),
        pl.col("parent_asin").alias("item_id"),
        pl.lit(domain).alias("domain"),
        "timestamp",
        pl.lit("review").alias("kind"),
        "file",
        "line",
    ).filter(pl.col("text") != "")
    return Checked(fit(frame, TEXTS), reviews.rejected.clear(), 0)
