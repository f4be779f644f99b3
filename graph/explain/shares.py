"""The signals of a score, as differences to an average item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIGNALS = ("transfer", "collaborative", "interest", "content", "text", "popularity")
"""Kinds of paths in the order in which they are shown."""

Paths = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Part:
    """A signal of the score of an item.

    Attributes:
        signal: Kind of its paths.
        share: Sum of their shares.
        average: The same of an average item.
    """

    signal: str
    share: float
    average: float

    @property
    def difference(self) -> float:
        """The share without what every item has."""
        return self.share - self.average


def sum_signals(paths: Paths) -> dict[str, float]:
    """Sums the shares of each kind of paths."""
    sums: dict[str, float] = {}
    for path in paths:
        sums[path["kind"]] = sums.get(path["kind"], 0.0) + path["share"]
    return sums


def average_signals(items: Sequence[Paths]) -> dict[str, float]:
    """Returns the mean of each signal over the paths of some items; an absent one counts 0."""
    sums: dict[str, float] = {}
    for paths in items:
        for signal, share in sum_signals(paths).items():
            sums[signal] = sums.get(signal, 0.0) + share
    return {signal: total / max(len(items), 1) for signal, total in sums.items()}


def split_score(paths: Paths, average: Mapping[str, float]) -> list[Part]:
    """Splits the difference between a score and that of an average item into signals.

    Their differences add up to it, since a score is the sum of its paths' shares.
    """
    shares = sum_signals(paths)
    return [
        Part(signal, shares.get(signal, 0.0), average.get(signal, 0.0))
        for signal in SIGNALS
        if signal in shares or signal in average
    ]


def popularity_decides(paths: Paths, below: Sequence[Paths], listed: int) -> bool:
    """Whether an item stands where it does because it is popular.

    That is so if the next item, or the first one that is not in the list, would stand above it were
    both equally popular.

    Args:
        paths: Paths of the item.
        below: Paths of the items that stand below it, the next one first.
        listed: Number of the items below it that are in the list.
    """
    rest = _without_popularity(paths)
    others = [below[place] for place in (0, listed) if place < len(below)]
    return any(rest < _without_popularity(other) for other in others)


def _without_popularity(paths: Paths) -> float:
    """The score without popularity."""
    return sum(share for signal, share in sum_signals(paths).items() if signal != "popularity")
