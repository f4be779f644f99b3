"""Pruning: selection of the edges that users' recommendations depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList, concatenate_edges
from isthmus.gnn.edges.factored_weights import popularity_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Edges of a source before pruning, as a multiple of those after it; and of all sources, for memory.
CANDIDATES_PER_EDGE = 8
MAX_CANDIDATE_EDGES = 12_000_000
LIST_LENGTH = 10
# Weight of a target's popularity relative to its frequency in the users' recommendations.
POPULARITY_SHARE = 0.3
USER_BLOCK = 1024
# At most one in this many edges of a source leads to an item without likes.
COLD_ITEM_DIVISOR = 10


def candidates_per_source(sources: int, targets: int, edges_per_node: int) -> int:
    """Returns the number of edges per source before pruning.

    Equals `edges_per_node`, so that nothing is pruned, where all edges of a source fit.
    """
    if targets <= edges_per_node:
        return edges_per_node
    multiple = MAX_CANDIDATE_EDGES // (max(sources, 1) * edges_per_node)
    return min(max(multiple, 1), CANDIDATES_PER_EDGE) * edges_per_node


def reserve_cold_items(
    likes: NDArray[np.float64], edges_per_node: int
) -> tuple[NDArray[np.bool_], int]:
    """Reserves edges of each source for targets without likes.

    Ranked by weight times likes, none of these edges would be selected, and nobody would ever be
    recommended these items. Their share of the edges is their share of the targets, with at least
    one edge and at most 1 / `COLD_ITEM_DIVISOR` of all.

    Args:
        likes: Number of likes of each target, (targets,).
        edges_per_node: Maximum number of edges per source.

    Returns:
        Mask of the targets without likes, (targets,), and the number of edges per source that lead
        to them; no target and 0 where all edges of a source fit.
    """
    cold = likes <= 0
    proportional = -(-edges_per_node * int(cold.sum()) // max(len(likes), 1))
    reserved = min(proportional, edges_per_node // COLD_ITEM_DIVISOR)
    if not reserved or len(likes) <= edges_per_node:
        return np.zeros(len(likes), dtype=bool), 0
    return cold, reserved


def prune_by_usage(
    edges: EdgeList,
    history: csr_array,
    prior: NDArray[np.float32],
    likes: NDArray[np.float64],
    edges_per_node: int,
) -> EdgeList:
    """Selects the edges of each source that most affect the recommendations of its users.

    The value of an edge, positive or negative, is its magnitude times the frequency of its target
    in the top 10 of the users with its source, as scored by all given edges; plus, for future
    users, its magnitude times the target's popularity factor.

    Args:
        edges: Edges before pruning, between indices of sources and of targets.
        history: Weights of the histories in the served score, CSR (users, sources).
        prior: Popularity's part of each target's score, (targets,).
        likes: Number of likes of each target, (targets,).
        edges_per_node: Maximum number of edges per source.
    """
    shape = (history.shape[1], len(likes))
    weights = csr_array((edges.weights, (edges.sources, edges.targets)), shape=shape)
    source_totals = np.maximum(history.sum(axis=0), 1e-9)
    top_items = _top_items(history, weights, prior)
    frequency = diags_array(1 / source_totals) @ csr_array(history.T @ top_items)
    popularity = popularity_factor(likes)
    popularity *= POPULARITY_SHARE / popularity.max(initial=1)
    magnitude = csr_array(abs(weights))
    value = csr_array(magnitude.multiply(frequency) + magnitude @ diags_array(popularity)).tocoo()
    order = np.lexsort((value.col, -value.data, value.row))
    within_limit = rank_within_group(value.row[order]) < edges_per_node
    selected = np.sort(order[within_limit & (value.data[order] > 0)])
    sources, targets = value.row[selected].astype(np.int64), value.col[selected].astype(np.int64)
    return EdgeList(sources, targets, np.asarray(weights[sources, targets], np.float32))


def _top_items(history: csr_array, weights: csr_array, prior: NDArray[np.float32]) -> csr_array:
    """Returns 1 for each of the top 10 items of each user, CSR (users, targets)."""
    import torch

    length = min(LIST_LENGTH, len(prior))
    items = []
    for start in range(0, history.shape[0], USER_BLOCK):
        scores = (history[start : start + USER_BLOCK] @ weights).toarray() + prior
        top = torch.topk(torch.from_numpy(scores), length, sorted=False)
        items.append(top.indices.numpy().ravel())
    columns = np.concatenate([np.zeros(0, np.int64), *items])
    starts = np.arange(history.shape[0] + 1) * length
    ones = np.ones(len(columns), np.float32)
    return csr_array((ones, columns, starts), shape=(history.shape[0], len(prior)))


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
