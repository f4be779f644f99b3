"""Weighted edges as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class EdgeList:
    """Weighted edges of one kind, as three arrays of equal length.

    Attributes:
        sources: Index of an item, an interest or a domain, depending on the kind.
        targets: Index of an item.
        weights: float32, below 0 for a negative edge.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sources)


EMPTY_EDGES = EdgeList(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def concatenate_edges(parts: Sequence[EdgeList]) -> EdgeList:
    """Concatenates edge lists."""
    return EdgeList(
        np.concatenate([np.zeros(0, np.int64), *(part.sources for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.targets for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.weights for part in parts)]),
    )
