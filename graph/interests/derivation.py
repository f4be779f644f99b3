"""Interests of users, derived from their interactions and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text import VectorCache, encode_cached, load_encoder
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.text_topics import Interests, Texts, learn_text_readers, top_interests
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.gnn.data import InterestGraph

MAX_INTERESTS_PER_USER = 20
# A text without praise or complaint counts half as much as a like.
NEUTRAL_WEIGHT, POLARITY_WEIGHT = 0.5, 1.5
WEIGHT_DECIMALS = 12
"""Rounding of the weights of user interests, so that they do not depend on the summation order."""


def derive_user_interests(graph: Graph, half_life_days: float, version: int | None) -> None:
    """Derives INTERESTED_IN of every user from scratch, for the interests of an encoder version."""
    graph.write_in_transactions(
        "interests/derive_user_interests",
        half_life_days=half_life_days,
        neutral=NEUTRAL_WEIGHT,
        polarity=POLARITY_WEIGHT,
        most=MAX_INTERESTS_PER_USER,
        decimals=WEIGHT_DECIMALS,
        version=version,
    )


def derive_interests_from_tables(
    data: InterestGraph, pairs: pl.DataFrame, texts: pl.DataFrame, settings: Settings
) -> csr_array:
    """Derives from tables what `derive_user_interests` derives in the graph.

    Args:
        data: Users, items and interests, with the interests of the items.
        pairs: `user_id`, `key`, `weight`, `last_at` in milliseconds, one row a user and item.
        texts: `id`, `user_id`, `item_key`, `written_at` in milliseconds, `text`.
        settings: `encoder` for the texts, `half_life_days`.

    Returns:
        Weights of INTERESTED_IN, float32 CSR (users, interests).
    """
    item_weights = pairs.select(
        "user_id", pl.col("key").alias("item_key"), pl.col("weight").alias("item_weight")
    )
    texts = texts.sort("id").join(
        item_weights, on=["user_id", "item_key"], how="left", maintain_order="left"
    )
    interests, polarity = _item_and_text_interests(data, texts, settings)
    interactions = pairs.select(
        "user_id", pl.col("key").alias("thing"), "weight", _epoch_seconds("last_at")
    )
    polarity_weight = (NEUTRAL_WEIGHT + POLARITY_WEIGHT * pl.Series(polarity)).clip(-1, 1)
    written = texts.select(
        "user_id",
        pl.col("id").alias("thing"),
        pl.when(pl.col("item_weight").is_null())
        .then(polarity_weight)
        .otherwise(pl.when(pl.col("item_weight") < 0).then(-1.0).otherwise(1.0))
        .alias("weight"),
        _epoch_seconds("written_at"),
    )
    evidence = pl.concat([interactions, written]).with_columns(
        pl.col("at").max().over("user_id").alias("newest"),
        pl.len().over("user_id").alias("evidence"),
    )
    days = (pl.col("newest") - pl.col("at")) / 86_400
    decay = pl.lit(0.5).pow(days / settings.half_life_days).fill_null(1.0)
    weight = (pl.col("weight") * pl.col("part") * decay).sum() / pl.col("evidence").first()
    derived = (
        evidence.join(interests, on="thing")
        .group_by("user_id", "interest")
        .agg((weight.round(WEIGHT_DECIMALS) + 0.0).alias("weight"))
        .sort("user_id", -pl.col("weight").abs(), "interest")
        .group_by("user_id", maintain_order=True)
        .head(MAX_INTERESTS_PER_USER)
    )
    rows = np.searchsorted(data.users, derived["user_id"].to_numpy().astype(np.str_))
    values = derived["weight"].to_numpy().astype(np.float32)
    shape = (len(data.users), len(data.interests))
    return csr_array((values, (rows, derived["interest"].to_numpy())), shape=shape)


def _item_and_text_interests(
    data: InterestGraph, texts: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """Finds the interests of items and texts, and the polarity of the texts.

    Returns:
        A table of `thing` (key of an item or id of a text), `interest` (index of an interest) and
        `part` (its weight); the polarity, (texts,).
    """
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, texts["text"].to_list(), "query")
    ids = data.interests.tolist()
    matrix = data.item_interests.tocoo()
    item_interests: dict[str, list[Row]] = {}
    for item, interest, weight in zip(
        data.items[matrix.row].tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True
    ):
        item_interests.setdefault(item, []).append({"id": ids[interest], "weight": weight})
    user_texts = Texts(
        ids=texts["id"].to_list(),
        vectors=vectors,
        words=texts["text"].to_list(),
        items=texts["item_key"].to_list(),
        item_weights=texts["item_weight"].fill_null(0.0).to_numpy(),
    )
    interests = Interests(ids, [], data.interest_vectors)
    topics, polarity = learn_text_readers(interests, item_interests, user_texts, encoder)
    place = {interest: k for k, interest in enumerate(ids)}
    text_rows = [
        (text, place[row["interest"]], row["weight"])
        for text, top in zip(user_texts.ids, top_interests(ids, topics, vectors), strict=True)
        for row in top
    ]
    schema = {"thing": pl.String(), "interest": pl.Int64(), "part": pl.Float64()}
    item_frame = pl.DataFrame([data.items[matrix.row], matrix.col, matrix.data], schema=schema)
    text_frame = pl.DataFrame(text_rows, schema=schema, orient="row")
    return pl.concat([item_frame, text_frame]), polarity


def _epoch_seconds(name: str) -> pl.Expr:
    """Whole seconds since 1970 from milliseconds, as `epochSeconds` of a date in the graph."""
    return (pl.col(name) // 1000).alias("at")
