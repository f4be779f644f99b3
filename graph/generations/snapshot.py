"""Snapshot of the graph: the arrays that training reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array

from isthmus.errors import NothingToDo
from isthmus.gnn.data import InterestGraph
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests import active_version_number, read_pages
from isthmus.progress import progress

PAGE_ROWS = 2_000


def read_snapshot(graph: Graph, version: int | None = None) -> InterestGraph:
    """Reads the items, interests and users of the graph into arrays.

    Args:
        graph: The graph.
        version: Encoder version of the vectors and interests; None for the active one.

    Raises:
        NothingToDo: The graph has no items or no interactions.
    """
    version = active_version_number(graph) if version is None else version
    interests = graph.read("snapshot/interests", version=version)
    items = list(_read_rows(graph, "snapshot/items", "read items", version))
    users = list(_read_rows(graph, "snapshot/users", "read users", version))
    return build_interest_graph(items, users, interests)


def build_interest_graph(items: list[Row], users: list[Row], interests: list[Row]) -> InterestGraph:
    """Builds the arrays from rows; users, items and interests keep the order of their rows.

    Raises:
        NothingToDo: There are no items or no interactions.
    """
    if not items or not any(user["items"] for user in users):
        raise NothingToDo(
            "The graph has no items or no interactions to learn from.",
            "Run `isthmus ingest` first.",
        )
    domains = sorted({item["domain"] for item in items})
    item_index = {item["id"]: k for k, item in enumerate(items)}
    interest_index = {interest["id"]: k for k, interest in enumerate(interests)}
    embedded = [row["embedding"] for row in (*items, *interests) if row["embedding"] is not None]
    dimensions = max(map(len, embedded), default=0)
    interactions, last_at = _build_interactions(users, item_index)
    return InterestGraph(
        users=np.array([user["id"] for user in users], dtype=np.str_),
        items=np.array([item["id"] for item in items], dtype=np.str_),
        domains=tuple(domains),
        item_domain=np.array([domains.index(item["domain"]) for item in items], dtype=np.int32),
        item_vectors=_stack_vectors(items, dimensions),
        interactions=interactions,
        last_at=last_at,
        interests=np.array([interest["id"] for interest in interests], dtype=np.str_),
        interest_vectors=_stack_vectors(interests, dimensions),
        item_interests=_build_weights([item["about"] for item in items], interest_index),
        user_interests=_build_weights([user["interests"] for user in users], interest_index),
        written_interests=_build_weights([user["written"] for user in users], interest_index),
    )


def snapshot_fingerprint(data: InterestGraph) -> str:
    """Returns the SHA-256 of the arrays that training reads; equal snapshots give equal edges."""
    digest = hashlib.sha256()
    for names in (data.users, data.items, data.interests):
        digest.update("\n".join(names.tolist()).encode())
    for array in (data.item_vectors, data.interest_vectors, data.last_at, data.item_domain):
        digest.update(np.ascontiguousarray(array).tobytes())
    for matrix in (
        data.interactions,
        data.item_interests,
        data.user_interests,
        data.written_interests,
    ):
        for part in (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _read_rows(graph: Graph, name: str, task: str, version: int | None) -> Iterable[Row]:
    with progress(task, unit="rows") as advance:
        for page in read_pages(graph, name, limit=PAGE_ROWS, version=version):
            yield from page
            advance(len(page))


def _stack_vectors(
    rows: list[Row], dimensions: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Embeddings of rows, float32 (rows, dimensions), zeros for rows without one."""
    vectors = np.zeros((len(rows), dimensions), dtype=np.float32)
    for k, row in enumerate(rows):
        if row["embedding"] is not None and len(row["embedding"]) == dimensions:
            vectors[k] = row["embedding"]
    return vectors


def _build_interactions(
    users: list[Row], item_index: dict[str, int]
) -> tuple[csr_array, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Weights as CSR (users, items), and the times of its entries in seconds, NaN if unknown."""
    counts = [len(user["items"]) for user in users]
    rows = np.repeat(np.arange(len(users)), counts)
    columns = np.array([item_index[key] for user in users for key in user["items"]], dtype=np.int64)
    weights = np.array([w for user in users for w in user["weights"]], dtype=np.float32)
    times = np.array([at for user in users for at in user["times"]], dtype=np.float64)
    times = np.where(times == -1, np.nan, times / 1000)
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(counts)])
    shape = (len(users), len(item_index))
    matrix = csr_array((weights[order], columns[order], indptr), shape=shape)
    return matrix, times[order]


def _build_weights(lists: list[list[list[object]]], interest_index: dict[str, int]) -> csr_array:
    """Lists of [interest id, weight] as CSR (rows, interests)."""
    entries = [
        (row, interest_index[str(interest)], weight)
        for row, pairs in enumerate(lists)
        for interest, weight in pairs
        if interest in interest_index
    ]
    rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(lists), len(interest_index))
    return csr_array((np.array(weights, dtype=np.float32), (rows, columns)), shape=shape)
