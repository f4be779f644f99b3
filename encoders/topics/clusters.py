"""Groups of texts that are about the same, and which of them were there before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

FEWEST, MOST = 8, 200
VECTORS_TO_FIT = 50_000
ROUNDS = 50
# Of the texts in either of two groups so many are in both, or they are not the same group.
SHARE_TO_MATCH = 0.3


@dataclass(frozen=True)
class Clusters:
    """Groups of texts, the largest first.

    Attributes:
        labels: The group of each text, shape (texts,).
        closeness: Cosine between each text and the center of its group, without what all texts
            have in common, float32 (texts,).
    """

    labels: NDArray[np.int64]
    closeness: NDArray[np.float32]


def cluster(
    vectors: NDArray[np.float32],
    count: int | None = None,
    known: NDArray[np.int64] | None = None,
    seed: int = 7,
) -> Clusters:
    """Groups texts by k-means on their embeddings.

    All sentences of an E5 model lie in one narrow cone, so the mean is taken away first and what is
    left is brought to unit length: distances then tell what a text is about.

    Args:
        vectors: Embeddings of unit length, float32, shape (texts, dimensions).
        count: How many groups; fewer come back where fewer texts differ. Without it the square
            root of the number of texts, between 8 and 200.
        known: Groups to go on from, -1 for a text in none, (texts,). As many are added as the
            number of texts has grown. A fresh start would find other groups: of three corpora that
            grew by 5 %, it found a fifth to a third of the groups again, going on finds all.
        seed: Of the random start.
    """
    if len(vectors) == 0:
        return Clusters(np.zeros(0, np.int64), np.zeros(0, np.float32))
    centered = unit(vectors - vectors.mean(axis=0))
    if known is None or (known < 0).all():
        labels = _kmeans(centered, count or _count(len(vectors)), seed)
    else:
        more = _count(len(vectors)) - _count(int((known >= 0).sum()))
        labels = _kmeans(centered, _starts(centered, known, more, seed), seed)
    centers = unit(one_hot(labels) @ centered)
    return Clusters(labels, np.einsum("nd,nd->n", centered, centers[labels]))


def match(known: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which known group each group is, by the texts that they share.

    The assignment of most shared texts in all (Kuhn, "The Hungarian method for the assignment
    problem", 1955), of which those pairs count that share enough.

    Args:
        known: Groups before, -1 for a text in none, (texts,).
        labels: Groups now, (texts,).

    Returns:
        A known group or -1 for each group, no known one twice, (groups,).
    """
    from scipy.optimize import linear_sum_assignment

    found = np.full(int(labels.max(initial=-1)) + 1, -1)
    rows = np.flatnonzero(known >= 0)
    if not len(rows):
        return found
    shared = np.zeros((int(known.max()) + 1, len(found)))
    np.add.at(shared, (known[rows], labels[rows]), 1)
    either = shared.sum(axis=1)[:, None] + shared.sum(axis=0) - shared
    share = shared / np.maximum(either, 1)
    before, now = linear_sum_assignment(share, maximize=True)
    sure = share[before, now] >= SHARE_TO_MATCH
    found[now[sure]] = before[sure]
    return found


def _count(texts: int) -> int:
    return min(max(round(math.sqrt(texts)), FEWEST), MOST)


def _starts(
    points: NDArray[np.float32], known: NDArray[np.int64], more: int, seed: int
) -> NDArray[np.float32]:
    """Means of the known groups, and of `more` points far from them (k-means++)."""
    rows = np.flatnonzero(known >= 0)
    _, labels = np.unique(known[rows], return_inverse=True)
    starts = [*_means(points[rows], labels)]
    random = np.random.default_rng(seed)
    far = np.full(len(points), np.inf)
    for start in starts:
        far = np.minimum(far, ((points - start) ** 2).sum(axis=1))
    for _ in range(more):
        if not far.any():
            break
        starts.append(points[random.choice(len(points), p=far / far.sum())])
        far = np.minimum(far, ((points - starts[-1]) ** 2).sum(axis=1))
    return np.array(starts)


def _kmeans(
    points: NDArray[np.float32], start: int | NDArray[np.float32], seed: int
) -> NDArray[np.int64]:
    """Groups by k-means from a number of random starts or from given ones."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    distinct = len({row.tobytes() for row in points})
    chosen = np.random.default_rng(seed).permutation(len(points))[:VECTORS_TO_FIT]
    sample = points if len(points) <= VECTORS_TO_FIT else points[np.sort(chosen)]
    most = min(distinct, len(sample))
    count = min(start if isinstance(start, int) else len(start), most)
    first = "k-means++" if isinstance(start, int) else start[:count]
    model = KMeans(count, init=first, n_init=1, max_iter=ROUNDS, random_state=seed)
    # Two threads add up in an order of their own each time; one gives the same groups always.
    with threadpool_limits(1):
        labels = model.fit(sample).predict(points)
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return rank[inverse]


def one_hot(labels: NDArray[np.int64]) -> csr_array:
    """1 for the group of each text, float32 (groups, texts)."""
    from scipy.sparse import csr_array

    ones = np.ones(len(labels), np.float32)
    shape = (int(labels.max()) + 1, len(labels))
    return csr_array((ones, (labels, np.arange(len(labels)))), shape=shape)


def _means(points: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    groups = one_hot(labels)
    return np.asarray(groups @ points / np.bincount(labels)[:, None], np.float32)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows brought to unit length, those of nothing left alone."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)
