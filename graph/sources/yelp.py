"""Reads the Yelp Open Dataset: businesses, reviews, tips and friends.

`yelp_academic_dataset_business.json`, `…_review.json`, `…_user.json` and `…_tip.json` have one
object per line (https://www.yelp.com/dataset/documentation/main). A business is an item of the
domain `businesses`, a review from 1 to 5 stars an interaction and a text, a tip a text, and a
friend who is in the file of users somebody whom the user follows.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    rating_to_weight,
    to_follows,
    to_table,
    uncounted,
    without,
)
from isthmus.graph.sources.published_rows import Object, read_objects
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

USER = Column("user_id", Kind.ID, required=True)
BUSINESS = Column("business_id", Kind.ID, required=True)
TEXT = Column("text", Kind.TEXT)
DATE = Column("date", Kind.TIME)
BUSINESSES = Table(
    "business",
    (BUSINESS, *(Column(name, Kind.TEXT) for name in ("name", "city", "categories"))),
)
REVIEWS = Table(
    "review",
    (USER, BUSINESS, Column("stars", Kind.NUMBER, required=True, low=1, high=5), TEXT, DATE),
)
TIPS = Table("tip", (USER, BUSINESS, TEXT, DATE))
FRIENDS = Table("user", (USER, Column("friend", Kind.ID)))


def read_yelp(files: Files) -> Parts:
    """Reads businesses, reviews, and the tips and friends if their files are there."""
    businesses = read_table(files["businesses"][0], BUSINESSES, read_objects())
    reviews = read_table(files["reviews"][0], REVIEWS, read_objects())
    parts = {
        "items": [_items(businesses)],
        "interactions": [_interactions(reviews)],
        "texts": [uncounted(_texts(reviews, "review"))],
    }
    if "tips" in files:
        tips = read_table(files["tips"][0], TIPS, read_objects())
        parts["texts"].append(_texts(tips, "tip"))
    if "users" in files:
        parts["follows"] = [
            _follows(read_table(files["users"][0], FRIENDS, read_objects(_friends)))
        ]
    return parts


def _friends(user: Object) -> Iterator[Object]:
    """Returns a row per friend, and one without a friend; friends are a text, once a list."""
    friends = user.get("friends") or []
    names = friends.split(",") if isinstance(friends, str) else friends
    names = [str(name).strip() for name in names] if isinstance(names, list) else []
    user_id = user.get("user_id")
    yield {"user_id": user_id}
    yield from ({"user_id": user_id, "friend": name} for name in names if name not in ("", "None"))


def _items(businesses: ValidatedTable) -> ValidatedTable:
    return to_table(
        businesses,
        ITEMS,
        item_id=pl.col("business_id"),
        domain=pl.lit("businesses"),
        title=pl.col("name"),
        text=pl.col("city"),
        # "Bars, Food" today, a list in the first editions, whose names are joined by line ends
        categories=without(pl.col("categories").str.replace_all("\\n", ", ").str.split(", "), []),
    )


def _interactions(reviews: ValidatedTable) -> ValidatedTable:
    return to_table(
        reviews,
        INTERACTIONS,
        user_id=pl.col("user_id"),
        item_id=pl.col("business_id"),
        domain=pl.lit("businesses"),
        weight=rating_to_weight("stars", 5),
        timestamp=pl.col("date"),
        kind=pl.lit("review"),
    )


def _texts(source: ValidatedTable, kind: str) -> ValidatedTable:
    return to_table(
        source,
        TEXTS,
        user_id=pl.col("user_id"),
        text=pl.col("text"),
        item_id=pl.col("business_id"),
        domain=pl.lit("businesses"),
        timestamp=pl.col("date"),
        kind=pl.lit(kind),
    )


def _follows(friends: ValidatedTable) -> ValidatedTable:
    known = friends.frame.select(pl.col("user_id").alias("friend")).unique()
    pairs = friends.frame.join(known, on="friend", how="semi", maintain_order="left")
    return to_follows(friends, pairs)


YELP = PublishedFormat(
    "Yelp Open Dataset",
    "stars from 1 to 5: 3.5 and above are likes, below 3 dislikes",
    {
        "businesses": FileRule(("*business.json",), '"business_id"'),
        "reviews": FileRule(("*review.json",), '"business_id"'),
        "users": FileRule(("*user.json",), '"user_id"', required=False),
        "tips": FileRule(("*tip.json",), '"business_id"', required=False),
    },
    read_yelp,
)
