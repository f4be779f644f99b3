"""Relations of topics: translations, families of similar topics, and containment."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.topics.cluster_names import UNDETERMINED
from isthmus.encoders.topics.clusters import normalize_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# Measured on 90 names of categories in Chinese and English, on their items, and on catalogues
# without common topics: pairs with at least this cosine and this margin over the next best were
# translations of each other.
MIN_COSINE = 0.5
MIN_MARGIN = 0.1
MIN_LANGUAGE_TOPICS = 3
"""Topics in a language, below which their mean is no estimate of the language's direction."""

MIN_TOPICS = 9
MIN_ITEMS = 5
MIN_CONTAINED_SHARE = 0.9
MIN_SIZE_RATIO = 2.0


def find_translations(
    topics: NDArray[np.float32], languages: Sequence[str]
) -> list[tuple[int, int]]:
    """Finds pairs of topics that are translations of each other.

    In an embedding the language outweighs small differences in meaning, so the mean of each
    language is subtracted first. The topics of a pair are each other's nearest, with a cosine of at
    least MIN_COSINE, and nearer by MIN_MARGIN than any other topic of the two languages.

    Args:
        topics: Embeddings of unit length, float32 (topics, dimensions).
        languages: Language of each topic.

    Returns:
        Positions of the two topics, the smaller one first; for two languages no position occurs
        twice.
    """
    translations: list[tuple[int, int]] = []
    language_array = np.array(languages)
    groups = [
        np.flatnonzero(language_array == language)
        for language in sorted(set(languages) - {UNDETERMINED})
    ]
    groups = [group for group in groups if len(group) >= MIN_LANGUAGE_TOPICS]
    for one, other in combinations(groups, 2):
        cosines = _center(topics[one]) @ _center(topics[other]).T
        for row, column in enumerate(cosines.argmax(axis=1).tolist()):
            cosine = cosines[row, column]
            next_best = max(
                np.delete(cosines[row], column).max(), np.delete(cosines[:, column], row).max()
            )
            if cosine >= MIN_COSINE and cosine - next_best >= MIN_MARGIN:
                first, second = sorted((int(one[row]), int(other[column])))
                translations.append((first, second))
    return sorted(translations)


def cluster_topics(topics: NDArray[np.float32]) -> NDArray[np.int64]:
    """Groups topics into families; returns the family of each topic, -1 for none, (topics,).

    Hierarchical clustering with average linkage (Sokal and Michener 1958); the number of clusters
    is the square root of the number of topics, and a cluster of one topic is no family.

    Args:
        topics: Embeddings of unit length, float32 (topics, dimensions).
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(topics) < MIN_TOPICS:
        return np.full(len(topics), -1)
    tree = linkage(_center(topics), "average")
    labels = fcluster(tree, round(len(topics) ** 0.5), "maxclust") - 1
    single = np.bincount(labels)[labels] < 2
    _, labels[~single] = np.unique(labels[~single], return_inverse=True)
    labels[single] = -1
    return labels.astype(np.int64)


def find_containment(about: csr_array) -> list[tuple[int, int]]:
    """Finds topics that a wider topic contains: nearly all of their items have that topic too.

    Args:
        about: Positive if an item has a topic, (items, topics).

    Returns:
        Positions of child and parent, without pairs that follow from a topic between the two.
    """
    item_topics = (about > 0).astype(np.float64)
    shared = (item_topics.T @ item_topics).tocoo()
    sizes = np.asarray(item_topics.sum(axis=0)).ravel()
    contained = (
        (sizes[shared.row] >= MIN_ITEMS)
        & (shared.data >= MIN_CONTAINED_SHARE * sizes[shared.row])
        & (sizes[shared.col] >= MIN_SIZE_RATIO * sizes[shared.row])
    )
    ancestors: dict[int, set[int]] = {}
    for child, parent in zip(
        shared.row[contained].tolist(), shared.col[contained].tolist(), strict=True
    ):
        ancestors.setdefault(child, set()).add(parent)
    return sorted(
        (child, parent)
        for child, parents in ancestors.items()
        for parent in parents
        if not any(parent in ancestors.get(between, ()) for between in parents)
    )


def _center(topics: NDArray[np.float32]) -> NDArray[np.float32]:
    return normalize_rows(topics - topics.mean(axis=0))
