"""What items and texts are about, and what users are interested in.

Interests come from the categories of items where they have them, else from clusters of their
embeddings, named by key terms. Texts are about the interests that lie nearest to them.
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
from graph.connection import Graph, Row
from graph.embeddings import pages
from isthmus.settings import Settings

if TYPE_CHECKING:
    from gnn.data import InterestGraph

logger = logging.getLogger("isthmus")

INTERESTS_A_TEXT = 3
INTERESTS_A_USER = 20
DECIMALS = 12
"""Of what users are interested in, so that it does not depend on the order of a sum."""

Vectors = NDArray[np.float32]


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


@dataclass(frozen=True)
class Interests:
    """Interests as arrays: ids, names, embeddings of unit length, shape (interests, dimensions)."""

    ids: list[str]
    names: list[str]
    vectors: Vectors
    mean_similarity: NDArray[np.float64]


def find_interests(graph: Graph, settings: Settings) -> InterestsFound:
    """Makes interests from the items, says what items and texts are about, derives INTERESTED_IN.

    Interrupted, the graph holds interests of the old and of the new kind, each item being about
    one kind; the next run completes it.
    """
    start = time.monotonic()
    items = _items(graph)
    interests, about = interests_of_items(items, settings)
    text_ids, text_vectors = _texts(graph)
    interests = _with_mean_similarity(interests, text_vectors)
    _write_interests(graph, interests)
    graph.write_batches("interests/set_item_interests", _rows(about), "link items to interests")
    text_rows = [
        {"id": text, "about": found}
        for text, found in zip(text_ids, nearest_interests(interests, text_vectors), strict=True)
    ]
    graph.write_batches(
        "interests/set_text_interests", pl.DataFrame(text_rows, schema=_ABOUT), "link texts"
    )
    graph.write_in_transactions("interests/delete_orphans")
    derive_user_interests(graph, settings.half_life_days)
    seconds = round(time.monotonic() - start, 3)
    return InterestsFound(len(interests.ids), len(about), len(text_ids), seconds)


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


def derive_user_interests(graph: Graph, half_life_days: float) -> None:
    """Computes INTERESTED_IN of every user anew from interactions and texts."""
    graph.write_in_transactions(
        "interests/derive_user_interests",
        half_life_days=half_life_days,
        most=INTERESTS_A_USER,
        decimals=DECIMALS,
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
    texts = texts.sort("id")
    did = pairs.select("user_id", pl.col("key").alias("thing"), "weight", _seconds("last_at"))
    wrote = (
        texts.join(pairs, left_on=["user_id", "item_key"], right_on=["user_id", "key"], how="left")
        .with_columns(pl.when(pl.col("weight") < 0).then(-1.0).otherwise(1.0).alias("weight"))
        .select("user_id", pl.col("id").alias("thing"), "weight", _seconds("written_at"))
    )
    things = pl.concat([did, wrote]).with_columns(
        pl.col("at").max().over("user_id").alias("newest"),
        pl.len().over("user_id").alias("evidence"),
    )
    days = (pl.col("newest") - pl.col("at")) / 86_400
    decay = pl.lit(0.5).pow(days / settings.half_life_days).fill_null(1.0)
    weight = (pl.col("weight") * pl.col("part") * decay).sum() / pl.col("evidence").first()
    derived = (
        things.join(_about(data, texts, settings), on="thing")
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


def _about(data: InterestGraph, texts: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """`thing`, `interest` by its place, `part`: what items and texts are about."""
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    cache = VectorCache(settings.home / "vectors")
    vectors, _, _ = encode_cached(encoder, cache, texts["text"].to_list(), "query")
    ids = data.interests.tolist()
    known = Interests(ids, ids, data.interest_vectors, np.zeros(len(ids)))
    nearest = nearest_interests(_with_mean_similarity(known, vectors), vectors)
    place = {interest: k for k, interest in enumerate(ids)}
    of_texts = [
        (text, place[found["interest"]], found["weight"])
        for text, interests in zip(texts["id"], nearest, strict=True)
        for found in interests
    ]
    items = data.item_interests.tocoo()
    schema = {"thing": pl.String(), "interest": pl.Int64(), "part": pl.Float64()}
    of_items = pl.DataFrame([data.items[items.row], items.col, items.data], schema=schema)
    return pl.concat([of_items, pl.DataFrame(of_texts, schema=schema, orient="row")])


def _seconds(name: str) -> pl.Expr:
    """Whole seconds as `epochSeconds` of a date in the graph."""
    return (pl.col(name) // 1000).alias("at")


def nearest_interests(interests: Interests, vectors: Vectors) -> list[list[Row]]:
    """The interests that texts are about, with weights that add up to 1.

    Similarities of one encoder lie close together and some interests are near to everything, so
    each interest's mean similarity to texts is taken off first, and what is left is put in units
    of its deviation; the weights are a softmax over the nearest.

    Args:
        interests: What there is.
        vectors: Embeddings of texts of unit length, shape (texts, dimensions).

    Returns:
        For each text a list of `{"interest": id, "weight": float}`, at most `INTERESTS_A_TEXT`.
    """
    if not interests.ids or not len(vectors):
        return [[] for _ in vectors]
    scores = vectors @ interests.vectors.T - interests.mean_similarity
    scores /= max(float(scores.std()), 1e-6)
    most = min(INTERESTS_A_TEXT, len(interests.ids))
    found = []
    for row in scores:
        best = np.argsort(-row, kind="stable")[:most]
        weights = np.exp(row[best] - row[best[0]])
        weights /= weights.sum()
        found.append(
            [
                {"interest": interests.ids[k], "weight": float(weight)}
                for k, weight in zip(best, weights, strict=True)
            ]
        )
    return found


def read_interests(graph: Graph) -> Interests:
    """The interests of the graph that have an embedding."""
    rows = [row for row in graph.read("snapshot/interests") if row["embedding"]]
    return Interests(
        [row["id"] for row in rows],
        [row["name"] for row in rows],
        np.array([row["embedding"] for row in rows], dtype=np.float32),
        np.array([row["mean_similarity"] or 0.0 for row in rows]),
    )


_ABOUT = pl.Schema(
    {
        "id": pl.String(),
        "about": pl.List(pl.Struct({"interest": pl.String(), "weight": pl.Float64()})),
    }
)


def _items(graph: Graph) -> list[Row]:
    return [row for page in pages(graph, "interests/items") for row in page]


def _texts(graph: Graph) -> tuple[list[str], Vectors]:
    rows = [row for page in pages(graph, "interests/texts") for row in page]
    vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
    return [row["id"] for row in rows], vectors


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
    return Interests(ids, [names[i] for i in ids], vectors, np.zeros(len(ids)))


def _with_mean_similarity(interests: Interests, texts: Vectors) -> Interests:
    """Adds how near each interest is to texts on the whole, or to interests without texts."""
    others = texts if len(texts) else interests.vectors
    mean = interests.vectors @ others.mean(axis=0) if len(others) else np.zeros(len(interests.ids))
    return Interests(interests.ids, interests.names, interests.vectors, mean.astype(np.float64))


def _write_interests(graph: Graph, interests: Interests) -> None:
    frame = pl.DataFrame(
        {
            "id": interests.ids,
            "name": interests.names,
            "embedding": interests.vectors.astype(np.float64).tolist(),
            "mean_similarity": interests.mean_similarity,
        },
        schema_overrides={"id": pl.String, "name": pl.String, "embedding": pl.List(pl.Float64)},
    )
    graph.write_batches("interests/set_interests", frame, "store interests", size=2_000)


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
