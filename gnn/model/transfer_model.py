"""The model of the transfer edges: kernel ridge regression, and the network where it adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from isthmus.gnn.edges import sum_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.gnn.edges import FactoredWeights
    from isthmus.gnn.model.solved_kernel import SolvedKernel


class NetworkEdges(NamedTuple):
    """The edges of the network into one target domain, on the scale of the kernel's.

    Attributes:
        weights: Weights of all edges.
        popularity: Weight of popularity beside them.
    """

    weights: FactoredWeights
    popularity: float


@dataclass(frozen=True)
class TransferModel:
    """The weights of all edges between items of different domains.

    Attributes:
        kernels: By target domain; None without training users.
        networks: By target domain; empty without a network.
        network_share: Weight of the network, where the kernel has 1; 0 for the kernel alone.
    """

    kernels: Sequence[SolvedKernel | None]
    networks: Sequence[NetworkEdges]
    network_share: float = 0.0

    def weights(self, target: int) -> FactoredWeights:
        """Weights of all edges from the items outside a target domain into it."""
        weights = self.kernel(target).weights
        if not self.network_share:
            return weights
        return sum_weights([weights, self.networks[target].weights.scale(self.network_share)])

    def popularity_weight(self, target: int) -> float:
        """Weight of popularity beside these edges after pruning."""
        weight = self.kernel(target).popularity
        if self.network_share:
            weight += self.network_share * self.networks[target].popularity
        return weight

    def kernel(self, target: int) -> SolvedKernel:
        """The kernel of a target domain that has training users."""
        kernel = self.kernels[target]
        if kernel is None:
            raise ValueError(f"target domain {target} has no training users")
        return kernel
