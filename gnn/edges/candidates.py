"""Candidate lists: which targets of a large domain are looked at for which sources.

An inverted file over the targets, as in Jégou, Douze and Schmid, "Product quantization for nearest
neighbor search", 2011: targets are clustered, and a source looks at the few clusters that promise
most, and at what most users like. So the work grows with the items and not with their square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges.factored_weights import SOURCES_AT_ONCE, wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.edges.factored_weights import List, Weights

POPULAR = 8192
IN_A_LIST = 1024
LISTS_A_SOURCE = 8


def candidate_lists(weights: Weights, likes: NDArray[np.float64], seed: int) -> Iterator[List]:
    """Lists of targets, none in two of them, each with the sources that look at it.

    Args:
        weights: Of all edges; their dense factors say what is near.
        likes: How often each target is liked, (targets,).
        seed: Of the clustering.
    """
    order = np.argsort(-likes, kind="stable")
    popular, others = np.sort(order[:POPULAR]), np.sort(order[POPULAR:])
    everything = np.arange(weights.sources)
    yield popular, everything
    clusters = max(1, len(others) // IN_A_LIST)
    if clusters <= LISTS_A_SOURCE:
        yield from ((part, everything) for part in np.array_split(others, clusters) if len(part))
        return
    sources, targets = weights.dense_factors()
    cluster, promise = _clustered(targets[others], wanted(likes[others]), clusters, seed)
    chosen = np.empty((len(sources), LISTS_A_SOURCE), np.int64)
    for start in range(0, len(sources), SOURCES_AT_ONCE):
        rows = slice(start, start + SOURCES_AT_ONCE)
        promised = sources[rows] @ promise.T
        chosen[rows] = np.argpartition(-promised, LISTS_A_SOURCE)[:, :LISTS_A_SOURCE]
    for k in range(clusters):
        looking = np.flatnonzero((chosen == k).any(axis=1))
        inside = others[cluster == k]
        if len(looking) and len(inside):
            yield inside, looking


def _clustered(
    targets: NDArray[np.float32], wanted_of: NDArray[np.float32], clusters: int, seed: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The cluster of each target, by direction, and the mean of each cluster's wanted vectors."""
    from sklearn.cluster import MiniBatchKMeans

    lengths = np.linalg.norm(targets, axis=1, keepdims=True)
    model = MiniBatchKMeans(clusters, random_state=seed, batch_size=4 * IN_A_LIST, n_init=1)
    cluster = model.fit_predict(targets / np.where(lengths > 0, lengths, 1))
    total = np.zeros((clusters, targets.shape[1]), np.float32)
    np.add.at(total, cluster, targets * wanted_of[:, None])
    sizes = np.bincount(cluster, minlength=clusters)
    mean = total / np.maximum(sizes, 1)[:, None]
    return cluster.astype(np.int32), mean.astype(np.float32)
