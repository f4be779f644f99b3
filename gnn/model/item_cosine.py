"""Collaborative edges: items of one domain that the same users like."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from isthmus.gnn.edges.edge_list import Edges, joined

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph


def co_liked(graph: InterestGraph, edges_per_node: int, half_life_days: float) -> Edges:
    """The nearest items of each item within its domain, by the cosine of who likes them.

    Weights lie between 0 and 1, with 1 for items that exactly the same users like alike.
    """
    from implicit.nearest_neighbours import CosineRecommender
    from implicit.utils import ParameterWarning

    likes = csr_array(graph.strengths(half_life_days).maximum(0))
    parts = []
    for domain in range(len(graph.domains)):
        items = graph.items_of(domain)
        liked = csr_matrix(likes[:, items].astype(np.float64))
        if not liked.nnz:
            continue
        # The nearest item of an item is itself; it is asked for, and left out.
        model = CosineRecommender(K=min(edges_per_node + 1, len(items)))
        # implicit transposes its own input and then warns that it is not CSR.
        with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ParameterWarning)
            model.fit(liked, show_progress=False)
        near = model.similarity.tocoo()
        kept = (near.row != near.col) & (near.data > 0)
        parts.append(
            Edges(items[near.row[kept]], items[near.col[kept]], near.data[kept].astype(np.float32))
        )
    return joined(parts)
