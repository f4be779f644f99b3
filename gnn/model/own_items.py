"""Edges from interests to their own items, where too few histories imply the interest.

The edges of an interest into a target domain are learned from histories outside that domain. An
interest whose items are all inside it occurs in no such history, and has no learned edges into it.
Into a domain with few training users, all interests lead to their own items, as they do before the
first generation: nobody could show that other edges are better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.edges import EdgeList, concatenate_edges, rank_within_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

# With fewer training users in a target domain, interests lead to their own items in it.
MIN_INTEREST_USERS = 50
# The least liked item of an interest gets this share of the weight of the most liked one.
MIN_POPULARITY_FACTOR = 0.5


def add_own_item_edges(
    graph: InterestGraph,
    learned: EdgeList,
    likes: NDArray[np.float64],
    learned_targets: Sequence[int],
    edges_per_node: int,
) -> EdgeList:
    """Adds the edges of interests to their own items to the learned edges.

    They are added into each domain that holds all items of an interest, and for all interests into
    each domain with too few training examples: w(k -> j) = scale * about(j, k) * (0.5 + 0.5
    popularity(j)), with the popularity from 0 to 1 and the scale of the learned edges into the
    domain.

    Args:
        graph: The training graph.
        learned: Edges from interests to items.
        likes: Number of likes of each item, (items,).
        learned_targets: The domains with enough training examples for edges from interests.
        edges_per_node: Maximum number of these edges that leave an interest into a domain, those to
            the most liked items.
    """
    popularity = graph.scale_to_domain_maximum(np.log1p(likes))
    domains = range(len(graph.domains))
    item_counts = [_items_per_interest(graph, t) for t in domains]
    in_one_domain = np.count_nonzero(item_counts, axis=0) == 1
    replaced = np.zeros(len(learned), dtype=bool)
    own_edges = []
    for t in domains:
        interests = item_counts[t] > 0
        if t in learned_targets:
            interests &= in_one_domain
        into_domain = graph.item_domain[learned.targets] == t
        replaced |= into_domain & interests[learned.sources]
        edges = _own_item_edges(graph, t, interests, popularity, edges_per_node)
        scale = np.float32(learned_scale(learned, into_domain))
        own_edges.append(EdgeList(edges.sources, edges.targets, scale * edges.weights))
    remaining = np.flatnonzero(~replaced)
    learned = EdgeList(
        learned.sources[remaining], learned.targets[remaining], learned.weights[remaining]
    )
    return concatenate_edges([learned, *own_edges])


def learned_scale(learned: EdgeList, into_domain: NDArray[np.bool_]) -> float:
    """Returns the median over the interests of their largest edge weight into a domain.

    Only positive weights count; it is 1 where there are none.

    Args:
        learned: Edges from interests to items.
        into_domain: Which of them lead into the domain, (edges,).
    """
    positive = into_domain & (learned.weights > 0)
    if not positive.any():
        return 1.0
    largest = np.zeros(1 + int(learned.sources.max()), np.float32)
    np.maximum.at(largest, learned.sources[positive], learned.weights[positive])
    return float(np.median(largest[largest > 0]))


def _own_item_edges(
    graph: InterestGraph,
    target: int,
    interests: NDArray[np.bool_],
    popularity: NDArray[np.float32],
    edges_per_node: int,
) -> EdgeList:
    """Edges from some interests to their most liked items in a domain, before scaling."""
    items = graph.items_of(target)
    about = csr_array(graph.item_interests[items]).tocoo()
    sources, targets = about.col.astype(np.int64), items[about.row]
    order = np.lexsort((targets, -popularity[targets], sources))
    order = order[interests[sources[order]]]
    order = order[rank_within_group(sources[order]) < edges_per_node]
    factor = MIN_POPULARITY_FACTOR + (1 - MIN_POPULARITY_FACTOR) * popularity[targets[order]]
    weights = (about.data[order] * factor).astype(np.float32)
    return EdgeList(sources[order], targets[order], weights)


def _items_per_interest(graph: InterestGraph, domain: int) -> NDArray[np.int64]:
    """Returns the number of items of each interest in a domain, (interests,)."""
    about = csr_array(graph.item_interests[graph.items_of(domain)])
    return np.bincount(about.indices, minlength=len(graph.interests))
