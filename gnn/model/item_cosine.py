"""Item cosine: CO_LIKED edges between items of one domain that the same users like."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from isthmus.gnn.edges import EdgeList, concatenate_edges

if TYPE_CHECKING:
    from isthmus.gnn.data import InterestGraph


def item_cosine_edges(graph: InterestGraph, edges_per_node: int, half_life_days: float) -> EdgeList:
    """Returns edges to the nearest items of each item in its domain, by the cosine of their likes.

    Weights are between 0 and 1, with 1 for items that the same users like to the same degree.

    Args:
        graph: The training graph.
        edges_per_node: Maximum number of edges that leave an item.
        half_life_days: Age in days at which a like counts half.
    """
    from implicit.nearest_neighbours import CosineRecommender
    from implicit.utils import ParameterWarning

    likes = csr_array(graph.decayed_weights(half_life_days).maximum(0))
    parts = []
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        liked = csr_matrix(likes[:, items].astype(np.float64))
        if not liked.nnz:
            continue
        # The nearest item of an item is the item itself, which is removed below.
        model = CosineRecommender(K=min(edges_per_node + 1, len(items)))
        # implicit transposes its own input and then warns that it is not CSR.
        with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ParameterWarning)
            model.fit(liked, show_progress=False)
        similar = model.similarity.tocoo()
        selected = (similar.row != similar.col) & (similar.data > 0)
        parts.append(
            EdgeList(
                items[similar.row[selected]],
                items[similar.col[selected]],
                similar.data[selected].astype(np.float32),
            )
        )
    return concatenate_edges(parts)
