"""Weights of all edges as products of factors, and the selection of each source's top edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.edges.edge_list import EdgeList

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE_BLOCK = 1024
TARGET_BLOCK = 8192
POPULARITY_EXPONENT = 0.5
CandidateList = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Candidate edges: indices of targets, and of the sources that each of them is a candidate for."""


@dataclass(frozen=True)
class FactoredWeights:
    """Weights of the edges from all sources to all items of a target domain.

    They are computed block by block, as the whole matrix would not fit in memory.

    Attributes:
        source_factors: Matrices of shape (sources, rank), dense or sparse.
        target_factors: Returns for some targets as many matrices of shape (rank, these targets);
            the weights are the sum of the products.
        target_count: Number of items of the target domain.
    """

    source_factors: tuple[NDArray[np.float32] | csr_array, ...]
    target_factors: Callable[[NDArray[np.int64]], tuple[NDArray[np.float32], ...]]
    target_count: int

    @property
    def source_count(self) -> int:
        """Number of sources."""
        return int(self.source_factors[0].shape[0])

    def target_blocks(self) -> Iterator[NDArray[np.int64]]:
        """Yields the indices of the targets in blocks."""
        for start in range(0, self.target_count, TARGET_BLOCK):
            yield np.arange(start, min(start + TARGET_BLOCK, self.target_count))

    def all_candidates(self) -> list[CandidateList]:
        """Returns all edges as candidates."""
        sources = np.arange(self.source_count)
        return [(block, sources) for block in self.target_blocks()]

    def dense_factors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Returns the dense source and target factors, (sources, rank) and (targets, rank).

        Their product is the weights without the part of the sparse source factors.
        """
        dense = [k for k, left in enumerate(self.source_factors) if not isinstance(left, csr_array)]
        target_vectors = [
            np.vstack([rights[k] for k in dense]).T
            for rights in map(self.target_factors, self.target_blocks())
        ]
        source_vectors = np.hstack([_to_dense(self.source_factors[k]) for k in dense])
        return source_vectors, np.vstack(target_vectors)

    def scores(self, history: csr_array) -> NDArray[np.float32]:
        """Sums all edges over the histories, (users, targets)."""
        profiles = [_to_dense(history @ left) for left in self.source_factors]
        return np.hstack(
            [_sum_products(profiles, self.target_factors(block)) for block in self.target_blocks()]
        )

    def standard_deviation(self) -> float:
        """Estimates the standard deviation of the weights by a sample of sources and targets."""
        step = 1 + self.source_factors[0].shape[0] // SOURCE_BLOCK
        lefts = [left[::step] for left in self.source_factors]
        return float(_sum_products(lefts, self.target_factors(next(self.target_blocks()))).std())

    def scale(self, factor: float) -> FactoredWeights:
        """Multiplies all weights by a factor."""
        lefts = tuple((left * np.float32(factor)) for left in self.source_factors)
        return FactoredWeights(lefts, self.target_factors, self.target_count)

    def match_scale(self, other: FactoredWeights) -> FactoredWeights:
        """Scales the weights to the standard deviation of others."""
        return self.scale(other.standard_deviation() / max(self.standard_deviation(), 1e-12))

    def add(self, other: FactoredWeights) -> FactoredWeights:
        """Adds the weights of other edges between the same sources and targets."""
        return FactoredWeights(
            (*self.source_factors, *other.source_factors),
            lambda targets: (*self.target_factors(targets), *other.target_factors(targets)),
            self.target_count,
        )


def select_top_edges(
    weights: FactoredWeights,
    likes: NDArray[np.float64],
    edges_per_node: int,
    candidates: Iterable[CandidateList] | None = None,
    *,
    by_magnitude: bool = False,
) -> EdgeList:
    """Selects the edges of each source with the largest weight times `popularity_factor`.

    Negative edges are selected only by magnitude, or where all edges of a source fit; edges of the
    weight 0 never.

    Args:
        weights: Weights of all edges.
        likes: Number of likes of each target, (targets,).
        edges_per_node: Maximum number of edges per source.
        candidates: Candidate edges, each target in one list only; None for all edges.
        by_magnitude: Rank by the absolute weight, so that negative edges are selected too.
    """
    import torch

    shape = (weights.source_count, edges_per_node)
    top_values = torch.full(shape, -torch.inf)
    top_targets = torch.zeros(shape, dtype=torch.int64)
    top_weights = torch.zeros(shape)
    factor = torch.from_numpy(popularity_factor(likes))
    for targets, sources in weights.all_candidates() if candidates is None else candidates:
        rights, ids = weights.target_factors(targets), torch.from_numpy(targets)
        for start in range(0, len(sources), SOURCE_BLOCK):
            rows = sources[start : start + SOURCE_BLOCK]
            block = torch.from_numpy(
                _sum_products([left[rows] for left in weights.source_factors], rights)
            )
            values = (block.abs() if by_magnitude else block) * factor[ids]
            block_values, columns = torch.topk(values, min(edges_per_node, len(targets)))
            merged_values = torch.cat([top_values[rows], block_values], dim=1)
            top_values[rows], order = torch.topk(merged_values, edges_per_node)
            merged_targets = torch.cat([top_targets[rows], ids[columns]], dim=1)
            top_targets[rows] = merged_targets.gather(1, order)
            merged_weights = torch.cat([top_weights[rows], block.gather(1, columns)], dim=1)
            top_weights[rows] = merged_weights.gather(1, order)
    threshold = 0 if weights.target_count > edges_per_node else -torch.inf
    selected = (top_values > threshold) & (top_weights != 0)
    row, slot = torch.nonzero(selected, as_tuple=True)
    return EdgeList(row.numpy(), top_targets[row, slot].numpy(), top_weights[row, slot].numpy())


def restrict_targets(
    candidates: Iterable[CandidateList], mask: NDArray[np.bool_]
) -> list[CandidateList]:
    """Removes the targets outside a mask, (targets,), from candidate edges."""
    return [(targets[mask[targets]], sources) for targets, sources in candidates]


def popularity_factor(likes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Returns (1 + number of likes) to the power 0.5, float32 (targets,)."""
    return ((1 + likes) ** POPULARITY_EXPONENT).astype(np.float32)


def _to_dense(matrix: Any) -> NDArray[np.float32]:
    dense = matrix.toarray() if isinstance(matrix, csr_array) else matrix
    return np.asarray(dense, dtype=np.float32)


def _sum_products(
    source_factors: Sequence[NDArray[np.float32] | csr_array],
    target_factors: Sequence[NDArray[np.float32]],
) -> NDArray[np.float32]:
    shape = (source_factors[0].shape[0], target_factors[0].shape[1])
    total = np.zeros(shape, np.float32)
    for left, right in zip(source_factors, target_factors, strict=True):
        total += left @ right
    return total
