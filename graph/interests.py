"""What items and texts are about, and what users are interested in.

Interests come from the categories of items where they have them, else from clusters of their
embeddings, named by key terms. What texts are about is read from their embeddings by a discriminant
that the texts themselves teach; praise counts for their writers' interests, complaints against.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from encoders.cache import VectorCache, encode_cached
from encoders.clusters import cluster
from encoders.text import load_encoder
from encoders.topics import Topics
from graph.connection import Graph, Row
from graph.embeddings import pages
from graph.texts import Interests, Texts, Vectors, most_likely, read_texts, written
from graph.versions import answer_without_generation, version_of
from isthmus.settings import Settings

if TYPE_CHECKING:
    from gnn.data import InterestGraph

logger = logging.getLogger("isthmus")

INTERESTS_A_USER = 20
# What somebody writes about without praise or complaint interests them half as much.
NEUTRAL, POLARITY = 0.5, 1.5
DECIMALS = 12
"""Of what users are interested in, so that it does not depend on the order of a sum."""


@dataclass(frozen=True)
class InterestsFound:
    """How many interests there are, and how many items and texts are about them."""

    interests: int
    items: int
    texts: int
    seconds: float

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def find_interests(graph: Graph, settings: Settings) -> InterestsFound:
    """Makes interests from the items, says what items and texts are about, derives INTERESTED_IN.

    They are those of the version of the settings' encoder, beside those of other versions.
    Interrupted, the graph holds interests of the old and of the new kind, each item being about
    one kind; the next run completes it.
    """
    start = time.monotonic()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    version = version_of(graph, encoder)
    items = _items(graph, version)
    interests, about = interests_of_items(items, settings)
    texts = written(graph, version)
    topics, polarity = read_texts(interests, about, texts, settings)
    _write_interests(graph, interests, topics, version)
    graph.write_batches(
        "interests/set_item_interests", _rows(about), "link items to interests", version=version
    )
    of_texts = pl.DataFrame(
        {
            "id": texts.ids,
            "polarity": polarity,
            "about": most_likely(interests.ids, topics, texts.vectors),
        },
        schema=_ABOUT | {"polarity": pl.Float64()},
    )
    graph.write_batches("interests/set_text_interests", of_texts, "link texts", version=version)
    graph.write_in_transactions("interests/delete_orphans", version=version)
    derive_user_interests(graph, settings.half_life_days, version)
    answer_without_generation(graph, version)
    seconds = round(time.monotonic() - start, 3)
    return InterestsFound(len(interests.ids), len(about), len(texts.ids), seconds)


def interests_of_items(
    items: list[Row], settings: Settings
) -> tuple[Interests, dict[str, list[Row]]]:
    """Makes interests from the categories of items, or from clusters of their embeddings.

    Args:
        items: Rows of `id`, `title`, `categories`, `embedding`; the last two may be None.
        settings: `encoder` for the names, `seed` for the clusters.

    Returns:
        The interests, and for each item that has some a list of `{"id", "name", "weight"}`.
    """
    about = _about_categories(items) | _about_clusters(items, settings.seed)
    names = {interest["id"]: interest["name"] for found in about.values() for interest in found}
    if not names:
        logger.warning("no interests: no item has categories or an embedding yet")
    return _interests(items, about, names, settings), about


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
    interests = Interests(ids, ids, data.interest_vectors)
    topics, polarity = read_texts(interests, about, wrote, settings)
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


_ABOUT = pl.Schema(
    {
        "id": pl.String(),
        "about": pl.List(pl.Struct({"interest": pl.String(), "weight": pl.Float64()})),
    }
)


def _items(graph: Graph, version: int) -> list[Row]:
    return [row for page in pages(graph, "interests/items", version=version) for row in page]


def _about_categories(items: list[Row]) -> dict[str, list[Row]]:
    """Item to its categories, each with an equal part; equal names in any case are one interest."""
    about = {}
    for item in items:
        names = {name.casefold(): name for name in item["categories"] or []}
        if names:
            part = float(np.float32(1 / len(names)))  # what arrays hold, so that both are equal
            about[item["id"]] = [
                {"id": f"category:{key}", "name": name, "weight": part}
                for key, name in sorted(names.items())
            ]
    return about


def _about_clusters(items: list[Row], seed: int) -> dict[str, list[Row]]:
    """Item to its cluster, for items without categories; ids change where the clusters do."""
    bare = [item for item in items if not item["categories"] and item["embedding"] is not None]
    if not bare:
        return {}
    vectors = np.array([item["embedding"] for item in bare], dtype=np.float32)
    clusters = cluster(vectors, [item["title"] for item in bare], seed=seed)
    edition = hashlib.sha256(np.asarray(clusters.labels, dtype=np.int64).tobytes()).hexdigest()[:8]
    return {
        item["id"]: [
            {"id": f"cluster:{edition}:{label}", "name": clusters.names[label], "weight": 1.0}
        ]
        for item, label in zip(bare, clusters.labels.tolist(), strict=True)
    }


def _interests(
    items: list[Row], about: dict[str, list[Row]], names: dict[str, str], settings: Settings
) -> Interests:
    """An interest lies between its name and the mean of its items."""
    ids = sorted(names)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, [names[i] for i in ids], "passage")
    sums = np.zeros_like(vectors)
    place = {interest: k for k, interest in enumerate(ids)}
    for item in items:
        if item["embedding"] is not None:
            for interest in about.get(item["id"], []):
                sums[place[interest["id"]]] += np.asarray(item["embedding"], dtype=np.float32)
    vectors = _unit(_unit(sums) + vectors)
    return Interests(ids, [names[i] for i in ids], vectors)


def _write_interests(graph: Graph, interests: Interests, topics: Topics, version: int) -> None:
    vectors = pl.List(pl.Float64)
    frame = pl.DataFrame(
        {
            "id": interests.ids,
            "name": interests.names,
            "embedding": interests.vectors.astype(np.float64).tolist(),
            "direction": topics.directions.astype(np.float64).tolist(),
            "bias": topics.offsets,
        },
        schema_overrides={
            "id": pl.String,
            "name": pl.String,
            "embedding": vectors,
            "direction": vectors,
        },
    )
    graph.write_batches(
        "interests/set_interests", frame, "store interests", size=2_000, version=version
    )


def _rows(about: dict[str, list[Row]]) -> pl.DataFrame:
    rows = [
        {"id": item, "about": [{"interest": a["id"], "weight": a["weight"]} for a in found]}
        for item, found in about.items()
    ]
    return pl.DataFrame(rows, schema=_ABOUT)


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
