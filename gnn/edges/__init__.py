"""Edge lists, factored weights, pruning, and the result of a training."""

from isthmus.gnn.edges.edge_list import EdgeList, concatenate_edges
from isthmus.gnn.edges.factored_weights import (
    FactoredWeights,
    select_top_edges,
    sum_weights,
)
from isthmus.gnn.edges.learned import CONTENT_FIRST, LearnedEdges, MergeWeights
from isthmus.gnn.edges.pruning import (
    COLD_ITEM_DIVISOR,
    most_edges_into,
    rank_within_group,
    reserve_cold_items,
    share_among_domains,
)

__all__ = [
    "COLD_ITEM_DIVISOR",
    "CONTENT_FIRST",
    "EdgeList",
    "FactoredWeights",
    "LearnedEdges",
    "MergeWeights",
    "concatenate_edges",
    "most_edges_into",
    "rank_within_group",
    "reserve_cold_items",
    "select_top_edges",
    "share_among_domains",
    "sum_weights",
]
