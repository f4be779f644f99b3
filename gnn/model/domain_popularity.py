"""What people who did nothing yet are led to: edges from each domain to what all like in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.model.kernel_ridge import LIKES_POWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

# The edges that leave a domain, at most: more than anybody reads on.
NEWCOMER_EDGES = 400


def liked_by_all(graph: InterestGraph, half_life_days: float) -> NDArray[np.float32]:
    """How much all like each item, from 0 to 1 for the best liked of its domain, (items,).

    It is the mean of what the closed form learns from: users with many likes count less for each of
    them, so that the few who like much do not drown the others. Likes decay from the newest of the
    domain.
    """
    return graph.over_most(graph.likes(half_life_days, LIKES_POWER))


def newcomer_edges(graph: InterestGraph, half_life_days: Mapping[str, float]) -> Edges:
    """The strongest edges from each domain to its items, as `liked_by_all` weighs them.

    Args:
        graph: What is learned from.
        half_life_days: By domain.
    """
    sources, targets, weights = [], [], []
    liked = {days: liked_by_all(graph, days) for days in set(half_life_days.values())}
    for domain, name in enumerate(graph.domains):
        items = graph.items_of(domain)
        weight = liked[half_life_days[name]][items]
        best = np.argsort(-weight, kind="stable")[:NEWCOMER_EDGES]
        best = best[weight[best] > 0]
        sources.append(np.full(len(best), domain))
        targets.append(items[best])
        weights.append(weight[best])
    return Edges(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights))
