"""Topics that mean the same in two languages, and topics that are part of wider ones."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.topics.cluster_names import UNDETERMINED
from isthmus.encoders.topics.clusters import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# Measured on 90 names of categories in Chinese and English, on their items, and on catalogues that
# have nothing in common: what is nearer than this, and so much nearer than the next, was the same.
NEAR_ENOUGH = 0.5
NEARER_THAN_NEXT = 0.1
FEWEST_IN_A_LANGUAGE = 3
"""Topics in a language before their mean says what its texts have in common."""

FEWEST_TOPICS = 9
FEWEST_ITEMS = 5
SHARE_INSIDE = 0.9
TIMES_LARGER = 2.0


def translations(topics: NDArray[np.float32], languages: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of topics that mean the same in two languages.

    In an embedding the language speaks louder than small differences in meaning, so each
    language's mean is taken away first. A pair are each other's nearest, near enough, and clearly
    nearer than either is to any other topic in the language of the other.

    Args:
        topics: Embeddings of unit length, float32 (topics, dimensions).
        languages: Of each topic.

    Returns:
        Places of the two topics, the smaller one first; no place twice for the same two languages.
    """
    found: list[tuple[int, int]] = []
    spoken = np.array(languages)
    groups = [
        np.flatnonzero(spoken == language) for language in sorted(set(languages) - {UNDETERMINED})
    ]
    groups = [group for group in groups if len(group) >= FEWEST_IN_A_LANGUAGE]
    for one, other in combinations(groups, 2):
        near = _without_mean(topics[one]) @ _without_mean(topics[other]).T
        for row, column in enumerate(near.argmax(axis=1).tolist()):
            pair = near[row, column]
            next_best = max(
                np.delete(near[row], column).max(), np.delete(near[:, column], row).max()
            )
            if pair >= NEAR_ENOUGH and pair - next_best >= NEARER_THAN_NEXT:
                first, second = sorted((int(one[row]), int(other[column])))
                found.append((first, second))
    return sorted(found)


def families(topics: NDArray[np.float32]) -> NDArray[np.int64]:
    """Which wider topic each topic belongs to, -1 for none, (topics,).

    By hierarchical clustering with average linkage (Sokal and Michener 1958), cut where as many
    are left as the root of the number of topics.

    Args:
        topics: Embeddings of unit length, float32 (topics, dimensions).
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(topics) < FEWEST_TOPICS:
        return np.full(len(topics), -1)
    tree = linkage(_without_mean(topics), "average")
    labels = fcluster(tree, round(len(topics) ** 0.5), "maxclust") - 1
    alone = np.bincount(labels)[labels] < 2
    _, labels[~alone] = np.unique(labels[~alone], return_inverse=True)
    labels[alone] = -1
    return labels.astype(np.int64)


def containing(about: csr_array) -> list[tuple[int, int]]:
    """Topics that another one contains: nearly all that is about them is about that one too.

    Args:
        about: Above 0 where an item is about a topic, (items, topics).

    Returns:
        Places of part and whole; of a chain of wholes the nearest one.
    """
    held = (about > 0).astype(np.float64)
    both = (held.T @ held).tocoo()
    sizes = np.asarray(held.sum(axis=0)).ravel()
    inside = (
        (sizes[both.row] >= FEWEST_ITEMS)
        & (both.data >= SHARE_INSIDE * sizes[both.row])
        & (sizes[both.col] >= TIMES_LARGER * sizes[both.row])
    )
    wholes: dict[int, set[int]] = {}
    for part, whole in zip(both.row[inside].tolist(), both.col[inside].tolist(), strict=True):
        wholes.setdefault(part, set()).add(whole)
    return sorted(
        (part, whole)
        for part, above in wholes.items()
        for whole in above
        if not any(whole in wholes.get(between, ()) for between in above)
    )


def _without_mean(topics: NDArray[np.float32]) -> NDArray[np.float32]:
    return unit(topics - topics.mean(axis=0))
