"""What users are interested in, derived from what they did and wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.text_topics import Interests, Texts, most_likely, read_texts
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph

INTERESTS_A_USER = 20
# What somebody writes about without praise or complaint interests them half as much.
NEUTRAL, POLARITY = 0.5, 1.5
DECIMALS = 12
"""Of what users are interested in, so that it does not depend on the order of a sum."""


def derive_user_interests(graph: Graph, half_life_days: float, version: int | None) -> None:
    """Computes INTERESTED_IN of every user anew, in the interests of an encoder version."""
    graph.write_in_transactions(
        "interests/derive_user_interests",
        half_life_days=half_life_days,
        neutral=NEUTRAL,
        polarity=POLARITY,
        most=INTERESTS_A_USER,
        decimals=DECIMALS,
        version=version,
    )


def interests_of_users(
    data: InterestGraph, pairs: pl.DataFrame, texts: pl.DataFrame, settings: Settings
) -> csr_array:
    """What `derive_user_interests` computes in the graph, from tables and without a graph.

    Args:
        data: Users, items and interests, and what the items are about.
        pairs: `user_id`, `key`, `weight`, `last_at` in milliseconds, one row a user and item.
        texts: `id`, `user_id`, `item_key`, `written_at` in milliseconds, `text`.
        settings: `encoder` for the texts, `half_life_days`.

    Returns:
        Weights of INTERESTED_IN, float32 CSR (users, interests).
    """
    texts = texts.sort("id").join(
        pairs.select("user_id", pl.col("key").alias("item_key"), pl.col("weight").alias("said")),
        on=["user_id", "item_key"],
        how="left",
        maintain_order="left",
    )
    about, polarity = _about(data, texts, settings)
    did = pairs.select("user_id", pl.col("key").alias("thing"), "weight", _seconds("last_at"))
    interested = (NEUTRAL + POLARITY * pl.Series(polarity)).clip(-1, 1)
    wrote = texts.select(
        "user_id",
        pl.col("id").alias("thing"),
        pl.when(pl.col("said").is_null())
        .then(interested)
        .otherwise(pl.when(pl.col("said") < 0).then(-1.0).otherwise(1.0))
        .alias("weight"),
        _seconds("written_at"),
    )
    things = pl.concat([did, wrote]).with_columns(
        pl.col("at").max().over("user_id").alias("newest"),
        pl.len().over("user_id").alias("evidence"),
    )
    days = (pl.col("newest") - pl.col("at")) / 86_400
    decay = pl.lit(0.5).pow(days / settings.half_life_days).fill_null(1.0)
    weight = (pl.col("weight") * pl.col("part") * decay).sum() / pl.col("evidence").first()
    derived = (
        things.join(about, on="thing")
        .group_by("user_id", "interest")
        .agg((weight.round(DECIMALS) + 0.0).alias("weight"))
        .sort("user_id", -pl.col("weight").abs(), "interest")
        .group_by("user_id", maintain_order=True)
        .head(INTERESTS_A_USER)
    )
    rows = np.searchsorted(data.users, derived["user_id"].to_numpy().astype(np.str_))
    values = derived["weight"].to_numpy().astype(np.float32)
    shape = (len(data.users), len(data.interests))
    return csr_array((values, (rows, derived["interest"].to_numpy())), shape=shape)


def _about(
    data: InterestGraph, texts: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """`thing`, `interest` by its place, `part`: what items and texts are about; their polarity."""
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, texts["text"].to_list(), "query")
    ids = data.interests.tolist()
    of_items = data.item_interests.tocoo()
    about: dict[str, list[Row]] = {}
    for item, interest, part in zip(
        data.items[of_items.row].tolist(),
        of_items.col.tolist(),
        of_items.data.tolist(),
        strict=True,
    ):
        about.setdefault(item, []).append({"id": ids[interest], "weight": part})
    wrote = Texts(
        ids=texts["id"].to_list(),
        vectors=vectors,
        words=texts["text"].to_list(),
        items=texts["item_key"].to_list(),
        said=texts["said"].fill_null(0.0).to_numpy(),
    )
    interests = Interests(ids, [], data.interest_vectors)
    topics, polarity = read_texts(interests, about, wrote, encoder)
    place = {interest: k for k, interest in enumerate(ids)}
    of_texts = [
        (text, place[found["interest"]], found["weight"])
        for text, interests in zip(wrote.ids, most_likely(ids, topics, vectors), strict=True)
        for found in interests
    ]
    schema = {"thing": pl.String(), "interest": pl.Int64(), "part": pl.Float64()}
    parts = pl.DataFrame([data.items[of_items.row], of_items.col, of_items.data], schema=schema)
    frame = pl.concat([parts, pl.DataFrame(of_texts, schema=schema, orient="row")])
    return frame, polarity


def _seconds(name: str) -> pl.Expr:
    """Whole seconds as `epochSeconds` of a date in the graph."""
    return (pl.col(name) // 1000).alias("at")
