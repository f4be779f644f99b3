"""The parameters that a training has tuned, stored so that a later training can reuse them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.gnn.data import HistoryWeighting
from isthmus.gnn.edges import MergeWeights
from isthmus.gnn.model import Kernel

if TYPE_CHECKING:
    from isthmus.gnn.data import InterestGraph


@dataclass(frozen=True)
class TargetParameters:
    """The parameters of one target domain.

    Attributes:
        weighting: How histories are weighted.
        kernel: The kernel.
    """

    weighting: HistoryWeighting
    kernel: Kernel


@dataclass(frozen=True)
class TunedParameters:
    """All that a training has tuned.

    Attributes:
        targets: By name of the target domain.
        popularity_half_life_days: Half-life of domain popularity in days, by domain name.
        network_share: Weight of the network beside the kernel.
        merge: Merge weights of the signals, by name of the target domain.
        metrics: Metrics of the training users and of the validation users, by name.
        interactions: Number of interactions of the graph that the parameters were tuned on.
    """

    targets: dict[str, TargetParameters]
    popularity_half_life_days: dict[str, float]
    network_share: float = 0.0
    merge: dict[str, MergeWeights] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    interactions: int = 0

    def document(self) -> dict[str, Any]:
        """Returns the parameters as a JSON document."""
        targets = {
            name: {"weighting": asdict(each.weighting), "kernel": each.kernel._asdict()}
            for name, each in self.targets.items()
        }
        return asdict(self) | {"targets": targets}

    def still_valid(self, graph: InterestGraph, max_change: float) -> bool:
        """Whether a graph has the same domains and about as many interactions as when tuned.

        Args:
            graph: The training graph.
            max_change: Share by which the number of interactions may have grown or shrunk.
        """
        change = abs(graph.interactions.nnz - self.interactions)
        return set(graph.domains) == set(self.merge) and change < max_change * self.interactions

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TunedParameters | None:
        """Reads the parameters from a JSON document; None where another release wrote it."""
        try:
            targets = {
                name: TargetParameters(
                    HistoryWeighting(**row["weighting"]), Kernel(**row["kernel"])
                )
                for name, row in document["targets"].items()
            }
            merge = {name: MergeWeights(**row) for name, row in document["merge"].items()}
            return cls(**document | {"targets": targets, "merge": merge})
        except (KeyError, TypeError):
            return None
