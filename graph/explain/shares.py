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
    return {signal: total / len(items) for signal, total in sums.items()}


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


def popularity_decides(paths: Paths, below: Sequence[Paths], average: float, listed: int) -> bool:
    """Whether an item stands where it does because it is popular.

    That is so if the next item would stand above it were both equally popular, or if it would fall
    out of the list with the popularity of an average item.

    Args:
        paths: Paths of the item.
        below: Paths of the items that stand below it, the next one first.
        average: Popularity of an average item, as a share of its score.
        listed: Number of the items below it that are in the list.
    """
    if not below:
        return False
    rest, popularity = _without_popularity(paths)
    next_rest, next_popularity = _without_popularity(below[0])
    if popularity > next_popularity and rest < next_rest:
        return True
    if listed >= len(below) or popularity <= average:
        return False
    return rest + average < sum(_without_popularity(below[listed]))


def _without_popularity(paths: Paths) -> tuple[float, float]:
    """The score without popularity, and popularity."""
    popularity = sum_signals(paths).get("popularity", 0.0)
    return sum(path["share"] for path in paths) - popularity, popularity
