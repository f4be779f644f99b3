"""Reads Last.fm of HetRec 2011: artists, plays, tags and friends.

The `.dat` files have tabs and a header (https://grouplens.org/datasets/hetrec-2011/). An artist is
an item of the domain `artists` with its most frequent tags as categories; who plays an artist n
times has an interaction of the weight log(1 + n) / log(1 + 1000), at most 1, without a time; a tag
is a text; friends follow each other.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from isthmus.graph.ingest import FOLLOWS, INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    count_to_weight,
    to_seconds,
    to_table,
)
from isthmus.graph.sources.published_rows import Layout, read_separated
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

FULL_PLAYS = 1_000
MAX_TAGS = 5
MIN_TAGGERS = 2
"""Users who give a tag to an artist before it is a category."""

TABS = Layout("\t")
USER = Column("userID", Kind.ID, required=True)
ARTIST = Column("artistID", Kind.ID, required=True)
TAG = Column("tagID", Kind.ID, required=True)
ARTISTS = Table("artists", (Column("id", Kind.ID, required=True), Column("name", Kind.TEXT)))
PLAYS = Table("plays", (USER, ARTIST, Column("plays", Kind.NUMBER, required=True, low=0)))
TAGS = Table("tags", (TAG, Column("tagValue", Kind.TEXT, required=True)))
DAY = ("year", "month", "day")
TAGGED = Table(
    "tagged",
    (USER, ARTIST, TAG, *(Column(n, Kind.TEXT) for n in DAY), Column("timestamp", Kind.TIME)),
)
FRIENDS = Table("friends", (USER, Column("friendID", Kind.ID, required=True)))

ARTIST_ITEM = {"item_id": pl.col("artistID"), "domain": pl.lit("artists")}


def read_lastfm(files: Files) -> Parts:
    """Reads artists and plays, and the tags and friends if their files are there."""
    artists = _read(files, "artists", ARTISTS)
    names = ("userID", "artistID", "plays")
    plays = _read(files, "plays", PLAYS, Layout("\t", names, header=True))
    tagged = _read_tagged(files) if "tags" in files else None
    parts = {"items": [_items(artists, tagged)], "interactions": [_interactions(plays)]}
    if tagged is not None:
        parts["texts"] = [_texts(tagged)]
    if "friends" in files:
        parts["follows"] = [
            to_table(
                _read(files, "friends", FRIENDS),
                FOLLOWS,
                user_id=pl.col("userID"),
                follows_id=pl.col("friendID"),
            )
        ]
    return parts


def _read(files: Files, role: str, table: Table, layout: Layout = TABS) -> ValidatedTable:
    return read_table(files[role][0], table, read_separated(layout))


def _read_tagged(files: Files) -> ValidatedTable | None:
    """Reads who gave which tag to which artist, with `tag` and `timestamp`."""
    role = next((role for role in ("tagged_at", "tagged") if role in files), None)
    if role is None:
        return None
    tagged = _read(files, role, TAGGED)
    tags = _read(files, "tags", TAGS).frame
    frame = tagged.frame.join(
        tags.select("tagID", pl.col("tagValue").alias("tag")).unique("tagID"),
        on="tagID",
        how="left",
        maintain_order="left",
    )
    day = pl.concat_str([pl.col(name).str.zfill(2) for name in DAY], separator="-")
    time = pl.coalesce("timestamp", to_seconds(day, "%Y-%m-%d"))
    return replace(tagged, frame=frame.with_columns(timestamp=time))


def _items(artists: ValidatedTable, tagged: ValidatedTable | None) -> ValidatedTable:
    frame = artists.frame.with_columns(tags=pl.lit(None, dtype=pl.List(pl.String)))
    if tagged is not None:
        most_frequent = (
            tagged.frame.drop_nulls("tag")
            .group_by("artistID", "tag")
            .agg(pl.col("userID").n_unique().alias("users"))
            .filter(pl.col("users") >= MIN_TAGGERS)
            .sort("users", "tag", descending=[True, False])
            .group_by("artistID", maintain_order=True)
            .agg(pl.col("tag").head(MAX_TAGS).alias("tags"))
        )
        frame = artists.frame.join(
            most_frequent, left_on="id", right_on="artistID", how="left", maintain_order="left"
        )
    return to_table(
        replace(artists, frame=frame),
        ITEMS,
        item_id=pl.col("id"),
        domain=pl.lit("artists"),
        title=pl.col("name"),
        categories=pl.col("tags"),
    )


def _interactions(plays: ValidatedTable) -> ValidatedTable:
    return to_table(
        plays,
        INTERACTIONS,
        **ARTIST_ITEM,
        user_id=pl.col("userID"),
        weight=count_to_weight(pl.col("plays"), FULL_PLAYS),
        kind=pl.lit("play"),
    )


def _texts(tagged: ValidatedTable) -> ValidatedTable:
    return to_table(
        tagged,
        TEXTS,
        **ARTIST_ITEM,
        user_id=pl.col("userID"),
        text=pl.col("tag"),
        timestamp=pl.col("timestamp"),
        kind=pl.lit("tag"),
    )


LASTFM = PublishedFormat(
    "Last.fm (HetRec 2011)",
    "n plays weigh log(1 + n) / log(1001), at least 0.2 and at most 1",
    {
        "artists": FileRule(("artists.dat",), "^id\tname"),
        "plays": FileRule(("user_artists.dat",), "userID\tartistID\tweight"),
        "friends": FileRule(("user_friends.dat",), "userID\tfriendID", required=False),
        "tags": FileRule(("tags.dat",), "tagID\ttagValue", required=False),
        "tagged_at": FileRule(("user_taggedartists-timestamps.dat",), "timestamp", required=False),
        "tagged": FileRule(("user_taggedartists.dat",), "year", required=False),
    },
    read_lastfm,
)
