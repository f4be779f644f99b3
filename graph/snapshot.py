"""Graph to arrays for training, page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from encoders.cache import VectorCache, encode_cached
from encoders.text import load_encoder
from gnn.data import InterestGraph
from gnn.splits import done_by, without
from graph.connection import Graph, Row
from graph.embeddings import pages
from graph.ingest import account_owners, by_person, item_key, keyed_texts, user_item_pairs, users_of
from graph.interests import interests_of_users
from graph.item_interests import interests_of_items
from graph.records import Dataset, resolve_items
from graph.versions import number_of_answering
from isthmus.errors import NothingToDo
from isthmus.progress import progress
from isthmus.settings import Settings

if TYPE_CHECKING:
    from gnn.exam import Hide

PAGE = 2_000


def snapshot(graph: Graph, version: int | None = None) -> InterestGraph:
    """Reads items, interests and users with all that training uses.

    Args:
        graph: The graph.
        version: Encoder version whose vectors and interests to read; without it the active one.

    Raises:
        NothingToDo: The graph has no items or no interactions.
    """
    version = number_of_answering(graph) if version is None else version
    interests = graph.read("snapshot/interests", version=version)
    items = list(_read(graph, "snapshot/items", "read items", version))
    users = list(_read(graph, "snapshot/users", "read users", version))
    return _arrays(items, users, interests)


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
    data = _arrays(items, _users(pairs, texts, dataset), rows)
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


def _arrays(items: list[Row], users: list[Row], interests: list[Row]) -> InterestGraph:
    """Puts rows into arrays; each row's place is its index."""
    if not items or not any(user["items"] for user in users):
        raise NothingToDo(
            "The graph has no items or no interactions to learn from.",
            "Run `isthmus ingest` first.",
        )
    domains = sorted({item["domain"] for item in items})
    place_of_item = {item["id"]: k for k, item in enumerate(items)}
    place_of_interest = {interest["id"]: k for k, interest in enumerate(interests)}
    embedded = [row["embedding"] for row in (*items, *interests) if row["embedding"] is not None]
    dimensions = max(map(len, embedded), default=0)
    interactions, last_at = _interactions(users, place_of_item)
    return InterestGraph(
        users=np.array([user["id"] for user in users], dtype=np.str_),
        items=np.array([item["id"] for item in items], dtype=np.str_),
        domains=tuple(domains),
        item_domain=np.array([domains.index(item["domain"]) for item in items], dtype=np.int32),
        item_vectors=_vectors(items, dimensions),
        interactions=interactions,
        last_at=last_at,
        interests=np.array([interest["id"] for interest in interests], dtype=np.str_),
        interest_vectors=_vectors(interests, dimensions),
        item_interests=_weights([item["about"] for item in items], place_of_interest),
        user_interests=_weights([user["interests"] for user in users], place_of_interest),
    )


def fingerprint(data: InterestGraph) -> str:
    """SHA-256 of what training reads; equal snapshots train to equal edges."""
    digest = hashlib.sha256()
    for names in (data.users, data.items, data.interests):
        digest.update("\n".join(names.tolist()).encode())
    for array in (data.item_vectors, data.interest_vectors, data.last_at, data.item_domain):
        digest.update(np.ascontiguousarray(array).tobytes())
    for matrix in (data.interactions, data.item_interests, data.user_interests):
        for part in (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _read(graph: Graph, name: str, task: str, version: int | None) -> Iterable[Row]:
    with progress(task, unit="rows") as advance:
        for page in pages(graph, name, limit=PAGE, version=version):
            yield from page
            advance(len(page))


def _vectors(rows: list[Row], dimensions: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    vectors = np.zeros((len(rows), dimensions), dtype=np.float32)
    for k, row in enumerate(rows):
        if row["embedding"] is not None and len(row["embedding"]) == dimensions:
            vectors[k] = row["embedding"]
    return vectors


def _interactions(
    users: list[Row], place: dict[str, int]
) -> tuple[csr_array, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Weights as CSR of shape (users, items), and the times beside its data."""
    counts = [len(user["items"]) for user in users]
    rows = np.repeat(np.arange(len(users)), counts)
    columns = np.array([place[key] for user in users for key in user["items"]], dtype=np.int64)
    weights = np.array([w for user in users for w in user["weights"]], dtype=np.float32)
    times = np.array([at for user in users for at in user["times"]], dtype=np.float64)
    times = np.where(times == -1, np.nan, times / 1000)
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(counts)])
    shape = (len(users), len(place))
    matrix = csr_array((weights[order], columns[order], indptr), shape=shape)
    return matrix, times[order]


def _weights(lists: list[list[list[object]]], place: dict[str, int]) -> csr_array:
    """Lists of [interest id, weight] as CSR of shape (rows, interests)."""
    entries = [
        (row, place[str(interest)], weight)
        for row, pairs in enumerate(lists)
        for interest, weight in pairs
        if interest in place
    ]
    rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(lists), len(place))
    return csr_array((np.array(weights, dtype=np.float32), (rows, columns)), shape=shape)
