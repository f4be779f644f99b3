"""Reads KuaiRec: short videos and how much of them people watched.

`big_matrix.csv` and `small_matrix.csv` have a watch ratio, the time watched over the length;
`kuairec_caption_category.csv` captions and categories, `item_categories.csv` numbers of categories
as `[27, 9]`, `social_network.csv` lists of friends (https://kuairec.com). A video is an item of the
domain `videos`. Its weight is log2(1 + ratio) - log2(1.7), at most 1: from 70 % watched it is a
like, one that was skipped has -0.77, and one watched twice 0.82.
"""

from __future__ import annotations

import math

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, Column, Kind, Table
from isthmus.graph.sources.csv_rows import read_csv
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    to_follows,
    to_table,
    without,
)
from isthmus.graph.sources.published_rows import Layout, read_separated
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

LIKE_RATIO = 0.7

USER = Column("user_id", Kind.ID, required=True)
VIDEO = Column("video_id", Kind.ID, required=True)
WATCHED = Table(
    "matrix",
    (
        USER,
        VIDEO,
        Column("watch_ratio", Kind.NUMBER, required=True, low=0),
        Column("timestamp", Kind.TIME),
    ),
)
CATEGORY_NUMBERS = Table("item_categories", (VIDEO, Column("feat", Kind.TEXT)))
LEVELS = tuple(f"{level}_level_category_name" for level in ("first", "second", "third"))
CAPTION_TEXTS = ("caption", "manual_cover_text", "topic_tag", *LEVELS)
CAPTIONS = Table("captions", (VIDEO, *(Column(name, Kind.TEXT) for name in CAPTION_TEXTS)))
FRIENDS = Table("social_network", (USER, Column("friend_list", Kind.TEXT)))
UNKNOWN = ("UNKNOWN",)

QUOTED = read_separated(Layout(",", quoted=True))
"""Captions have carriage returns and bytes that are no UTF-8."""


def read_kuairec(files: Files) -> Parts:
    """Reads the matrices, and videos and friends if their files are there."""
    parts: Parts = {
        "items": [],
        "interactions": [
            _interactions(read_table(path, WATCHED, read_csv)) for path in files["watched"]
        ],
    }
    numbers = None
    if "numbers" in files:
        numbers = read_table(files["numbers"][0], CATEGORY_NUMBERS, read_csv)
    if "captions" in files:
        parts["items"].append(_items(read_table(files["captions"][0], CAPTIONS, QUOTED)))
    elif numbers is not None:
        parts["items"].append(_numbered(numbers))
    if "friends" in files:
        parts["follows"] = [_follows(read_table(files["friends"][0], FRIENDS, read_csv))]
    return parts


def _list(name: str) -> pl.Expr:
    """Returns the entries of a column as `[27, 9]`."""
    return without(pl.col(name).str.strip_chars("[] ").str.split(","), UNKNOWN)


def _known(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(UNKNOWN)).then(pl.col(name))


def _items(captions: ValidatedTable) -> ValidatedTable:
    return to_table(
        captions,
        ITEMS,
        item_id=pl.col("video_id"),
        domain=pl.lit("videos"),
        title=pl.coalesce(_known("caption"), _known("manual_cover_text")),
        text=_list("topic_tag").list.join(" "),
        categories=without(pl.concat_list(LEVELS), UNKNOWN),
    )


def _numbered(numbers: ValidatedTable) -> ValidatedTable:
    return to_table(
        numbers,
        ITEMS,
        item_id=pl.col("video_id"),
        domain=pl.lit("videos"),
        categories=_list("feat"),
    )


def _interactions(watched: ValidatedTable) -> ValidatedTable:
    weight = (pl.col("watch_ratio").log1p() / math.log(2)) - math.log2(1 + LIKE_RATIO)
    return to_table(
        watched,
        INTERACTIONS,
        user_id=pl.col("user_id"),
        item_id=pl.col("video_id"),
        domain=pl.lit("videos"),
        weight=weight.clip(upper_bound=1),
        timestamp=pl.col("timestamp"),
        kind=pl.lit("watch"),
    )


def _follows(friends: ValidatedTable) -> ValidatedTable:
    pairs = friends.frame.with_columns(friend=_list("friend_list")).explode("friend")
    return to_follows(friends, pairs)


KUAIREC = PublishedFormat(
    "KuaiRec",
    "the share r watched weighs log2(1 + r) - log2(1.7), at most 1: from 0.7 upward a like",
    {
        "watched": FileRule(("big_matrix.csv", "small_matrix.csv"), "watch_ratio"),
        "captions": FileRule(("kuairec_caption_category.csv",), "caption", required=False),
        "numbers": FileRule(("item_categories.csv",), "feat", required=False),
        "friends": FileRule(("social_network.csv",), "friend_list", required=False),
    },
    read_kuairec,
)
