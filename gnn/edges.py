"""Edges out of a decoder: scored block by block, and pruned at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from gnn.data import Edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph
    from gnn.model import EdgeDecoder

SOURCES_AT_ONCE = 1024
POPULARITY_POWER = 0.25


def decode(
    decoder: EdgeDecoder,
    taught: Sequence[int],
    graph: InterestGraph,
    edges_per_node: int,
    half_life_days: float,
) -> tuple[Edges, Edges]:
    """The edges of items, and those of interests, into every target that was taught.

    Args:
        decoder: The network, as it was taught.
        taught: The target domains that it had lessons for.
        graph: The graph that it was taught on.
        edges_per_node: Edges that leave a node, at most.
        half_life_days: Age at which a dated like counts half, for popularity.
    """
    transfer, interest = [], []
    likes = graph.likes(half_life_days)
    for target in taught:
        there = graph.items_of(target)
        with torch.no_grad():
            targets = decoder.targets(target)
            for domain in range(len(graph.domains)):
                here = graph.items_of(domain)
                if domain == target or not len(here):
                    continue
                sources = decoder.sources(domain, torch.arange(len(here)))
                found = strongest(sources, targets, likes[there], edges_per_node)
                transfer.append(Edges(here[found.sources], there[found.targets], found.weights))
            if len(graph.interests):
                found = strongest(decoder.interests(), targets, likes[there], edges_per_node)
                interest.append(Edges(found.sources, there[found.targets], found.weights))
    return (
        share(joined(transfer), graph.item_domain, edges_per_node),
        share(joined(interest), graph.item_domain, edges_per_node),
    )


def strongest(
    sources: torch.Tensor, targets: torch.Tensor, likes: NDArray[np.float64], edges_per_node: int
) -> Edges:
    """The edges of each source that a recommendation is most likely to need.

    Among positive edges those are kept that are largest by weight times the target's likes to the
    power .25, since a popular target is wanted more often; what is stored is the weight.

    Args:
        sources: (sources, dimensions).
        targets: (targets, dimensions); an edge's weight is the product.
        likes: How often each target is liked, (targets,).
        edges_per_node: Edges kept of a source, at most.
    """
    wanted = torch.from_numpy((1 + likes) ** POPULARITY_POWER).float()
    kept = min(edges_per_node, len(targets))
    rows, columns, weights = [], [], []
    for start in range(0, len(sources), SOURCES_AT_ONCE):
        block = sources[start : start + SOURCES_AT_ONCE] @ targets.T
        best = torch.topk(block * wanted, kept).indices.sort().values
        weight = block.gather(1, best)
        row, slot = torch.nonzero(weight > 0, as_tuple=True)
        rows.append(row.numpy() + start)
        columns.append(best[row, slot].numpy())
        weights.append(weight[row, slot].numpy())
    return joined([Edges(*parts) for parts in zip(rows, columns, weights, strict=True)])


def joined(parts: Sequence[Edges]) -> Edges:
    """Several sets of edges as one."""
    return Edges(
        np.concatenate([np.zeros(0, np.int64), *(part.sources for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.targets for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.weights for part in parts)]),
    )


def share(edges: Edges, target_domain: NDArray[np.int32], edges_per_node: int) -> Edges:
    """At most `edges_per_node` edges of a source, shared among the domains that they lead to.

    Each domain keeps half of its equal share in any case. The rest goes to the largest weights,
    measured in deviations of the weights into their domain, so that no domain wins by its scale.

    Args:
        edges: Those to choose from.
        target_domain: Domain of each item, (items,).
        edges_per_node: Edges kept of a source, at most.
    """
    if not len(edges):
        return edges
    domain = target_domain[edges.targets]
    deviations = np.array(
        [edges.weights[domain == d].std() or 1.0 for d in range(int(domain.max()) + 1)]
    )
    standardised = edges.weights / deviations[domain]
    order = np.lexsort((edges.targets, -standardised, domain, edges.sources))
    place = _place_in_run(edges.sources[order], domain[order])
    leads_to = len(np.unique(domain))
    guaranteed = np.empty(len(edges), dtype=bool)
    guaranteed[order] = place < max(1, edges_per_node // (2 * leads_to))
    order = np.lexsort((edges.targets, -standardised, ~guaranteed, edges.sources))
    kept = np.sort(order[_place_in_run(edges.sources[order]) < edges_per_node])
    return Edges(edges.sources[kept], edges.targets[kept], edges.weights[kept])


def _place_in_run(*keys: NDArray[np.generic]) -> NDArray[np.int64]:
    """The place of each entry, from 0, among neighbours with the same keys."""
    starts = np.ones(len(keys[0]), dtype=bool)
    starts[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    first = np.flatnonzero(starts)
    return np.arange(len(starts)) - np.repeat(first, np.diff(np.append(first, len(starts))))
