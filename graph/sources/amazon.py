"""Reads Amazon Reviews 2023 of the McAuley Lab: reviews and metadata as JSON Lines.

`Toys_and_Games.jsonl` contains reviews, `meta_Toys_and_Games.jsonl` the products, both optionally
with `.gz`; the fields: https://amazon-reviews-2023.github.io. The file name is the domain, a
product (its `parent_asin`) an item, a rating an interaction with the weight (rating - 2.5) / 2.5,
and title and text of a review are a text.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Dataset, Kind, Table
from isthmus.graph.sources.files import read_lines
from isthmus.graph.sources.tables import build_dataset, read_table, stars_to_weight
from isthmus.graph.sources.validation import ValidatedTable, fit_schema

logger = logging.getLogger("isthmus")

METADATA_PREFIX = "meta_"
MAX_ITEM_TEXT = 2_000
"""Maximum characters of a product's features and description; encoders read fewer."""

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
    """Returns those files that contain reviews or metadata, by name without extension.

    Raises:
        InputError: A JSON Lines file cannot be read.
    """
    return {
        name: path
        for name, path in files.items()
        if path.name.removesuffix(".gz").endswith(".jsonl")
        and '"parent_asin"' in next(read_lines(path))
    }


def read_amazon(files: dict[str, Path]) -> Dataset:
    """Reads reviews and metadata of one or several domains.

    Raises:
        InputError: A file cannot be read.
    """
    parts: dict[str, list[ValidatedTable]] = {"items": [], "interactions": [], "texts": []}
    for name, path in files.items():
        if name.startswith(METADATA_PREFIX):
            products = read_table(path, PRODUCTS)
            parts["items"].append(_items(products, name.removeprefix(METADATA_PREFIX)))
            continue
        if METADATA_PREFIX + name not in files:
            logger.warning(
                "%s: the file of its products, %s%s, is missing",
                path.name,
                METADATA_PREFIX,
                path.name,
            )
        reviews = read_table(path, REVIEWS)
        parts["interactions"].append(_interactions(reviews, name))
        parts["texts"].append(_texts(reviews, name))
    return build_dataset(parts)


def _items(products: ValidatedTable, domain: str) -> ValidatedTable:
    text = pl.concat_str("features", "description", separator="\n", ignore_nulls=True)
    frame = products.frame.select(
        pl.col("parent_asin").alias("item_id"),
        pl.lit(domain).alias("domain"),
        "title",
        pl.when(text != "").then(text.str.slice(0, MAX_ITEM_TEXT)).alias("text"),
        # In some files no product has categories, only a main category.
        pl.when(pl.col("categories").list.len() > 0)
        .then("categories")
        .otherwise(pl.concat_list("main_category").list.drop_nulls())
        .alias("categories"),
        "file",
        "line",
    )
    return replace(products, frame=fit_schema(frame, ITEMS))


def _interactions(reviews: ValidatedTable, domain: str) -> ValidatedTable:
    frame = reviews.frame.select(
        "user_id",
        pl.col("parent_asin").alias("item_id"),
        pl.lit(domain).alias("domain"),
        stars_to_weight("rating"),
        "timestamp",
        pl.lit("review").alias("kind"),
        "file",
        "line",
    )
    return replace(reviews, frame=fit_schema(frame, INTERACTIONS))


def _texts(reviews: ValidatedTable, domain: str) -> ValidatedTable:
    """Returns the texts of reviews; rows and rejected rows are counted with the interactions."""
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
    return ValidatedTable(fit_schema(frame, TEXTS), reviews.rejected.clear(), 0)
