"""The training configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.settings import Settings


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of a training.

    Attributes:
        edges_per_node: Maximum number of edges of each kind that leave a node.
        half_life_days: Age in days at which a dated interaction counts half.
        history_limit: Maximum number of a user's interactions that a query reads.
        seed: Random seed; the same seed, graph and number of threads give the same edges.
        threads: Maximum number of threads; None to use all cores.
        dense_items: With more items than this in the target domain, the softmax of the network is
            sampled.
    """

    edges_per_node: int = 50
    half_life_days: float = 365
    history_limit: int = 200
    seed: int = 7
    threads: int | None = None
    dense_items: int = 20_000

    @classmethod
    def from_settings(cls, settings: Settings) -> TrainingConfig:
        """Builds the configuration from the settings of the same names."""
        return cls(
            edges_per_node=settings.edges_per_node,
            half_life_days=settings.half_life_days,
            history_limit=settings.history_limit,
            seed=settings.seed,
            threads=settings.threads,
            dense_items=settings.dense_items,
        )
