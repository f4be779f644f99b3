"""The contract of a baseline: `fits` of a graph, `scores` of users.

What a baseline tries is in its `fits`. Likes count by their strength. Dislikes are left out, but
for those in the text of a history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading

Setting = tuple[Any, ...]
"""What a baseline is told, in its own order."""


class Baseline(Protocol):
    """The contract: learns from a graph, then scores the items of a target domain."""

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[Setting]:
        """Those that are worth a try, where a history may be read in some ways."""
        ...

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
    ) -> Iterator[Self]:
        """Learns from all that the graph holds, once for each of some settings.

        What neighbours among them share is worked out once, and nothing holds on to a model that
        was given.

        Args:
            graph: The graph.
            target: The domain whose items are scored.
            settings: Out of those that are worth a try, in that order.
            seed: Of what is random.
        """
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users of the graph, (users, items of the target)."""
        ...
