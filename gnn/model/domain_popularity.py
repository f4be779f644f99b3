"""Domain popularity: edges from each domain to its items, for users without history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges import EdgeList

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

# Users with many likes count less for each of them.
LIKES_EXPONENT = -0.25
# More than a user reads of one list of recommendations.
MAX_DOMAIN_EDGES = 400


def compute_domain_popularity(graph: InterestGraph, half_life_days: float) -> NDArray[np.float32]:
    """Domain popularity of each item, from 0 to 1 for the most popular of its domain, (items,).

    Users with many likes count less for each of them, so that a few heavy users do not dominate.
    Likes decay from the newest of the domain.
    """
    return graph.scale_to_domain_maximum(graph.like_counts(half_life_days, LIKES_EXPONENT))


def domain_popularity_edges(graph: InterestGraph, half_life_days: Mapping[str, float]) -> EdgeList:
    """Returns the `MAX_DOMAIN_EDGES` strongest edges from each domain to its items.

    Args:
        graph: The training graph.
        half_life_days: Age at which a like counts half, by domain name.
    """
    sources, targets, weights = [], [], []
    popularity = {
        days: compute_domain_popularity(graph, days) for days in set(half_life_days.values())
    }
    for domain, name in enumerate(graph.domains):
        items = graph.items_of(domain)
        weight = popularity[half_life_days[name]][items]
        best = np.argsort(-weight, kind="stable")[:MAX_DOMAIN_EDGES]
        best = best[weight[best] > 0]
        sources.append(np.full(len(best), domain))
        targets.append(items[best])
        weights.append(weight[best])
    return EdgeList(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights))
