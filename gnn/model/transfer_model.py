"""The model of the transfer edges: kernel ridge regression, and the network where it adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from isthmus.gnn.edges import sum_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.gnn.edges import FactoredWeights
    from isthmus.gnn.model.solved_kernel import SolvedKernel
    from isthmus.gnn.model.target_smoothing import TargetSmoothing


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
        smoothings: By target domain; empty without target smoothing.
    """

    kernels: Sequence[SolvedKernel | None]
    networks: Sequence[NetworkEdges]
    network_share: float = 0.0
    smoothings: Sequence[TargetSmoothing] = ()

    def weights(self, target: int) -> FactoredWeights:
        """Weights of all edges from the items outside a target domain into it."""
        weights = self.kernel(target).weights
        if self.network_share:
            network = self.networks[target].weights.scale(self.network_share)
            weights = sum_weights([weights, network])
        return self.smoothings[target].smooth(weights) if self.smoothings else weights

    def popularity_weight(self, target: int) -> float:
        """Weight of popularity beside these edges after pruning; 0 if they are smoothed."""
        if self.smoothings:
            return 0.0
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
