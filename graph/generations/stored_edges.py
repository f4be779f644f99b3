"""The edges of a generation as arrays, and in pages, read from the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from isthmus.errors import InputError, NothingToDo
from isthmus.graph.database import Graph, Row
from isthmus.graph.generations.publish import active_generation, show_generation
from isthmus.graph.interests import item_keys, read_pages

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

EDGE_KINDS = ("transfer", "interest", "co_liked", "domain_popularity")
PAGE_SOURCES = 2_000
STATES_WITH_EDGES = ("active", "retired", "candidate")


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of one kind and generation.

    Attributes:
        kind: `transfer` and `co_liked` lead from items, `interest` from interests and
            `domain_popularity` from domains; all of them lead to items.
        generation: Number of the generation.
        source_keys: Keys of the items, ids of the interests or names of the domains that edges can
            leave, (source nodes,).
        target_keys: Keys of all items, (items,); between items, the same array as `source_keys`,
            and the rows of `Session.vectors()`.
        sources: Indices into `source_keys`, int64, (edges,).
        targets: Indices into `target_keys`, int64, (edges,).
        weights: float32, (edges,); below 0 for a negative edge.
    """

    kind: str
    generation: int
    source_keys: NDArray[np.str_]
    target_keys: NDArray[np.str_]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sources)

    def to_polars(self) -> pl.DataFrame:
        """Returns the edges as a table with the columns `source`, `target` and `weight`."""
        return pl.DataFrame(
            {
                "source": self.source_keys[self.sources],
                "target": self.target_keys[self.targets],
                "weight": self.weights,
            }
        )

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns `edge_index`, int64 (2, edges), and the weights, float32 (edges,)."""
        import torch

        edge_index = np.stack([self.sources, self.targets])
        return torch.from_numpy(edge_index), torch.from_numpy(self.weights.copy())


def find_generation(graph: Graph, number: int | None) -> int:
    """Returns the number of a generation whose edges are in the graph; of the active one for None.

    Raises:
        InputError: The generation does not exist or its edges were deleted.
        NothingToDo: No generation is active yet.
    """
    row = active_generation(graph) if number is None else show_generation(graph, number)
    if row is None:
        raise NothingToDo("No edges are learned yet.", "Run `isthmus retrain` first.")
    if row["state"] not in STATES_WITH_EDGES:
        raise InputError(
            f"The edges of generation {row['number']} are not in the graph any more: it is "
            f"{row['state']}.",
            "`isthmus generations list` names those that are.",
        )
    return int(row["number"])


def read_edge_pages(graph: Graph, kind: str, generation: int, after: str = "") -> Iterator[Row]:
    """Reads the edges of a generation source by source, in the order of the sources.

    Args:
        graph: The graph.
        kind: One of `EDGE_KINDS`.
        generation: Number of the generation.
        after: Source from which reading goes on, without it.

    Yields:
        Rows of `id` and `edges`, pairs of a key and a weight.

    Raises:
        InputError: There is no such kind, or the generation was deleted while it was read.
    """
    if kind not in EDGE_KINDS:
        raise InputError(
            f"There is no kind of edges {kind!r}.", f"Choose from: {', '.join(EDGE_KINDS)}."
        )
    name = f"generations/read_{kind}"
    for page in read_pages(graph, name, PAGE_SOURCES, after, generation=generation):
        yield from page
    find_generation(graph, generation)


def read_edges(graph: Graph, kind: str, generation: int | None = None) -> Edges:
    """Reads the edges of one kind into arrays.

    Args:
        graph: The graph.
        kind: One of `EDGE_KINDS`.
        generation: Number of the generation; None for the active one.

    Raises:
        InputError: There is no such kind or generation.
        NothingToDo: No generation is active yet.
    """
    generation = find_generation(graph, generation)
    rows = list(read_edge_pages(graph, kind, generation))
    target_keys = item_keys(graph)
    of_items = kind in ("transfer", "co_liked")
    source_keys = target_keys if of_items else np.array([row["id"] for row in rows], np.str_)
    # Items may have been added between the two statements, and are left out.
    row_of = {key: row for row, key in enumerate(source_keys.tolist())}
    column_of = {key: column for column, key in enumerate(target_keys.tolist())}
    entries = [
        (row_of[row["id"]], column_of[key], weight)
        for row in rows
        if row["id"] in row_of
        for key, weight in row["edges"]
        if key in column_of
    ]
    sources, targets, weights = zip(*entries, strict=True) if entries else ((), (), ())
    return Edges(
        kind,
        generation,
        source_keys,
        target_keys,
        np.array(sources, np.int64),
        np.array(targets, np.int64),
        np.array(weights, np.float32),
    )
