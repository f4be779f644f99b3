"""Interests of users, derived from their interactions and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text import VectorCache, encode_cached, load_encoder
from isthmus.encoders.topics import language_index
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.text_topics import Interests, Texts, learn_reader, read_texts
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.gnn.data import InterestGraph

MAX_INTERESTS_PER_USER = 20
# A text without praise or complaint counts half as much as a like.
NEUTRAL_WEIGHT, POLARITY_WEIGHT = 0.5, 1.5
WEIGHT_DECIMALS = 12
"""Rounding of the weights of user interests, so that they do not depend on the summation order."""
USERS_PER_TRANSACTION = 500


def derive_user_interests(graph: Graph, half_life_days: float, version: int | None) -> None:
    """Derives INTERESTED_IN of every user from scratch, for the interests of an encoder version."""
    for page in read_pages(graph, "interests/users", limit=USERS_PER_TRANSACTION):
        users = [row["id"] for row in page]
        graph.write(
            "interests/derive_user_interests",
            **derivation_parameters(users, half_life_days, version),
        )


def derivation_parameters(users: list[str], half_life_days: float, version: int | None) -> Row:
    """Returns the parameters of `interests/derive_user_interests` for some users."""
    return {
        "users": users,
        "half_life_days": half_life_days,
        "neutral": NEUTRAL_WEIGHT,
        "polarity": POLARITY_WEIGHT,
        "most": MAX_INTERESTS_PER_USER,
        "decimals": WEIGHT_DECIMALS,
        "version": version,
    }


def derive_interests_from_tables(
    data: InterestGraph,
    titles: list[str],
    pairs: pl.DataFrame,
    texts: pl.DataFrame,
    settings: Settings,
) -> tuple[csr_array, csr_array]:
    """Derives from tables what `derive_user_interests` derives in the graph.

    Args:
        data: Users, items and interests, with the interests of the items and their names.
        titles: Titles of the items.
        pairs: `user_id`, `key`, `weight`, `last_at` in milliseconds, one row a user and item.
        texts: `id`, `user_id`, `item_key`, `written_at` in milliseconds, `text`.
        settings: `encoder` for the texts, `half_life_days`.

    Returns:
        The properties `weight` and `written` of INTERESTED_IN, float32 CSR (users, interests).
    """
    item_weights = pairs.select(
        "user_id", pl.col("key").alias("item_key"), pl.col("weight").alias("item_weight")
    )
    texts = texts.sort("id").join(
        item_weights, on=["user_id", "item_key"], how="left", maintain_order="left"
    )
    interests, polarity = _item_and_text_interests(data, titles, pairs, texts, settings)
    evidence = pl.concat([_interaction_evidence(pairs), _text_evidence(texts, polarity)])
    strongest = _strongest_interests(evidence, interests, settings.half_life_days)
    written = strongest.filter(pl.col("written") != 0)
    return _user_matrix(data, strongest, "weight"), _user_matrix(data, written, "written")


def _interaction_evidence(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.select(
        "user_id",
        pl.col("key").alias("thing"),
        _epoch_seconds("last_at"),
        "weight",
        pl.lit(None, pl.Float64).alias("text_polarity"),
        pl.lit(False).alias("general"),
    )


def _text_evidence(texts: pl.DataFrame, polarity: NDArray[np.float64]) -> pl.DataFrame:
    """Texts as evidence; `weight` is null where the polarity gives it."""
    liked = pl.when(pl.col("item_weight") < 0).then(-1.0).otherwise(1.0)
    return texts.select(
        "user_id",
        pl.col("id").alias("thing"),
        _epoch_seconds("written_at"),
        pl.when(pl.col("item_weight").is_not_null()).then(liked).alias("weight"),
        pl.Series("text_polarity", polarity, dtype=pl.Float64),
        pl.col("item_key").is_null().alias("general"),
    )


def _strongest_interests(
    evidence: pl.DataFrame, interests: pl.DataFrame, half_life_days: float
) -> pl.DataFrame:
    """Returns `user_id`, `interest`, `weight` and `written` of each user's strongest interests.

    Args:
        evidence: `user_id`, `thing` (an item or a text), `at` in seconds, `weight`,
            `text_polarity`, `general` (whether it is a text about no item).
        interests: `thing`, `interest`, `part`, `polarity`.
        half_life_days: Age at which dated evidence counts half.
    """

    def decay(newest: str) -> pl.Expr:
        days = (pl.col(newest) - pl.col("at")) / 86_400
        return pl.lit(0.5).pow(days / half_life_days).fill_null(1.0)

    general = pl.col("general")
    counted = evidence.with_columns(
        pl.col("at").max().over("user_id").alias("newest"),
        pl.len().over("user_id").alias("evidence"),
        pl.when(general).then("at").max().over("user_id").alias("newest_general"),
        general.sum().over("user_id").alias("general_texts"),
    )
    polarity = pl.coalesce("polarity", "text_polarity", 0.0)
    by_polarity = (NEUTRAL_WEIGHT + POLARITY_WEIGHT * polarity).clip(-1, 1)
    value = pl.coalesce("weight", by_polarity) * pl.col("part")
    weight = (value * decay("newest")).sum() / pl.col("evidence").first()
    written = pl.when(general).then(value * decay("newest_general")).sum()
    written = pl.when(general.any()).then(written / pl.col("general_texts").first())
    strength = pl.max_horizontal(pl.col("weight").abs(), pl.col("written").abs())
    return (
        counted.join(interests, on="thing")
        .group_by("user_id", "interest")
        .agg(
            (weight.round(WEIGHT_DECIMALS) + 0.0).alias("weight"),
            (written.round(WEIGHT_DECIMALS) + 0.0).alias("written"),
        )
        .sort("user_id", -strength, "interest")
        .group_by("user_id", maintain_order=True)
        .head(MAX_INTERESTS_PER_USER)
    )


def _user_matrix(data: InterestGraph, interests: pl.DataFrame, column: str) -> csr_array:
    """A column of the interests of users, float32 CSR (users, interests)."""
    rows = np.searchsorted(data.users, interests["user_id"].to_numpy().astype(np.str_))
    values = interests[column].to_numpy().astype(np.float32)
    shape = (len(data.users), len(data.interests))
    return csr_array((values, (rows, interests["interest"].to_numpy())), shape=shape)


def _item_and_text_interests(
    data: InterestGraph,
    titles: list[str],
    pairs: pl.DataFrame,
    texts: pl.DataFrame,
    settings: Settings,
) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """Finds the interests of items and texts, and the polarity of the texts.

    Returns:
        A table of `thing` (key of an item or id of a text), `interest` (index of an interest),
        `part` (its weight) and `polarity` (null for items); the polarity, (texts,).
    """
    encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, texts["text"].to_list(), "query")
    ids, keys = data.interests.tolist(), data.items.tolist()
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
        writers=texts["user_id"].to_list(),
        languages=language_index(texts["text"].to_list()),
        read=[False] * len(texts),
    )
    has_vector = np.any(data.item_vectors != 0, axis=1)
    items = [
        {"id": key, "title": title, "embedding": data.item_vectors[k] if has_vector[k] else None}
        for k, (key, title) in enumerate(zip(keys, titles, strict=True))
    ]
    interests = Interests(ids, list(data.interest_names), data.interest_vectors)
    liked = pairs.filter(pl.col("weight") > 0).sort("user_id", "key").group_by("user_id")
    likes = dict(liked.agg("key").iter_rows())
    reader, _ = learn_reader(interests, items, item_interests, user_texts, likes, encoder, cache)
    about, polarity = read_texts(reader, ids, user_texts, encoder, cache)
    place = {interest: k for k, interest in enumerate(ids)}
    text_rows = [
        (text, place[row["interest"]], row["weight"], row["polarity"])
        for text, rows in zip(user_texts.ids, about, strict=True)
        for row in rows
    ]
    schema = {"thing": pl.String(), "interest": pl.Int64(), "part": pl.Float64()}
    item_frame = pl.DataFrame([data.items[matrix.row], matrix.col, matrix.data], schema=schema)
    schema |= {"polarity": pl.Float64()}
    text_frame = pl.DataFrame(text_rows, schema=schema, orient="row")
    no_polarity = pl.lit(None, pl.Float64).alias("polarity")
    return pl.concat([item_frame.with_columns(no_polarity), text_frame]), polarity


def _epoch_seconds(name: str) -> pl.Expr:
    """Whole seconds since 1970 from milliseconds, as `epochSeconds` of a date in the graph."""
    return (pl.col(name) // 1000).alias("at")
