"""Graph to arrays for training, page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.errors import NothingToDo
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.embeddings import pages
from isthmus.graph.interests.encoder_versions import number_of_answering
from isthmus.progress import progress

if TYPE_CHECKING:
    pass

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
    return interest_graph(items, users, interests)


def interest_graph(items: list[Row], users: list[Row], interests: list[Row]) -> InterestGraph:
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
