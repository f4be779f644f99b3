"""Clusters texts by their embeddings, and matches clusters with those of an earlier run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

MIN_CLUSTERS, MAX_CLUSTERS = 8, 200
MAX_FIT_VECTORS = 50_000
MAX_ITERATIONS = 50
# Minimum Jaccard index of the texts of two clusters that count as the same cluster.
MIN_MATCH_SHARE = 0.3


@dataclass(frozen=True)
class Clusters:
    """Clusters of texts, numbered from the largest to the smallest.

    Attributes:
        labels: Cluster of each text, (texts,).
        closeness: Cosine of each text to the centre of its cluster, both without the mean of all
            texts, float32 (texts,).
    """

    labels: NDArray[np.int64]
    closeness: NDArray[np.float32]


def cluster_vectors(
    vectors: NDArray[np.float32],
    count: int | None = None,
    known: NDArray[np.int64] | None = None,
    seed: int = 7,
) -> Clusters:
    """Clusters texts by k-means on their embeddings.

    All embeddings of an E5 model lie in one narrow cone, so they are centred and normalised first:
    distances then reflect the topics of the texts.

    Args:
        vectors: Embeddings of unit length, float32, shape (texts, dimensions).
        count: Number of clusters; the result has fewer if there are fewer distinct texts. None for
            the square root of the number of texts, between 8 and 200.
        known: Existing clusters to start from, -1 for a text in none, (texts,). Clusters are added
            as the number of texts grows. A random start would find other clusters: of three corpora
            that grew by 5 %, it found a fifth to a third of the clusters again; starting from the
            existing clusters found all.
        seed: Seed of the random start.
    """
    if len(vectors) == 0:
        return Clusters(np.zeros(0, np.int64), np.zeros(0, np.float32))
    centered = normalize_rows(vectors - vectors.mean(axis=0))
    if known is None or (known < 0).all():
        labels = _kmeans(centered, count or _cluster_count(len(vectors)), seed)
    else:
        more = _cluster_count(len(vectors)) - _cluster_count(int((known >= 0).sum()))
        labels = _kmeans(centered, _initial_centers(centered, known, more, seed), seed)
    centers = normalize_rows(one_hot(labels) @ centered)
    return Clusters(labels, np.einsum("nd,nd->n", centered, centers[labels]))


def match_clusters(known: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Matches clusters with known clusters by the texts that they share.

    The assignment with the largest total Jaccard index (Kuhn, "The Hungarian method for the
    assignment problem", 1955), without the pairs that share too few texts.

    Args:
        known: Known cluster of each text, -1 for none, (texts,).
        labels: New cluster of each text, (texts,).

    Returns:
        The known cluster of each new cluster, or -1, (clusters,); no known cluster occurs twice.
    """
    from scipy.optimize import linear_sum_assignment

    matches = np.full(int(labels.max(initial=-1)) + 1, -1)
    rows = np.flatnonzero(known >= 0)
    if not len(rows):
        return matches
    intersection = np.zeros((int(known.max()) + 1, len(matches)))
    np.add.at(intersection, (known[rows], labels[rows]), 1)
    union = intersection.sum(axis=1)[:, None] + intersection.sum(axis=0) - intersection
    jaccard = intersection / np.maximum(union, 1)
    old, new = linear_sum_assignment(jaccard, maximize=True)
    same = jaccard[old, new] >= MIN_MATCH_SHARE
    matches[new[same]] = old[same]
    return matches


def _cluster_count(texts: int) -> int:
    return min(max(round(math.sqrt(texts)), MIN_CLUSTERS), MAX_CLUSTERS)


def _initial_centers(
    points: NDArray[np.float32], known: NDArray[np.int64], more: int, seed: int
) -> NDArray[np.float32]:
    """Means of the known clusters, and `more` points far from them (k-means++)."""
    rows = np.flatnonzero(known >= 0)
    _, labels = np.unique(known[rows], return_inverse=True)
    centers = [*_means(points[rows], labels)]
    rng = np.random.default_rng(seed)
    distances = np.full(len(points), np.inf)  # squared, to the nearest centre
    for center in centers:
        distances = np.minimum(distances, ((points - center) ** 2).sum(axis=1))
    for _ in range(more):
        if not distances.any():
            break
        centers.append(points[rng.choice(len(points), p=distances / distances.sum())])
        distances = np.minimum(distances, ((points - centers[-1]) ** 2).sum(axis=1))
    return np.array(centers)


def _kmeans(
    points: NDArray[np.float32], start: int | NDArray[np.float32], seed: int
) -> NDArray[np.int64]:
    """Runs k-means from a number of random centres or from given centres."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    distinct = len({row.tobytes() for row in points})
    sample_rows = np.random.default_rng(seed).permutation(len(points))[:MAX_FIT_VECTORS]
    sample = points if len(points) <= MAX_FIT_VECTORS else points[np.sort(sample_rows)]
    max_count = min(distinct, len(sample))
    count = min(start if isinstance(start, int) else len(start), max_count)
    init = "k-means++" if isinstance(start, int) else start[:count]
    model = KMeans(count, init=init, n_init=1, max_iter=MAX_ITERATIONS, random_state=seed)
    # Several threads sum in a varying order; one thread always gives the same clusters.
    with threadpool_limits(1):
        labels = model.fit(sample).predict(points)
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return rank[inverse]


def one_hot(labels: NDArray[np.int64]) -> csr_array:
    """Indicator matrix of the labels, float32 (clusters, texts)."""
    from scipy.sparse import csr_array

    ones = np.ones(len(labels), np.float32)
    shape = (int(labels.max()) + 1, len(labels))
    return csr_array((ones, (labels, np.arange(len(labels)))), shape=shape)


def _means(points: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    indicator = one_hot(labels)
    return np.asarray(indicator @ points / np.bincount(labels)[:, None], np.float32)


def normalize_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scales rows to unit length; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)
