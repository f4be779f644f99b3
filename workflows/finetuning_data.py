"""Training data for fine-tuning a text encoder, without the held-out users of an evaluation."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from isthmus.encoders.training import UserBehaviour
from isthmus.gnn.data import BUCKETS, hash_bucket
from isthmus.graph.generations import hide_from_tables, interaction_and_text_rows
from isthmus.graph.ingest import Dataset, item_key


def build_behaviour(dataset: Dataset, fold: int = 0) -> UserBehaviour:
    """Builds the interactions and texts of users that a text encoder is fine-tuned on.

    The test and validation users of a fold are hidden in the target domain that they are held out
    for, so that the fold's evaluation stays valid for the fine-tuned encoder.

    Args:
        dataset: The tables.
        fold: Fold of `isthmus evaluate cold-start` whose held-out users are hidden.
    """
    visible = dataset
    pairs, _ = interaction_and_text_rows(dataset)
    domain_by_key = dict(_items_with_keys(dataset).select("key", "domain").iter_rows())
    histories = pairs.with_columns(domain=pl.col("key").replace_strict(domain_by_key))
    domains_of_user = histories.group_by("user_id").agg(pl.col("domain").unique())
    cross_domain = domains_of_user.filter(pl.col("domain").list.len() > 1)
    held_out = {(2 * fold + k) % BUCKETS for k in range(3)}
    for domain in sorted(set(domain_by_key.values())):
        users = cross_domain.filter(pl.col("domain").list.contains(domain))["user_id"]
        hidden = {user for user in users if hash_bucket(user, domain) in held_out}
        visible = hide_from_tables(visible, hidden, domain)
    return _build_arrays(visible)


def _items_with_keys(dataset: Dataset) -> pl.DataFrame:
    key = item_key(pl.col("domain"), pl.col("item_id")).alias("key")
    return dataset.items.with_columns(key).sort("key")


def _build_arrays(dataset: Dataset) -> UserBehaviour:
    items = _items_with_keys(dataset)
    pairs, texts = interaction_and_text_rows(dataset)
    users = pl.concat([pairs["user_id"], texts["user_id"]]).unique().sort()
    row_of_user = {user: k for k, user in enumerate(users)}
    column_of_item = {key: k for k, key in enumerate(items["key"])}
    rows = pairs["user_id"].replace_strict(row_of_user, return_dtype=pl.Int64).to_numpy()
    columns = pairs["key"].replace_strict(column_of_item, return_dtype=pl.Int64).to_numpy()
    weights = csr_array(
        (pairs["weight"].cast(pl.Float32).to_numpy(), (rows, columns)),
        shape=(len(users), len(items)),
    )
    return UserBehaviour(
        titles=items["title"].to_list(),
        domains=items["domain"].rank("dense").to_numpy().astype(np.int32) - 1,
        categories=items["categories"].to_list(),
        weights=weights,
        texts=[
            (row_of_user[user], text) for user, text in texts.select("user_id", "text").iter_rows()
        ],
    )
