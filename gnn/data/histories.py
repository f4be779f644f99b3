"""How a history is read: what counts of it, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import InterestGraph, kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph


@dataclass(frozen=True)
class Reading:
    """How a query reads a history.

    Attributes:
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions of a user that count, the newest. On each side of a domain's
            border half of them; where one side has fewer, the other has what is left.
        dislike: What a dislike counts against a like; below 0 where what people dislike says, as
            what they like does, which items they turn to.
    """

    half_life_days: float = 365
    history_limit: int = 200
    dislike: float = 1.0


@dataclass(frozen=True)
class Histories:
    """What the score of one target domain sums over, a row a user, float32 CSR.

    Attributes:
        outside: a(u, i) over the history outside the domain, (users, items).
        inside: a(u, i) over the history inside the domain, (users, items).
        interests: s(u, k), (users, interests).
    """

    outside: csr_array
    inside: csr_array
    interests: csr_array


def histories(
    graph: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    reading: Reading,
    *,
    as_if_cold: bool = False,
) -> Histories:
    """The histories of some users, parted at the border of a target domain.

    Of each side the newest interactions count, up to the limit; among equals in time the strongest,
    and then those whose item comes first.

    Args:
        graph: The graph.
        target: The domain.
        users: Indices.
        reading: How they are read.
        as_if_cold: What they did in the domain counts as not done.
    """
    strengths = csr_array(graph.strengths(reading.half_life_days)[users])
    against = np.where(strengths.data < 0, np.float32(reading.dislike), np.float32(1))
    strengths = csr_array(
        (strengths.data * against, strengths.indices, strengths.indptr), shape=strengths.shape
    )
    weights = csr_array(graph.interactions[users])
    # Times ride through the same row selection as the weights do; 0 stands for no date.
    times = csr_array(
        (np.nan_to_num(graph.last_at), graph.interactions.indices, graph.interactions.indptr),
        shape=graph.interactions.shape,
    )[users]
    inside = graph.item_domain[strengths.indices] == target
    counted = ~inside if as_if_cold else np.ones_like(inside)
    rows = np.repeat(np.arange(len(users)), np.diff(strengths.indptr))
    order = np.lexsort((strengths.indices, -abs(weights.data), -times.data, inside, rows))
    run = 2 * rows[order] + inside[order]
    first = np.flatnonzero(np.diff(run, prepend=-1))
    place = np.arange(len(run)) - np.repeat(first, np.diff(np.append(first, len(run))))
    sides = np.bincount((2 * rows + inside)[counted], minlength=2 * len(users)).reshape(-1, 2)
    most = np.maximum(reading.history_limit - sides[:, ::-1], (reading.history_limit + 1) // 2)
    recent = np.empty(len(order), dtype=bool)
    recent[order] = place < most.ravel()[run]
    recent &= counted
    return Histories(
        outside=kept(strengths, recent & ~inside),
        inside=kept(strengths, recent & inside),
        interests=csr_array(graph.user_interests[users]),
    )


def over_length(history: csr_array, power: float) -> csr_array:
    """Each row over the number of its entries to a power, float32 CSR."""
    counts = np.diff(history.indptr)
    data = history.data * np.repeat(np.maximum(counts, 1) ** -power, counts)
    parts = (data.astype(np.float32), history.indices, history.indptr)
    return csr_array(parts, shape=history.shape)


# Times the half-life that is set; the last is as good as no decay.
HALF_LIVES_TRIED = (0.25, 4.0, 100.0)


def half_lives(graph: InterestGraph, reading: Reading) -> list[Reading]:
    """A reading as it is set, and with other half-lives where interactions are dated."""
    if np.isnan(graph.last_at).all():
        return [reading]
    halves = [factor * reading.half_life_days for factor in HALF_LIVES_TRIED]
    return [reading, *(dataclasses.replace(reading, half_life_days=days) for days in halves)]
