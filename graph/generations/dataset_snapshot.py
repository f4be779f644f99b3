"""Snapshot of tables: the arrays that training reads, for evaluations without a graph."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isthmus.encoders.text import VectorCache, encode_cached, load_encoder
from isthmus.gnn.data import HideFunction, InterestGraph, hide_interactions, interactions_of_users
from isthmus.graph.database import Row
from isthmus.graph.generations.snapshot import build_interest_graph
from isthmus.graph.ingest import (
    Dataset,
    account_owners,
    aggregate_interactions,
    all_users,
    build_text_rows,
    category_names,
    item_key,
    replace_accounts,
    resolve_items,
)
from isthmus.graph.interests import (
    build_item_interests,
    derive_interests_from_tables,
    names_by_category,
)
from isthmus.settings import Settings


def build_snapshot(dataset: Dataset, settings: Settings) -> InterestGraph:
    """Builds from tables the arrays that `read_snapshot` reads from a graph.

    Raises:
        NothingToDo: The tables have no items or no interactions.
    """
    keys = item_key(pl.col("domain"), pl.col("item_id")).alias("id")
    frame = dataset.items.with_columns(keys).sort("id")
    words = (frame["title"] + ("\n" + frame["text"]).fill_null("")).to_list()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
    vectors, _, _ = encode_cached(encoder, VectorCache(settings.home / "vectors"), words, "passage")
    items = frame.select("id", "domain", "title", "categories").to_dicts()
    for item, text, vector in zip(items, words, vectors, strict=True):
        item["embedding"] = vector if text else None
    given = names_by_category(category_names(dataset).to_dicts())
    interests, item_interests = build_item_interests(items, encoder, settings, given=given)
    for item in items:
        item["about"] = [[i["id"], i["weight"]] for i in item_interests.get(item["id"], [])]
    interest_rows = [
        {"id": interest, "embedding": vector}
        for interest, vector in zip(interests.ids, interests.vectors, strict=True)
    ]
    pairs, texts = interaction_and_text_rows(dataset)
    data = build_interest_graph(items, _user_rows(pairs, texts, dataset), interest_rows)
    data = replace(data, interest_names=tuple(interests.names))
    titles = frame["title"].fill_null("").to_list()
    weights, written = derive_interests_from_tables(data, titles, pairs, texts, settings)
    return replace(data, user_interests=weights, written_interests=written)


def hide_from_snapshot(
    data: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    dataset: Dataset,
    settings: Settings,
) -> InterestGraph:
    """Hides the interactions and texts of some users in a target domain from a snapshot.

    Args:
        data: The snapshot of all tables, from `build_snapshot`.
        target: Index of the target domain.
        users: Indices of the users, who need a history in another domain.
        dataset: The tables.
        settings: The settings of `build_snapshot`.
    """
    visible = hide_interactions(
        data, interactions_of_users(data, target, users), half_life_days=settings.half_life_days
    )
    names = set(data.users[users].tolist())
    pairs, texts = interaction_and_text_rows(hide_from_tables(dataset, names, data.domains[target]))
    titles = item_titles(dataset, data)
    weights, written = derive_interests_from_tables(visible, titles, pairs, texts, settings)
    return replace(visible, user_interests=weights, written_interests=written)


def hide_from_tables(dataset: Dataset, users: set[str], domain: str) -> Dataset:
    """Returns the tables without the interactions and texts of some users in a domain."""

    def remove_rows(frame: pl.DataFrame, owners: pl.DataFrame | None) -> pl.DataFrame:
        numbered = frame.with_row_index("row")
        resolved, _ = resolve_items(numbered, dataset.items)
        resolved = resolved if owners is None else replace_accounts(resolved, owners)
        hidden = resolved.filter(pl.col("user_id").is_in(users) & (pl.col("domain") == domain))
        return numbered.join(hidden, on="row", how="anti", maintain_order="left").drop("row")

    return replace(
        dataset,
        interactions=remove_rows(dataset.interactions, account_owners(dataset.accounts)),
        texts=remove_rows(dataset.texts, None),
    )


def hide_function(dataset: Dataset, settings: Settings) -> HideFunction | None:
    """Returns the function by which an evaluation hides interactions together with texts.

    None if the dataset has no texts, so that hiding interactions is enough.
    """
    if not len(dataset.texts):
        return None
    return partial(hide_from_snapshot, dataset=dataset, settings=settings)


def item_titles(dataset: Dataset, data: InterestGraph) -> list[str]:
    """Returns titles in the order of the snapshot's items."""
    key = item_key(pl.col("domain"), pl.col("item_id"))
    titles = dict(dataset.items.select(key.alias("key"), "title").iter_rows())
    return [titles[item] for item in data.items.tolist()]


def first_interaction_times(dataset: Dataset, data: InterestGraph) -> NDArray[np.float64]:
    """Returns the time of each user's first interaction with each item.

    Returns:
        Seconds since 1970, NaN without a date, in the order of the snapshot's interactions, whose
        own times are those of the last interaction, (interactions,).
    """
    rows, _ = interaction_and_text_rows(dataset)
    users = pl.DataFrame({"user_id": data.users.tolist()}).with_row_index("row")
    items = pl.DataFrame({"key": data.items.tolist()}).with_row_index("column")
    pairs = rows.join(users, on="user_id").join(items, on="key")
    times = pairs.sort("row", "column")["first_at"].cast(pl.Float64) / 1000
    return times.fill_null(np.nan).to_numpy()


def interaction_and_text_rows(dataset: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Builds the rows of users with items and of texts with their words, as `ingest` does."""
    interactions, _ = resolve_items(dataset.interactions, dataset.items)
    texts, _ = resolve_items(dataset.texts, dataset.items)
    interactions = replace_accounts(interactions, account_owners(dataset.accounts))
    return aggregate_interactions(interactions), build_text_rows(texts, keep_text=True)


def _user_rows(pairs: pl.DataFrame, texts: pl.DataFrame, dataset: Dataset) -> list[Row]:
    """Rows as `snapshot/users` returns them, but without interests, which are derived later."""
    at = pl.col("last_at").fill_null(-1)
    empty_lists = {
        "items": pl.lit([], dtype=pl.List(pl.String())),
        "weights": pl.lit([], dtype=pl.List(pl.Float64())),
        "times": pl.lit([], dtype=pl.List(pl.Int64())),
        "interests": pl.lit([], dtype=pl.List(pl.Int64())),
        "written": pl.lit([], dtype=pl.List(pl.Int64())),
    }
    histories = pairs.group_by("user_id").agg(
        pl.col("key").alias("items"), pl.col("weight").alias("weights"), at.alias("times")
    )
    return (
        all_users(pairs, texts, dataset)
        .join(histories, on="user_id", how="left", maintain_order="left")
        .with_columns(interests=None, written=None)
        .select(
            pl.col("user_id").alias("id"),
            *(pl.coalesce(name, empty).alias(name) for name, empty in empty_lists.items()),
        )
        .to_dicts()
    )
