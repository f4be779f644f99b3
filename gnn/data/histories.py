"""Histories of users: which interactions count, and how much."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import SECONDS_PER_DAY, select_entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

# Multiples of the configured half-life to try; the last is as good as no decay.
HALF_LIFE_FACTORS = (0.25, 4.0, 100.0)


@dataclass(frozen=True)
class HistoryWeighting:
    """The weights of a history's interactions.

    Attributes:
        half_life_days: Age in days at which a dated interaction counts half.
        history_limit: Maximum number of a user's interactions that count, newest first. Half of
            them are inside the target domain and half, of an odd number one more, outside; where
            one side has fewer, the other side gets the remainder.
        dislike_weight: Factor of a dislike's weight; below 0 where dislikes, like likes, predict
            which items a user will like.
    """

    half_life_days: float = 365
    history_limit: int = 200
    dislike_weight: float = 1.0


@dataclass(frozen=True)
class Histories:
    """What the score of one target domain sums over, one row per user, float32 CSR.

    Attributes:
        outside: a(u, i) over the history outside the domain, (users, items).
        inside: a(u, i) over the history inside the domain, (users, items).
        interests: s(u, k), (users, interests).
        written: t(u, k), the written interests, (users, interests).
    """

    outside: csr_array
    inside: csr_array
    interests: csr_array
    written: csr_array


def split_histories(
    graph: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    weighting: HistoryWeighting,
    *,
    as_if_cold: bool = False,
) -> Histories:
    """Splits the histories of some users into those inside and outside a target domain.

    On each side the newest interactions count, up to the limit; of those at the same time the
    strongest come first, and then those with the lower item index. They decay from the newest that
    is not hidden.

    Args:
        graph: The graph.
        target: Index of the target domain.
        users: Indices of the users.
        weighting: How interactions are weighted and how many count.
        as_if_cold: Hide the history inside the domain.
    """
    weights = csr_array(graph.interactions[users])
    # As a matrix, times go through the same row selection as weights; 0 stands for no date.
    times = csr_array(
        (np.nan_to_num(graph.last_at), graph.interactions.indices, graph.interactions.indptr),
        shape=graph.interactions.shape,
    )[users]
    inside = graph.item_domain[weights.indices] == target
    visible = ~inside if as_if_cold else np.ones_like(inside)
    rows = np.repeat(np.arange(len(users)), np.diff(weights.indptr))
    newest = np.zeros(len(users))
    np.maximum.at(newest, rows[visible], times.data[visible])
    days = np.where(times.data != 0, (newest[rows] - times.data) / SECONDS_PER_DAY, 0)
    factors = np.where(weights.data < 0, weighting.dislike_weight, 1)
    factors = factors * 0.5 ** (np.maximum(days, 0) / weighting.half_life_days)
    strengths = csr_array(
        ((weights.data * factors).astype(np.float32), weights.indices, weights.indptr),
        shape=weights.shape,
    )
    side = 2 * rows + inside
    rank = rank_by_recency(weights, times.data, side)
    lengths = np.bincount(side[visible], minlength=2 * len(users)).reshape(-1, 2)
    half = weighting.history_limit // 2
    shares = np.array([weighting.history_limit - half, half])  # outside, inside
    limits = np.maximum(weighting.history_limit - lengths[:, ::-1], shares)
    counted = visible & (rank < limits.ravel()[side])
    return Histories(
        outside=select_entries(strengths, counted & ~inside),
        inside=select_entries(strengths, counted & inside),
        interests=csr_array(graph.user_interests[users]),
        written=csr_array(graph.written_interests[users]),
    )


def rank_by_recency(
    weights: csr_array, times: NDArray[np.float64], group: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Ranks interactions in their group, from 0: the newest first, then the strongest.

    Args:
        weights: Weights of the interactions, CSR (users, items).
        times: Their times, 0 without a date, aligned with the weights' data.
        group: Their groups, aligned likewise.
    """
    order = np.lexsort((weights.indices, -abs(weights.data), -times, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.empty(len(order), dtype=np.int64)
    lengths = np.diff(np.append(starts, len(order)))
    rank[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    return rank


def normalize_by_length(history: csr_array, power: float) -> csr_array:
    """Divides each row by its number of entries to a power, float32 CSR."""
    counts = np.diff(history.indptr)
    data = history.data * np.repeat(np.maximum(counts, 1) ** -power, counts)
    parts = (data.astype(np.float32), history.indices, history.indptr)
    return csr_array(parts, shape=history.shape)


def half_life_grid(graph: InterestGraph, weighting: HistoryWeighting) -> list[HistoryWeighting]:
    """Returns a history weighting and, where interactions have dates, it with other half-lives."""
    if np.isnan(graph.last_at).all():
        return [weighting]
    half_lives = [factor * weighting.half_life_days for factor in HALF_LIFE_FACTORS]
    return [
        weighting,
        *(dataclasses.replace(weighting, half_life_days=days) for days in half_lives),
    ]
