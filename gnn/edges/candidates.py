"""Candidate edges of a large domain.

An inverted file over the targets, as in Jégou, Douze and Schmid, "Product quantization for nearest
neighbor search", 2011: targets are clustered, and a source gets the targets of its nearest clusters
as candidates, and the most popular ones. So the work is linear in the number of items, not
quadratic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges.factored_weights import SOURCE_BLOCK, popularity_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.edges.factored_weights import CandidateList, FactoredWeights

POPULAR_TARGETS = 8192
LIST_SIZE = 1024
LISTS_PER_SOURCE = 8


def candidate_lists(
    weights: FactoredWeights, likes: NDArray[np.float64], seed: int
) -> Iterator[CandidateList]:
    """Yields lists of targets, each target in one list only, with the sources of each list.

    Args:
        weights: Weights of all edges; their dense factors are clustered.
        likes: Number of likes of each target, (targets,).
        seed: Random seed of the clustering.
    """
    order = np.argsort(-likes, kind="stable")
    popular, others = np.sort(order[:POPULAR_TARGETS]), np.sort(order[POPULAR_TARGETS:])
    all_sources = np.arange(weights.source_count)
    yield popular, all_sources
    clusters = max(1, len(others) // LIST_SIZE)
    if clusters <= LISTS_PER_SOURCE:
        yield from ((part, all_sources) for part in np.array_split(others, clusters) if len(part))
        return
    sources, targets = weights.dense_factors()
    factor = popularity_factor(likes[others])
    labels, centres = _cluster_targets(targets[others], factor, clusters, seed)
    nearest = np.empty((len(sources), LISTS_PER_SOURCE), np.int64)
    for start in range(0, len(sources), SOURCE_BLOCK):
        rows = slice(start, start + SOURCE_BLOCK)
        products = sources[rows] @ centres.T
        nearest[rows] = np.argpartition(-products, LISTS_PER_SOURCE)[:, :LISTS_PER_SOURCE]
    for k in range(clusters):
        cluster_sources = np.flatnonzero((nearest == k).any(axis=1))
        cluster_targets = others[labels == k]
        if len(cluster_sources) and len(cluster_targets):
            yield cluster_targets, cluster_sources


def _cluster_targets(
    targets: NDArray[np.float32], factor: NDArray[np.float32], clusters: int, seed: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Clusters targets by direction.

    Args:
        targets: Target factors, (targets, rank).
        factor: Popularity factor of each target, (targets,).
        clusters: Number of clusters.
        seed: Random seed.

    Returns:
        The cluster of each target, and by cluster the mean of factor times target, (clusters,
        rank).
    """
    from sklearn.cluster import MiniBatchKMeans

    lengths = np.linalg.norm(targets, axis=1, keepdims=True)
    model = MiniBatchKMeans(clusters, random_state=seed, batch_size=4 * LIST_SIZE, n_init=1)
    labels = model.fit_predict(targets / np.where(lengths > 0, lengths, 1))
    total = np.zeros((clusters, targets.shape[1]), np.float32)
    np.add.at(total, labels, targets * factor[:, None])
    sizes = np.bincount(labels, minlength=clusters)
    mean = total / np.maximum(sizes, 1)[:, None]
    return labels.astype(np.int32), mean.astype(np.float32)
