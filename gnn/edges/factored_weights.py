"""Weights of all edges as products of factors, and the selection of each source's top edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE_BLOCK = 1024
TARGET_BLOCK = 8192


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
        deviation = _sum_products(lefts, self.target_factors(next(self.target_blocks()))).std()
        return max(float(deviation), 1e-12)

    def unit_scale(self, history: csr_array) -> float:
        """Returns the factor that gives users' scores a mean standard deviation of 1.

        Args:
            history: Histories of some users, CSR (users, sources).
        """
        return 1 / max(float(self.scores(history).std(axis=1).mean()), 1e-12)

    def scale(self, factor: float) -> FactoredWeights:
        """Multiplies all weights by a factor; the source factors may be shared, and stay."""
        return FactoredWeights(
            self.source_factors,
            lambda targets: tuple(
                right * np.float32(factor) for right in self.target_factors(targets)
            ),
            self.target_count,
        )

    def average(self, shares: csr_array) -> FactoredWeights:
        """Replaces the edges to each target by the weighted mean of those to others.

        Args:
            shares: Weights in the mean, CSR (targets, targets), from others to each target.
        """
        to_target = csr_array(shares.T)

        def target_factors(targets: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
            rows = csr_array(to_target[targets])
            others = np.unique(rows.indices).astype(np.int64)
            mean = csr_array(rows[:, others])
            return tuple(
                np.ascontiguousarray((mean @ right.T).T) for right in self.target_factors(others)
            )

        return FactoredWeights(self.source_factors, target_factors, self.target_count)


def sum_weights(parts: Sequence[FactoredWeights]) -> FactoredWeights:
    """Sums weights of edges between the same sources and targets."""
    if len(parts) == 1:
        return parts[0]
    return FactoredWeights(
        tuple(left for part in parts for left in part.source_factors),
        lambda targets: tuple(right for part in parts for right in part.target_factors(targets)),
        parts[0].target_count,
    )


def select_top_edges(
    weights: FactoredWeights,
    sources: NDArray[np.int64],
    targets: NDArray[np.int64],
    edges_per_node: int,
    *,
    only_positive: bool = False,
) -> EdgeList:
    """Selects the edges of each source with the largest absolute weight.

    A negative weight speaks against its target, which is as good to know; 0 is no edge.

    Args:
        weights: Weights of all edges.
        sources: The sources to select from.
        targets: The targets to select from.
        edges_per_node: Maximum number of edges that leave a source.
        only_positive: Select no negative edges.
    """
    import torch

    edges_per_node = min(edges_per_node, len(targets))
    if not edges_per_node:
        return EMPTY_EDGES
    shape = (len(sources), edges_per_node)
    top_values = torch.zeros(shape)
    top_targets = torch.zeros(shape, dtype=torch.int64)
    top_weights = torch.zeros(shape)
    for first in range(0, len(targets), TARGET_BLOCK):
        columns = targets[first : first + TARGET_BLOCK]
        rights, ids = weights.target_factors(columns), torch.from_numpy(columns)
        for start in range(0, len(sources), SOURCE_BLOCK):
            rows = slice(start, start + SOURCE_BLOCK)
            lefts = [left[sources[rows]] for left in weights.source_factors]
            block = torch.from_numpy(_sum_products(lefts, rights))
            values = block.clamp(min=0) if only_positive else block.abs()
            count = min(edges_per_node, len(columns))
            block_values, positions = torch.topk(values, count)
            merged_values = torch.cat([top_values[rows], block_values], dim=1)
            top_values[rows], order = torch.topk(merged_values, edges_per_node)
            merged_targets = torch.cat([top_targets[rows], ids[positions]], dim=1)
            top_targets[rows] = merged_targets.gather(1, order)
            merged_weights = torch.cat([top_weights[rows], block.gather(1, positions)], dim=1)
            top_weights[rows] = merged_weights.gather(1, order)
    row, slot = torch.nonzero(top_values > 0, as_tuple=True)
    return EdgeList(
        sources[row.numpy()], top_targets[row, slot].numpy(), top_weights[row, slot].numpy()
    )


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
        if isinstance(left, csr_array):
            total += left @ right
        else:  # items of one domain have nothing in the spectral dimensions of others
            used = left.any(axis=0)
            total += left[:, used] @ right[used] if not used.all() else left @ right
    return total
