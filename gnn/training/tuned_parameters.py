"""The parameters that validation users decide, stored so that a later training can reuse them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.gnn.data import HistoryWeighting
from isthmus.gnn.edges import MergeWeights
from isthmus.gnn.model import EnsembleWeights, Kernel

if TYPE_CHECKING:
    from isthmus.gnn.data import InterestGraph


@dataclass(frozen=True)
class TunedParameters:
    """The parameters that validation users decide.

    Attributes:
        history_weighting: How histories are weighted.
        popularity_half_life_days: Half-life of domain popularity in days, by domain name.
        epochs: Number of epochs of the edge decoders.
        ensemble: The weights of edge decoder and kernel in the ensemble.
        merge: Merge weights of the signals, by name of the target domain.
        metrics: Metrics of the validation users, by name.
        interactions: Number of interactions of the graph that the parameters were tuned on.
    """

    history_weighting: HistoryWeighting
    popularity_half_life_days: dict[str, float]
    epochs: int = 0
    ensemble: EnsembleWeights = field(default_factory=EnsembleWeights)
    merge: dict[str, MergeWeights] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    interactions: int = 0

    def document(self) -> dict[str, Any]:
        """Returns the parameters as a JSON document."""
        return asdict(self)

    def still_valid(self, graph: InterestGraph, max_change: float) -> bool:
        """Whether a graph has the same domains and about as many interactions as when tuned.

        Parameters of a release that tuned no weight of written interests are not valid for a graph
        that has them.

        Args:
            graph: The training graph.
            max_change: Share by which the number of interactions may have grown or shrunk.
        """
        change = abs(graph.interactions.nnz - self.interactions)
        weighs_texts = any(weights.written for weights in self.merge.values())
        return (
            set(graph.domains) == set(self.merge)
            and change < max_change * self.interactions
            and (weighs_texts or not graph.written_interests.nnz)
        )

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TunedParameters | None:
        """Reads the parameters from a JSON document; None where another release wrote it."""
        try:
            ensemble = document["ensemble"]
            return cls(
                history_weighting=HistoryWeighting(**document["history_weighting"]),
                popularity_half_life_days=document["popularity_half_life_days"],
                epochs=document["epochs"],
                ensemble=EnsembleWeights(
                    Kernel(*ensemble["kernel"]),
                    ensemble["kernel_share"],
                    ensemble["popularity_factor"],
                ),
                merge={name: MergeWeights(**row) for name, row in document["merge"].items()},
                metrics=document["metrics"],
                interactions=document["interactions"],
            )
        except (KeyError, TypeError):
            return None
