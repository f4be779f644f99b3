"""Selection of the edges that are stored, from the weights of all edges into each domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges import (
    COLD_ITEM_DIVISOR,
    EdgeList,
    concatenate_edges,
    most_edges_into,
    reserve_cold_items,
    select_top_edges,
    share_among_domains,
)
from isthmus.gnn.model import (
    MIN_INTEREST_USERS,
    add_own_item_edges,
    nearest_liked_items,
    solve_interest_edges,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.data import Examples, InterestGraph
    from isthmus.gnn.edges import FactoredWeights


@dataclass(frozen=True)
class EdgeSelection:
    """What the edges of a training are selected by.

    Attributes:
        graph: The training graph.
        examples: Training examples by target domain.
        config: The training configuration.
    """

    graph: InterestGraph
    examples: Sequence[Examples]
    config: TrainingConfig

    @cached_property
    def likes(self) -> NDArray[np.float64]:
        """Number of likes of each item, (items,)."""
        return self.graph.like_counts(self.config.half_life_days)

    def transfer_edges(self, weights: Callable[[int], FactoredWeights]) -> EdgeList:
        """Selects the edges between items of different domains.

        Args:
            weights: Returns the weights of all edges from the items of the graph into a target
                domain; those from its own items do not count.
        """
        return self._select(weights, self.graph.items_outside)

    def interest_edges(self, weights: Callable[[int], FactoredWeights]) -> EdgeList:
        """Selects the edges from interests to items, and adds those to their own items.

        Args:
            weights: Returns the weights of all edges from interests into a target domain.
        """
        interests = np.arange(len(self.graph.interests))
        learned = self._select(weights, lambda _: interests)
        enough = [t for t, part in enumerate(self.examples) if len(part) >= MIN_INTEREST_USERS]
        return add_own_item_edges(
            self.graph, learned, self.likes, enough, self.config.edges_per_node
        )

    def _select(
        self,
        weights: Callable[[int], FactoredWeights],
        sources_of: Callable[[int], NDArray[np.int64]],
    ) -> EdgeList:
        """Selects edges into each target domain, some of them to items without likes."""
        edges_per_node, graph = self.config.edges_per_node, self.graph
        without_likes = self.likes <= 0
        liked_edges, cold_edges = [], []
        trained = [t for t, examples in enumerate(self.examples) if len(examples)]
        limit = most_edges_into(len(trained) - 1, edges_per_node)
        for t in trained:
            target_weights, sources, items = weights(t), sources_of(t), graph.items_of(t)
            cold, reserved = reserve_cold_items(without_likes[items], edges_per_node)
            edges = select_top_edges(target_weights, sources, np.flatnonzero(~cold), limit)
            liked_edges.append(EdgeList(edges.sources, items[edges.targets], edges.weights))
            if reserved:
                means = target_weights.average(nearest_liked_items(graph, t, without_likes))
                edges = select_top_edges(
                    means, sources, np.flatnonzero(cold), reserved, only_positive=True
                )
                cold_edges.append(EdgeList(edges.sources, items[edges.targets], edges.weights))
        cold_limit = edges_per_node // COLD_ITEM_DIVISOR
        reserved_edges = share_among_domains(
            concatenate_edges(cold_edges), graph.item_domain, cold_limit
        )
        return share_among_domains(
            concatenate_edges(liked_edges), graph.item_domain, edges_per_node, reserved_edges
        )


def interest_weights(examples: Sequence[Examples], seed: int) -> Callable[[int], FactoredWeights]:
    """Returns a function from a target domain to the weights of all edges from interests.

    Their standard deviation is 1.
    """

    def weights(target: int) -> FactoredWeights:
        found = solve_interest_edges(examples[target], seed)
        return found.scale(1 / found.standard_deviation()) if found.source_count else found

    return weights
