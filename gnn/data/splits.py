"""Splits into training set, validation users and test users.

A hash of the user id makes them the same in every run, on every machine.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from isthmus.errors import InputError
from isthmus.gnn.data.arrays import derive_interests, select_entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

BUCKETS = 20
FOLDS = BUCKETS // 2
# Users times items that are scored at once, for memory: 600 MB.
MAX_SCORES = 150_000_000

HideFunction = Callable[["InterestGraph", int, "NDArray[np.int64]"], "InterestGraph"]
"""Hides the interactions and texts of some users in a target domain from a snapshot."""


@dataclass(frozen=True)
class ColdStartUsers:
    """Users held out for one target domain, as ascending indices.

    Attributes:
        test: Users that models are evaluated on.
        validation: Users that parameters are tuned on, and nothing else.
    """

    test: NDArray[np.int64]
    validation: NDArray[np.int64]


def hash_bucket(user_id: str, target: str) -> int:
    """Returns the bucket of a user for a target domain, from 0 to 19."""
    return _hash(f"{user_id}|{target}") % BUCKETS


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def cold_start_users(graph: InterestGraph, target: int, fold: int = 0) -> ColdStartUsers:
    """Holds out users with a history inside and outside the target domain, by their buckets.

    Fold k tests on the buckets 2k and 2k+1 and validates on 2k+2, modulo 20.
    """
    inside = interactions_in_domain(graph, target)
    rows = graph.interaction_users()
    in_target = np.bincount(rows, inside, minlength=len(graph.users)) > 0
    in_source = np.bincount(rows, ~inside, minlength=len(graph.users)) > 0
    both = np.flatnonzero(in_target & in_source)
    name = graph.domains[target]
    buckets = np.array([hash_bucket(str(user), name) for user in graph.users[both]], dtype=np.int64)
    first = 2 * fold
    in_test = np.isin(buckets, [first % BUCKETS, (first + 1) % BUCKETS])
    return ColdStartUsers(both[in_test], both[buckets == (first + 2) % BUCKETS])


def held_out_likes(graph: InterestGraph, target: int, fold: int = 0) -> NDArray[np.bool_]:
    """Masks one like of each validation user with several likes in the target domain.

    It is the newest like, or one selected by a hash where none has a date. These users are not
    cold-start users, so they can tune the weight of the history inside the domain.

    Returns:
        Booleans aligned with the interactions' data.
    """
    liked = interactions_in_domain(graph, target) & (graph.interactions.data > 0)
    rows = graph.interaction_users()
    several = np.flatnonzero(np.bincount(rows, liked, minlength=len(graph.users)) > 1)
    name = f"{graph.domains[target]}|warm"
    validation = [
        u for u in several if hash_bucket(str(graph.users[u]), name) == (2 * fold + 2) % BUCKETS
    ]
    hidden = np.zeros(len(rows), dtype=bool)
    for user in validation:
        start, end = graph.interactions.indptr[user : user + 2]
        likes = start + np.flatnonzero(liked[start:end])
        dated = likes[~np.isnan(graph.last_at[likes])]
        if len(dated):
            hidden[dated[np.argmax(graph.last_at[dated])]] = True
        else:
            hidden[likes[_hash(f"{graph.users[user]}|{name}|like") % len(likes)]] = True
    return hidden


def limit_users(
    users: NDArray[np.int64], max_users: int, graph: InterestGraph, target: int
) -> NDArray[np.int64]:
    """Returns the first `max_users` users, or fewer if their scores would not fit in memory."""
    return users[: min(max_users, MAX_SCORES // max(1, len(graph.items_of(target))))]


def sample_rows(rows: int, seed: int, max_rows: int) -> NDArray[np.int64]:
    """Returns the indices of all rows, or of `max_rows` random ones, ascending."""
    if rows <= max_rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, max_rows, replace=False))


def time_quantile(graph: InterestGraph, share: float, until: float = np.inf) -> float:
    """Returns the time by which a share of the dated interactions had happened.

    Args:
        graph: The whole graph.
        share: From 0 to 1.
        until: Interactions after this time do not count.

    Returns:
        Seconds since 1970.

    Raises:
        InputError: No interaction up to `until` has a date.
    """
    times = graph.last_at[graph.last_at <= until]
    if not len(times):
        other = ", or use `isthmus evaluate cold-start`, which needs none"
        raise InputError(
            "No interaction has a date to split by.",
            f"Add timestamps to the interactions{other if len(graph.domains) > 1 else ''}.",
        )
    return float(np.quantile(times, share, method="inverted_cdf"))


def interactions_of_users(
    graph: InterestGraph, target: int, users: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Masks the interactions of some users in the target domain, aligned with their data."""
    selected = np.zeros(len(graph.users), dtype=bool)
    selected[users] = True
    return interactions_in_domain(graph, target) & selected[graph.interaction_users()]


def hide_interactions(
    graph: InterestGraph, hidden: NDArray[np.bool_], *, half_life_days: float
) -> InterestGraph:
    """Returns the graph without some interactions.

    The interests of the users concerned are derived again from the remaining interactions, because
    the stored ones were derived from the hidden interactions too. Written interests stay: they come
    from texts that are about no item, neither a hidden nor a remaining one.

    Args:
        graph: The whole graph.
        hidden: Mask of the interactions to hide, aligned with the interactions' data.
        half_life_days: Age in days at which a dated interaction counts half for these interests.
    """
    interactions = select_entries(graph.interactions, ~hidden)
    affected = np.zeros(len(graph.users), np.float32)
    affected[graph.interaction_users()[hidden]] = 1
    remaining = dataclasses.replace(
        graph, interactions=interactions, last_at=graph.last_at[~hidden]
    )
    derived = derive_interests(remaining, remaining.decayed_weights(half_life_days))
    interests = diags_array(affected) @ derived + diags_array(1 - affected) @ graph.user_interests
    return dataclasses.replace(remaining, user_interests=csr_array(interests).astype(np.float32))


def interactions_in_domain(graph: InterestGraph, domain: int) -> NDArray[np.bool_]:
    """Masks the interactions with items of a domain, aligned with the interactions' data."""
    inside: NDArray[np.bool_] = graph.item_domain[graph.interactions.indices] == domain
    return inside
