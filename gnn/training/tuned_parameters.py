"""What held-out users decide about a training, kept so that a later one need not ask again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.gnn.data.histories import Reading
from isthmus.gnn.edges.learned import MergeWeights
from isthmus.gnn.model.ensemble import Mix
from isthmus.gnn.model.kernel_ridge import Form

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph


@dataclass(frozen=True)
class Choices:
    """What held-out users decide about a training.

    Attributes:
        reading: How histories are read.
        newcomer_half_life_days: By domain, the age at which a like counts half in what newcomers
            are led to.
        epochs: How long the network is taught.
        mix: What the edges are made of.
        merge: By name of the target domain, what each signal counts.
        metrics: What validation said, by name.
        interactions: How many the graph had when they decided.
    """

    reading: Reading
    newcomer_half_life_days: dict[str, float]
    epochs: int = 0
    mix: Mix = field(default_factory=Mix)
    merge: dict[str, MergeWeights] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    interactions: int = 0

    def document(self) -> dict[str, Any]:
        """The same as what JSON holds."""
        return asdict(self)

    def still_hold(self, graph: InterestGraph, changed: float) -> bool:
        """Whether a graph has about as many interactions as when they decided, and its domains.

        Args:
            graph: What is to be learned from.
            changed: By what share more or fewer there may be.
        """
        more = abs(graph.interactions.nnz - self.interactions)
        return set(graph.domains) == set(self.merge) and more < changed * self.interactions

    @classmethod
    def of(cls, document: dict[str, Any]) -> Choices | None:
        """Choices as `document` gave them; None for those of a release that let others be made."""
        try:
            mix = document["mix"]
            return cls(
                reading=Reading(**document["reading"]),
                newcomer_half_life_days=document["newcomer_half_life_days"],
                epochs=document["epochs"],
                mix=Mix(Form(*mix["form"]), mix["closed_share"], mix["prior"]),
                merge={name: MergeWeights(**row) for name, row in document["merge"].items()},
                metrics=document["metrics"],
                interactions=document["interactions"],
            )
        except (KeyError, TypeError):
            return None
