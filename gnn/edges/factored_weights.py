"""Weights of all edges to the few that are kept: scored block by block, and pruned at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_array

from isthmus.gnn.edges.edge_list import Edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCES_AT_ONCE = 1024
TARGETS_AT_ONCE = 8192
POPULARITY_POWER = 0.5
List = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Some targets, and the sources whose edges to them are scored."""


@dataclass(frozen=True)
class Weights:
    """Weights of the edges from some sources to all items of a target, never multiplied out whole.

    Attributes:
        lefts: Matrices of shape (sources, rank), dense or sparse.
        rights: For some targets as many matrices of shape (rank, these targets); the weights are
            the sum of the products.
        targets: Number of items of the target.
    """

    lefts: tuple[NDArray[np.float32] | csr_array, ...]
    rights: Callable[[NDArray[np.int64]], tuple[NDArray[np.float32], ...]]
    targets: int

    @property
    def sources(self) -> int:
        """How many there are."""
        return int(self.lefts[0].shape[0])

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """The targets, so many at a time."""
        for start in range(0, self.targets, TARGETS_AT_ONCE):
            yield np.arange(start, min(start + TARGETS_AT_ONCE, self.targets))

    def lists(self) -> list[List]:
        """All targets for all sources."""
        everything = np.arange(self.sources)
        return [(block, everything) for block in self.blocks()]

    def dense_factors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors of the sources, and of the targets, whose products are the weights.

        But for what sparse left matrices say.
        """
        dense = [k for k, left in enumerate(self.lefts) if not isinstance(left, csr_array)]
        of_targets = [
            np.vstack([rights[k] for k in dense]).T for rights in map(self.rights, self.blocks())
        ]
        return np.hstack([_dense(self.lefts[k]) for k in dense]), np.vstack(of_targets)

    def scores(self, history: csr_array) -> NDArray[np.float32]:
        """The sum of histories over all edges, (users, targets)."""
        profiles = [_dense(history @ left) for left in self.lefts]
        return np.hstack([_summed(profiles, self.rights(block)) for block in self.blocks()])

    def deviation(self) -> float:
        """Standard deviation of the weights, by a sample of the sources and the first targets."""
        step = 1 + self.lefts[0].shape[0] // SOURCES_AT_ONCE
        lefts = [left[::step] for left in self.lefts]
        return float(_summed(lefts, self.rights(next(self.blocks()))).std())

    def times(self, factor: float) -> Weights:
        """Each weight times a factor."""
        lefts = tuple((left * np.float32(factor)) for left in self.lefts)
        return Weights(lefts, self.rights, self.targets)

    def scaled_like(self, other: Weights) -> Weights:
        """The same weights with the deviation of others."""
        return self.times(other.deviation() / max(self.deviation(), 1e-12))

    def plus(self, other: Weights) -> Weights:
        """The sum with others between the same sources and targets."""
        lefts = (*self.lefts, *other.lefts)
        return Weights(lefts, lambda of: (*self.rights(of), *other.rights(of)), self.targets)


def strongest(
    weights: Weights,
    likes: NDArray[np.float64],
    edges_per_node: int,
    lists: Iterable[List] | None = None,
    *,
    against: bool = False,
) -> Edges:
    """The edges of each source that a recommendation is most likely to need.

    Those are kept that are largest by weight times `wanted`; what is stored is the weight. Edges
    that speak against a target are kept where there is room for all edges of a source, or where
    they are asked for.

    Args:
        weights: Of all edges.
        likes: How often each target is liked, (targets,).
        edges_per_node: Edges kept of a source, at most.
        lists: Which edges are scored, no target twice; all without it.
        against: Whether an edge below 0 is as good as one above 0 of its size.
    """
    best = torch.full((weights.sources, edges_per_node), -torch.inf)
    chosen = torch.zeros((weights.sources, edges_per_node), dtype=torch.int64)
    kept = torch.zeros((weights.sources, edges_per_node))
    factor = torch.from_numpy(wanted(likes))
    for targets, sources in weights.lists() if lists is None else lists:
        rights, ids = weights.rights(targets), torch.from_numpy(targets)
        for start in range(0, len(sources), SOURCES_AT_ONCE):
            rows = sources[start : start + SOURCES_AT_ONCE]
            scores = torch.from_numpy(_summed([left[rows] for left in weights.lefts], rights))
            worth = (scores.abs() if against else scores) * factor[ids]
            found, places = torch.topk(worth, min(edges_per_node, len(targets)))
            rivals = torch.cat([best[rows], found], dim=1)
            best[rows], of_best = torch.topk(rivals, edges_per_node)
            chosen[rows] = torch.cat([chosen[rows], ids[places]], dim=1).gather(1, of_best)
            kept[rows] = torch.cat([kept[rows], scores.gather(1, places)], dim=1).gather(1, of_best)
    least = 0 if weights.targets > edges_per_node else -torch.inf
    row, slot = torch.nonzero(best > least, as_tuple=True)
    return Edges(row.numpy(), chosen[row, slot].numpy(), kept[row, slot].numpy())


def among(lists: Iterable[List], which: NDArray[np.bool_]) -> list[List]:
    """Lists without the targets that are not among `which`, (targets,)."""
    return [(targets[which[targets]], sources) for targets, sources in lists]


def wanted(likes: NDArray[np.float64]) -> NDArray[np.float32]:
    """How often targets are wanted: likes to the power .5, (targets,)."""
    return ((1 + likes) ** POPULARITY_POWER).astype(np.float32)


def _dense(matrix: Any) -> NDArray[np.float32]:
    dense = matrix.toarray() if isinstance(matrix, csr_array) else matrix
    return np.asarray(dense, dtype=np.float32)


def _summed(
    lefts: Sequence[NDArray[np.float32] | csr_array], rights: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    total = np.zeros((lefts[0].shape[0], rights[0].shape[1]), np.float32)
    for left, right in zip(lefts, rights, strict=True):
        total += left @ right
    return total
