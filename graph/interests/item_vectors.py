"""The vectors of items as arrays, and in pages, read from the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.encoder_versions import active_version_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE_ITEMS = 2_000
NO_VERSION = 0
"""Encoder versions are numbered from 1."""


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """The embeddings of items.

    Attributes:
        version: Number of the encoder version.
        keys: Keys of the items, `domain:item_id`, ascending, (items,).
        vectors: Embeddings of unit length, float32, (items, dimensions); zeros for an item that has
            none.
    """

    version: int
    keys: NDArray[np.str_]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)


def read_vector_pages(
    graph: Graph, version: int, domain: str | None = None, after: str = ""
) -> Iterator[list[Row]]:
    """Reads items with their vectors, page by page, in the order of their keys.

    Args:
        graph: The graph.
        version: Number of the encoder version.
        domain: Name of a domain; None for all.
        after: Key from which reading goes on, without it.

    Yields:
        Rows of `id` (the key), `domain`, `item_id` and `vector`, which is None for an item without
        one.
    """
    yield from read_pages(
        graph, "encode/item_vectors", PAGE_ITEMS, after, version=version, domain=domain
    )


def encoded_version(graph: Graph) -> int:
    """Returns the number of the active version.

    Raises:
        InputError: Nothing is encoded yet.
    """
    version = active_version_number(graph)
    if version is None:
        raise InputError("No item has an embedding yet.", "Run `isthmus encode` first.")
    return version


def read_item_vectors(graph: Graph, domain: str | None = None) -> ItemVectors:
    """Reads the vectors of the active version of all items, or of those of a domain.

    Raises:
        InputError: Nothing is encoded yet.
    """
    version = encoded_version(graph)
    keys: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    for page in read_vector_pages(graph, version, domain):
        keys += [row["id"] for row in page]
        blocks.append(_stack([row["vector"] for row in page]))
    dimensions = max((block.shape[1] for block in blocks), default=0)
    vectors = np.zeros((len(keys), dimensions), np.float32)
    start = 0
    for block in blocks:
        vectors[start : start + len(block), : block.shape[1]] = block
        start += len(block)
    return ItemVectors(version, np.array(keys, np.str_), vectors)


def item_keys(graph: Graph) -> NDArray[np.str_]:
    """Returns the keys of all items, in the order of `read_item_vectors`."""
    pages = read_vector_pages(graph, NO_VERSION)
    return np.array([row["id"] for page in pages for row in page], np.str_)


def _stack(vectors: list[list[float] | None]) -> NDArray[np.float32]:
    dimensions = max((len(vector) for vector in vectors if vector is not None), default=0)
    block = np.zeros((len(vectors), dimensions), np.float32)
    for row, vector in enumerate(vectors):
        if vector is not None:
            block[row] = vector
    return block
