"""Item cold start: edges to items without interactions, from the liked items nearest by text.

The edges of an item are learned from the users who like it. Where nobody has liked it yet, only its
text is known, and it gets the mean of the edges of its nearest neighbours by text: the
k-nearest-neighbour mapping of Gantner et al., "Learning attribute-to-feature mappings for
cold-start recommendations", 2010.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

NEIGHBOURS = 20
# A neighbour is weighted by its cosine to this power.
SIMILARITY_EXPONENT = 4
ITEM_BLOCK = 256


def nearest_liked_items(graph: InterestGraph, target: int, cold: NDArray[np.bool_]) -> csr_array:
    """Finds the nearest liked items of each item without likes, and their weights in a mean.

    Args:
        graph: Provides the embeddings; an item without one is placed by its interests.
        target: Index of the target domain.
        cold: Which items of the graph have no likes, (items of the graph,).

    Returns:
        CSR (items, items) of the domain, from liked items to cold items; the column of a cold item
        sums to 1, or is empty where it has neither text nor interests.
    """
    items = graph.items_of(target)
    directions = graph.item_vectors[items]
    without_text = ~directions.any(axis=1)
    directions[without_text] = graph.item_interests[items[without_text]] @ graph.interest_vectors
    placed = directions.any(axis=1)
    directions -= directions[placed].mean(axis=0) if placed.any() else 0
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    directions /= np.where(lengths > 0, lengths, 1)
    liked, new = np.flatnonzero(placed & ~cold[items]), np.flatnonzero(placed & cold[items])
    neighbours = min(NEIGHBOURS, len(liked))
    nearest = [np.zeros((0, neighbours), np.int64)]
    weights = [np.zeros((0, neighbours), np.float32)]
    for start in range(0, len(new) if neighbours else 0, ITEM_BLOCK):
        block = new[start : start + ITEM_BLOCK]
        cosines = directions[block] @ directions[liked].T
        columns = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        similarity = np.take_along_axis(cosines, columns, axis=1).clip(1e-3) ** SIMILARITY_EXPONENT
        nearest.append(liked[columns])
        weights.append(similarity / similarity.sum(axis=1, keepdims=True))
    positions = np.concatenate(nearest).ravel(), np.repeat(new, neighbours)
    return csr_array((np.concatenate(weights).ravel(), positions), shape=(len(items), len(items)))
