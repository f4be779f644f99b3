"""Edges to items that nobody has touched: those of the touched items with the nearest texts.

What an item is for is learned from who likes it. Of one that nobody has liked yet only words are
known, and the items nearest to it by these stand in for it: the k-nearest-neighbour mapping of
Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations", 2010.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.edges.edge_list import NO_EDGES, Edges, joined
from isthmus.gnn.edges.pruning import place_in_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

NEIGHBOURS = 20
# How much more a nearer text counts than one less near: the cosine to this power.
NEARNESS_POWER = 4
ITEMS_AT_ONCE = 256
SOURCES_AT_ONCE = 256


def stand_ins(graph: InterestGraph, target: int, new: NDArray[np.bool_]) -> csr_array:
    """Who stands in for each item that nobody has touched, and how much each of them counts.

    Args:
        graph: Whose items have embeddings; one that has none is placed by its interests.
        target: The domain.
        new: Which items of the graph nobody has touched, (items of the graph,).

    Returns:
        CSR (items, items) of the domain, from items that stand in to untouched ones; the column of
        such an item sums to 1, or is empty where nothing is known of it.
    """
    items = graph.items_of(target)
    directions = graph.item_vectors[items]
    bare = ~directions.any(axis=1)
    directions[bare] = graph.item_interests[items[bare]] @ graph.interest_vectors
    known = directions.any(axis=1)
    directions -= directions[known].mean(axis=0) if known.any() else 0
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    directions /= np.where(lengths > 0, lengths, 1)
    touched, untouched = np.flatnonzero(known & ~new[items]), np.flatnonzero(known & new[items])
    neighbours = min(NEIGHBOURS, len(touched))
    nearest = [np.zeros((0, neighbours), np.int64)]
    counts = [np.zeros((0, neighbours), np.float32)]
    for start in range(0, len(untouched) if neighbours else 0, ITEMS_AT_ONCE):
        some = untouched[start : start + ITEMS_AT_ONCE]
        cosines = directions[some] @ directions[touched].T
        places = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        near = np.take_along_axis(cosines, places, axis=1).clip(1e-3) ** NEARNESS_POWER
        nearest.append(touched[places])
        counts.append(near / near.sum(axis=1, keepdims=True))
    ends = np.concatenate(nearest).ravel(), np.repeat(untouched, neighbours)
    return csr_array((np.concatenate(counts).ravel(), ends), shape=(len(items), len(items)))


def borrowed(edges: Edges, means: csr_array, edges_per_node: int) -> Edges:
    """Edges to untouched items: the means of the edges to those that stand in for them.

    Args:
        edges: From places of sources to places of touched items; what is not among them counts 0.
        means: Of `stand_ins`.
        edges_per_node: Edges kept of a source, at most, the largest above 0.
    """
    if not len(edges) or not means.nnz:
        return NO_EDGES
    shape = (1 + int(edges.sources.max()), means.shape[0])
    weights = csr_array((edges.weights, (edges.sources, edges.targets)), shape=shape)
    parts = []
    for start in range(0, shape[0], SOURCES_AT_ONCE):
        found = csr_array(weights[start : start + SOURCES_AT_ONCE] @ means).tocoo()
        order = np.lexsort((found.col, -found.data, found.row))
        first = place_in_run(found.row[order]) < edges_per_node
        kept = np.sort(order[first & (found.data[order] > 0)])
        ends = start + found.row[kept].astype(np.int64), found.col[kept].astype(np.int64)
        parts.append(Edges(*ends, found.data[kept]))
    return joined(parts)
