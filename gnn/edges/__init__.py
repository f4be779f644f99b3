"""Edge lists, factored weights, candidate edges, pruning, and the result of a training."""

from isthmus.gnn.edges.candidates import candidate_lists
from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList, concatenate_edges
from isthmus.gnn.edges.factored_weights import FactoredWeights, restrict_targets, select_top_edges
from isthmus.gnn.edges.learned import CONTENT_FIRST, LearnedEdges, MergeWeights
from isthmus.gnn.edges.pruning import (
    CANDIDATES_PER_EDGE,
    COLD_ITEM_DIVISOR,
    candidates_per_source,
    prune_by_usage,
    rank_within_group,
    reserve_cold_items,
    share_among_domains,
)

__all__ = [
    "CANDIDATES_PER_EDGE",
    "COLD_ITEM_DIVISOR",
    "CONTENT_FIRST",
    "EMPTY_EDGES",
    "EdgeList",
    "FactoredWeights",
    "LearnedEdges",
    "MergeWeights",
    "candidate_lists",
    "candidates_per_source",
    "concatenate_edges",
    "prune_by_usage",
    "rank_within_group",
    "reserve_cold_items",
    "restrict_targets",
    "select_top_edges",
    "share_among_domains",
]
