"""Weighted edges as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Edges:
    """Weighted edges of one kind, as three arrays of equal length.

    Attributes:
        sources: Index of an item, or of an interest or a domain where the kind says so.
        targets: Index of an item.
        weights: float32; negative where the source speaks against the target.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sources)

    def between(self, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> Edges:
        """The same edges, where both ends were places in these lists of nodes."""
        return Edges(sources[self.sources], targets[self.targets], self.weights)


NO_EDGES = Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def joined(parts: Sequence[Edges]) -> Edges:
    """Several sets of edges as one."""
    return Edges(
        np.concatenate([np.zeros(0, np.int64), *(part.sources for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.targets for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.weights for part in parts)]),
    )
