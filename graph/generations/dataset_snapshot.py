"""Tables to the arrays that training reads, without a graph: for evaluating on a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import done_by, without
from isthmus.graph.database.connection import Row
from isthmus.graph.generations.snapshot import interest_graph
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rows import (
    account_owners,
    by_person,
    item_key,
    keyed_texts,
    user_item_pairs,
    users_of,
)
from isthmus.graph.interests.derivation import interests_of_users
from isthmus.graph.interests.item_interests import interests_of_items
from isthmus.settings import Settings

Hide = Callable[[InterestGraph, int, "NDArray[np.int64]"], InterestGraph]
"""Takes what some users did and wrote in a domain out of a graph."""


def snapshot_of_tables(dataset: Dataset, settings: Settings) -> InterestGraph:
    """The same arrays from tables, without a graph: for evaluating on a dataset.

    Raises:
        NothingToDo: The tables have no items or no interactions.
    """
    keys = item_key(pl.col("domain"), pl.col("item_id")).alias("id")
    frame = dataset.items.with_columns(keys).sort("id")
    words = (frame["title"] + ("\n" + frame["text"]).fill_null("")).to_list()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    vectors, _, _ = encode_cached(encoder, VectorCache(settings.home / "vectors"), words, "passage")
    items = frame.select("id", "domain", "title", "categories").to_dicts()
    for item, text, vector in zip(items, words, vectors, strict=True):
        item["embedding"] = vector if text else None
    found, about = interests_of_items(items, encoder, settings)
    for item in items:
        item["about"] = [[a["id"], a["weight"]] for a in about.get(item["id"], [])]
    rows = [
        {"id": interest, "embedding": vector}
        for interest, vector in zip(found.ids, found.vectors, strict=True)
    ]
    pairs, texts = pairs_and_texts(dataset)
    data = interest_graph(items, _users(pairs, texts, dataset), rows)
    return replace(data, user_interests=interests_of_users(data, pairs, texts, settings))


def snapshot_without(
    data: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    dataset: Dataset,
    settings: Settings,
) -> InterestGraph:
    """The arrays of tables without all that some users did and wrote in a domain.

    Args:
        data: The whole of the tables, from `snapshot_of_tables`.
        target: The domain.
        users: Users who did something elsewhere too.
        dataset: The tables.
        settings: Those that `data` was made with.
    """
    seen = without(data, done_by(data, target, users), half_life_days=settings.half_life_days)
    names = set(data.users[users].tolist())
    pairs, texts = pairs_and_texts(tables_without(dataset, names, data.domains[target]))
    return replace(seen, user_interests=interests_of_users(seen, pairs, texts, settings))


def tables_without(dataset: Dataset, users: set[str], domain: str) -> Dataset:
    """The tables without the interactions and texts of some users in a domain."""

    def left(frame: pl.DataFrame, owners: pl.DataFrame | None) -> pl.DataFrame:
        place = frame.with_row_index("place")
        known, _ = resolve_items(place, dataset.items)
        known = known if owners is None else by_person(known, owners)
        hidden = known.filter(pl.col("user_id").is_in(users) & (pl.col("domain") == domain))
        return place.join(hidden, on="place", how="anti", maintain_order="left").drop("place")

    return replace(
        dataset,
        interactions=left(dataset.interactions, account_owners(dataset.accounts)),
        texts=left(dataset.texts, None),
    )


def hiding(dataset: Dataset, settings: Settings) -> Hide | None:
    """How an evaluation hides what users did: with their texts, where there are any.

    None where interactions are all that there is to hide.
    """
    if not len(dataset.texts):
        return None
    return partial(snapshot_without, dataset=dataset, settings=settings)


def titles_of(dataset: Dataset, data: InterestGraph) -> list[str]:
    """Titles in the order of the snapshot's items."""
    key = item_key(pl.col("domain"), pl.col("item_id"))
    titles = dict(dataset.items.select(key.alias("key"), "title").iter_rows())
    return [titles[item] for item in data.items.tolist()]


def first_times(dataset: Dataset, data: InterestGraph) -> NDArray[np.float64]:
    """When each user first met each item, in seconds since 1970, NaN where that has no date.

    Aligned with the snapshot's interactions, whose own times are the last ones.
    """
    done, _ = pairs_and_texts(dataset)
    users = pl.DataFrame({"user_id": data.users.tolist()}).with_row_index("row")
    items = pl.DataFrame({"key": data.items.tolist()}).with_row_index("column")
    pairs = done.join(users, on="user_id").join(items, on="key")
    times = pairs.sort("row", "column")["first_at"].cast(pl.Float64) / 1000
    return times.fill_null(np.nan).to_numpy()


def pairs_and_texts(dataset: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pairs of user and item, and texts with their words, as `ingest` makes them of tables."""
    interactions, _ = resolve_items(dataset.interactions, dataset.items)
    texts, _ = resolve_items(dataset.texts, dataset.items)
    interactions = by_person(interactions, account_owners(dataset.accounts))
    return user_item_pairs(interactions), keyed_texts(texts, keep_text=True)


def _users(pairs: pl.DataFrame, texts: pl.DataFrame, dataset: Dataset) -> list[Row]:
    """Rows as `snapshot/users` gives them, but for interests, which are derived later."""
    at = pl.col("last_at").fill_null(-1)
    lists = {
        "items": pl.lit([], dtype=pl.List(pl.String())),
        "weights": pl.lit([], dtype=pl.List(pl.Float64())),
        "times": pl.lit([], dtype=pl.List(pl.Int64())),
        "interests": pl.lit([], dtype=pl.List(pl.Int64())),
    }
    done = pairs.group_by("user_id").agg(
        pl.col("key").alias("items"), pl.col("weight").alias("weights"), at.alias("times")
    )
    return (
        users_of(pairs, texts, dataset)
        .join(done, on="user_id", how="left", maintain_order="left")
        .with_columns(interests=None)
        .select(
            pl.col("user_id").alias("id"),
            *(pl.coalesce(name, empty).alias(name) for name, empty in lists.items()),
        )
        .to_dicts()
    )
