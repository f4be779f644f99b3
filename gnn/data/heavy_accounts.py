"""Heavy accounts: users with so many interactions that they would teach more than all others.

A robot that meets every item makes each pair of items look alike, and so multiplies the edges. What
other users do cannot correct that, where nobody else has met these items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data.histories import rank_by_recency
from isthmus.gnn.data.splits import hide_interactions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

# So many interactions of every user take part in a training, whatever the others have.
MIN_LIMIT = 500
# Beyond that, as many as this multiple of the median user's. A person with much time has some ten
# times as many as the median; what has more is mostly a program, a shared account or an importer.
MEDIANS = 20


@dataclass(frozen=True)
class HeavyAccounts:
    """The users whose interactions take part in a training only in part.

    Attributes:
        limit: Number of interactions of a user that take part: the newest, and of those at the same
            time the strongest.
        users: Indices of the users with more, those with the most first.
        counts: Their numbers of interactions.
    """

    limit: int
    users: NDArray[np.int64]
    counts: NDArray[np.int64]


def find_heavy_accounts(graph: InterestGraph) -> HeavyAccounts:
    """Finds the users with more than `MIN_LIMIT` and `MEDIANS` times the median interactions."""
    counts = np.diff(graph.interactions.indptr).astype(np.int64)
    active = counts[counts > 0]
    limit = max(MIN_LIMIT, int(MEDIANS * np.median(active))) if len(active) else MIN_LIMIT
    users = np.flatnonzero(counts > limit)
    users = users[np.argsort(-counts[users], kind="stable")]
    return HeavyAccounts(limit, users, counts[users])


def limit_heavy_accounts(graph: InterestGraph, half_life_days: float) -> InterestGraph:
    """Hides the older interactions of heavy accounts, so that each teaches no more than the limit.

    Args:
        graph: The snapshot.
        half_life_days: Half-life of the interests that are derived from what remains.

    Returns:
        The graph itself where it has no heavy account.
    """
    heavy = find_heavy_accounts(graph)
    if not len(heavy.users):
        return graph
    owners = graph.interaction_users()
    rank = rank_by_recency(graph.interactions, np.nan_to_num(graph.last_at), owners)
    hidden = np.isin(owners, heavy.users) & (rank >= heavy.limit)
    return hide_interactions(graph, hidden, half_life_days=half_life_days)
