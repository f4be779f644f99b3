"""Target smoothing: edges into a domain, carried through the spectrum of its own likes.

With V the first right singular vectors of the normalised likes of the target domain and D the
number of likes of its items, smoothed edges are

    W + share * W D^-1/4 V V' D^1/4

with the second part on the scale of the first. What leads to an item leads to those liked with it,
and to the popular ones of them: so smoothed edges need no popularity beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.edges import FactoredWeights
from isthmus.gnn.model.features import singular_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

SMOOTHING_RANK = 64
SMOOTHING_EXPONENT = 0.25
# Deviation of a user's scores by the carried edges, where that by the edges themselves is 1.
SMOOTHING_SHARE = 0.25


@dataclass(frozen=True)
class TargetSmoothing:
    """What the edges into a target domain are smoothed by.

    Attributes:
        left: D^-1/4 V, float32 (targets, rank).
        right: V' D^1/4, float32 (rank, targets).
        history: Histories of some users, on which scores are scaled, CSR (users, sources).
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    history: csr_array

    @classmethod
    def of_likes(cls, liked: csr_array, history: csr_array, seed: int) -> TargetSmoothing:
        """Decomposes the likes of a domain.

        Args:
            liked: Positive weights of the likes, CSR (users, targets).
            history: Histories of some users, CSR (users, sources).
            seed: Seed of the randomised SVD.
        """
        vectors, _ = singular_vectors(liked, SMOOTHING_RANK, seed)
        likes = np.bincount(liked.indices, minlength=liked.shape[1])
        scale = np.maximum(likes, 1).astype(np.float32) ** np.float32(SMOOTHING_EXPONENT)
        return cls(vectors / scale[:, None], (vectors * scale[:, None]).T, history)

    def smooth(self, weights: FactoredWeights) -> FactoredWeights:
        """Adds to edges what they are when carried."""
        blocks = (
            [right @ self.left[block] for right in weights.target_factors(block)]
            for block in weights.target_blocks()
        )
        projected = [np.sum(parts, axis=0) for parts in zip(*blocks, strict=True)]

        def carry(targets: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
            return tuple(part @ self.right[:, targets] for part in projected)

        carried = FactoredWeights(weights.source_factors, carry, weights.target_count)
        scale = carried.unit_scale(self.history) / weights.unit_scale(self.history)
        share = np.float32(SMOOTHING_SHARE * scale)
        return FactoredWeights(
            weights.source_factors,
            lambda targets: tuple(
                own + share * other
                for own, other in zip(weights.target_factors(targets), carry(targets), strict=True)
            ),
            weights.target_count,
        )
