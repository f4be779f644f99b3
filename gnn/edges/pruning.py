"""Of many edges the few that are served: those that people's recommendations would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.edges.edge_list import NO_EDGES, Edges, joined
from isthmus.gnn.edges.factored_weights import wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How many edges a source has to choose from, times those that it keeps; and in all, for memory.
CHOICE = 8
CHOICE_IN_ALL = 12_000_000
SHOWN = 10
# What it counts that a target is liked, against that it is shown.
LIKED_SHARE = 0.3
USERS_AT_ONCE = 1024
# One in so many edges of a source, at most, leads to what nobody has touched yet.
UNTOUCHED_PART = 10


def choice(sources: int, targets: int, edges_per_node: int) -> int:
    """How many edges of a source to choose from; as many as are kept where all of them can be."""
    if targets <= edges_per_node:
        return edges_per_node
    times = CHOICE_IN_ALL // (max(sources, 1) * edges_per_node)
    return min(max(times, 1), CHOICE) * edges_per_node


def reserved(likes: NDArray[np.float64], edges_per_node: int) -> tuple[NDArray[np.bool_], int]:
    """The targets that nobody has liked yet, and how many edges of a source lead to these.

    By weight times likes none would be kept, and nobody would ever be shown them. They get as many
    of the edges as they are of the targets, at least one and at most a part.

    Args:
        likes: How often each target is liked, (targets,).
        edges_per_node: Edges kept of a source, at most.

    Returns:
        Booleans, (targets,), and a number; none and 0 where all edges can be kept.
    """
    new = likes <= 0
    fair = -(-edges_per_node * int(new.sum()) // max(len(likes), 1))
    places = min(fair, edges_per_node // UNTOUCHED_PART)
    if not places or len(likes) <= edges_per_node:
        return np.zeros(len(likes), dtype=bool), 0
    return new, places


def most_used(
    edges: Edges,
    history: csr_array,
    prior: NDArray[np.float32],
    likes: NDArray[np.float64],
    edges_per_node: int,
) -> Edges:
    """The edges of each source that decide what its users are shown.

    An edge, for its target or against it, is worth its size times how often users with its source
    have its target among the first 10 over all edges given; and, as users to come may have it too,
    how often it is liked.

    Args:
        edges: More than are kept, from places of sources to places of targets.
        history: Weights of the histories in the served sum, CSR (users, sources).
        prior: What popularity adds to the score of each target, (targets,).
        likes: How often each target is liked, (targets,).
        edges_per_node: Edges kept of a source, at most.
    """
    shape = (history.shape[1], len(likes))
    weights = csr_array((edges.weights, (edges.sources, edges.targets)), shape=shape)
    of_source = np.maximum(history.sum(axis=0), 1e-9)
    shown = diags_array(1 / of_source) @ csr_array(history.T @ _shown(history, weights, prior))
    liked = wanted(likes)
    liked *= LIKED_SHARE / liked.max(initial=1)
    sizes = csr_array(abs(weights))
    value = csr_array(sizes.multiply(shown) + sizes @ diags_array(liked)).tocoo()
    order = np.lexsort((value.col, -value.data, value.row))
    kept = order[(place_in_run(value.row[order]) < edges_per_node) & (value.data[order] > 0)]
    kept = np.sort(kept)
    sources, targets = value.row[kept].astype(np.int64), value.col[kept].astype(np.int64)
    return Edges(sources, targets, np.asarray(weights[sources, targets], np.float32))


def _shown(history: csr_array, weights: csr_array, prior: NDArray[np.float32]) -> csr_array:
    """1 for each of the first items that each user is shown, CSR (users, targets)."""
    first = []
    for start in range(0, history.shape[0], USERS_AT_ONCE):
        scores = (history[start : start + USERS_AT_ONCE] @ weights).toarray() + prior
        found = torch.topk(torch.from_numpy(scores), min(SHOWN, len(prior)), sorted=False)
        first.append(found.indices.numpy().ravel())
    columns = np.concatenate([np.zeros(0, np.int64), *first])
    starts = np.arange(history.shape[0] + 1) * min(SHOWN, len(prior))
    ones = np.ones(len(columns), np.float32)
    return csr_array((ones, columns, starts), shape=(history.shape[0], len(prior)))


def share(
    edges: Edges,
    target_domain: NDArray[np.int32],
    edges_per_node: int,
    first: Edges = NO_EDGES,
) -> Edges:
    """At most `edges_per_node` edges of a source, shared among the domains that they lead to.

    Each domain keeps half of its equal share in any case. The rest goes to the largest weights, for
    or against, measured in deviations of those into their domain, so that none wins by its scale.

    Args:
        edges: Those to choose from.
        target_domain: Domain of each item, (items,).
        edges_per_node: Edges kept of a source, at most.
        first: Edges that take their places before all others.
    """
    if not len(edges):
        return first
    domain = target_domain[edges.targets]
    deviations = np.ones(1 + int(domain.max()), np.float32)
    for d in np.unique(domain):
        deviations[d] = edges.weights[domain == d].std() or 1.0
    sizes = np.abs(edges.weights) / deviations[domain]
    order = np.lexsort((edges.targets, -sizes, domain, edges.sources))
    place = place_in_run(edges.sources[order], domain[order])
    leads_to = len(np.unique(domain))
    guaranteed = np.empty(len(edges), dtype=bool)
    guaranteed[order] = place < max(1, edges_per_node // (2 * leads_to))
    order = np.lexsort((edges.targets, -sizes, ~guaranteed, edges.sources))
    taken = np.bincount(first.sources, minlength=1 + int(edges.sources.max()))
    left = edges_per_node - taken[edges.sources[order]]
    kept = np.sort(order[place_in_run(edges.sources[order]) < left])
    return joined([Edges(edges.sources[kept], edges.targets[kept], edges.weights[kept]), first])


def place_in_run(*keys: NDArray[np.generic]) -> NDArray[np.int64]:
    """The place of each entry, from 0, among neighbours with the same keys."""
    starts = np.ones(len(keys[0]), dtype=bool)
    starts[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    first = np.flatnonzero(starts)
    return np.arange(len(starts)) - np.repeat(first, np.diff(np.append(first, len(starts))))
