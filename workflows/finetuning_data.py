"""What a text model learns from: what users did, without what an evaluation will ask."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from isthmus.encoders.training.finetune import Behaviour
from isthmus.gnn.data.splits import BUCKETS, bucket
from isthmus.graph.generations.dataset_snapshot import pairs_and_texts, tables_without
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.rows import item_key


def behaviour_of(dataset: Dataset, fold: int = 0) -> Behaviour:
    """What users did and wrote, but for a fold's cold users in the domain that they are cold for.

    So that the fold's evaluation stays honest with a model that was trained on it.

    Args:
        dataset: The tables.
        fold: Of `isthmus evaluate cold-start`; its test and its validation users are left out.
    """
    seen = dataset
    pairs, _ = pairs_and_texts(dataset)
    domain_of = dict(_items(dataset).select("key", "domain").iter_rows())
    met = pairs.with_columns(domain=pl.col("key").replace_strict(domain_of))
    several = met.group_by("user_id").agg(pl.col("domain").unique())
    several = several.filter(pl.col("domain").list.len() > 1)
    asked = {(2 * fold + k) % BUCKETS for k in range(3)}
    for domain in sorted(set(domain_of.values())):
        both = several.filter(pl.col("domain").list.contains(domain))["user_id"]
        seen = tables_without(seen, {u for u in both if bucket(u, domain) in asked}, domain)
    return _arrays(seen)


def _items(dataset: Dataset) -> pl.DataFrame:
    key = item_key(pl.col("domain"), pl.col("item_id")).alias("key")
    return dataset.items.with_columns(key).sort("key")


def _arrays(dataset: Dataset) -> Behaviour:
    items = _items(dataset)
    pairs, texts = pairs_and_texts(dataset)
    users = pl.concat([pairs["user_id"], texts["user_id"]]).unique().sort()
    row = {user: k for k, user in enumerate(users)}
    column = {key: k for k, key in enumerate(items["key"])}
    rows = pairs["user_id"].replace_strict(row, return_dtype=pl.Int64).to_numpy()
    columns = pairs["key"].replace_strict(column, return_dtype=pl.Int64).to_numpy()
    weights = csr_array(
        (pairs["weight"].cast(pl.Float32).to_numpy(), (rows, columns)),
        shape=(len(users), len(items)),
    )
    domains = items["domain"].rank("dense").to_numpy().astype(np.int32) - 1
    return Behaviour(
        titles=items["title"].to_list(),
        domains=domains,
        categories=items["categories"].to_list(),
        weights=weights,
        texts=[(row[user], text) for user, text in texts.select("user_id", "text").iter_rows()],
    )
