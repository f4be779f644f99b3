"""Pruning: which edges of each source are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList, concatenate_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

# At most one in this many edges of a source leads to an item without likes.
COLD_ITEM_DIVISOR = 10
# A domain gets at most so many times its equal share of a source's edges: what is compared grows
# no further with the number of domains.
MAX_SHARES = 4


def reserve_cold_items(
    cold: NDArray[np.bool_], edges_per_node: int
) -> tuple[NDArray[np.bool_], int]:
    """Reserves edges of each source for targets without likes.

    Their weights are means, and so the smaller ones: ranked with the others, few would be selected,
    and hardly anybody would be recommended these items. Their share of the edges is their share of
    the targets, with at least one edge and at most 1 / `COLD_ITEM_DIVISOR` of all.

    Args:
        cold: Which targets have no likes, (targets,).
        edges_per_node: Maximum number of edges per source.

    Returns:
        Mask of the targets without likes, (targets,), and the number of edges per source that lead
        to them; no target and 0 where all edges of a source fit.
    """
    proportional = -(-edges_per_node * int(cold.sum()) // max(len(cold), 1))
    reserved = min(proportional, edges_per_node // COLD_ITEM_DIVISOR)
    if not reserved or len(cold) <= edges_per_node:
        return np.zeros(len(cold), dtype=bool), 0
    return cold, reserved


def most_edges_into(domain_count: int, edges_per_node: int) -> int:
    """Returns how many edges of a source may lead into one of some target domains."""
    return max(1, min(edges_per_node, MAX_SHARES * edges_per_node // max(1, domain_count)))


def share_among_domains(
    edges: EdgeList,
    target_domain: NDArray[np.int32],
    edges_per_node: int,
    reserved: EdgeList = EMPTY_EDGES,
) -> EdgeList:
    """Selects at most `edges_per_node` edges per source and shares them among the target domains.

    Each domain is guaranteed half of its equal share. The rest goes to the largest absolute
    weights, divided by the standard deviation of the weights into their domain, so that domains of
    different scales compete fairly.

    Args:
        edges: Edges to select from.
        target_domain: Domain of each item, (items,).
        edges_per_node: Maximum number of edges per source.
        reserved: Edges that are selected before all others and count towards the maximum.
    """
    if not len(edges):
        return reserved
    domain = target_domain[edges.targets]
    deviations = np.ones(1 + int(domain.max()), np.float32)
    for d in np.unique(domain):
        deviations[d] = edges.weights[domain == d].std() or 1.0
    magnitudes = np.abs(edges.weights) / deviations[domain]
    order = np.lexsort((edges.targets, -magnitudes, domain, edges.sources))
    rank = rank_within_group(edges.sources[order], domain[order])
    domain_count = len(np.unique(domain))
    guaranteed = np.empty(len(edges), dtype=bool)
    guaranteed[order] = rank < max(1, edges_per_node // (2 * domain_count))
    order = np.lexsort((edges.targets, -magnitudes, ~guaranteed, edges.sources))
    reserved_counts = np.bincount(reserved.sources, minlength=1 + int(edges.sources.max()))
    limit = edges_per_node - reserved_counts[edges.sources[order]]
    selected = np.sort(order[rank_within_group(edges.sources[order]) < limit])
    return concatenate_edges(
        [
            EdgeList(edges.sources[selected], edges.targets[selected], edges.weights[selected]),
            reserved,
        ]
    )


def rank_within_group(*keys: NDArray[np.generic]) -> NDArray[np.int64]:
    """Returns the rank of each entry, from 0, among consecutive entries with equal keys."""
    is_start = np.ones(len(keys[0]), dtype=bool)
    is_start[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(is_start)
    return np.arange(len(is_start)) - np.repeat(starts, np.diff(np.append(starts, len(is_start))))
