"""Who is held out: the same users in every run, on every machine, by a hash of their id."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from isthmus.errors import InputError
from isthmus.gnn.data.arrays import interests_of, kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

BUCKETS = 20
FOLDS = BUCKETS // 2
# Of held-out users that are judged together, in number of users times items: 600 MB.
SCORES_AT_ONCE = 150_000_000


@dataclass(frozen=True)
class ColdUsers:
    """Users held out for one target domain, as ascending indices.

    Attributes:
        test: They decide what a model is worth.
        validation: They choose among settings, and nothing else.
    """

    test: NDArray[np.int64]
    validation: NDArray[np.int64]


def bucket(user_id: str, target: str) -> int:
    """The bucket of a user for a target domain, from 0 to 19."""
    return _hash(f"{user_id}|{target}") % BUCKETS


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def cold_users(graph: InterestGraph, target: int, fold: int = 0) -> ColdUsers:
    """Users with interactions in the target and elsewhere whose bucket holds them out.

    Fold k tests on the buckets 2k and 2k+1 and validates on 2k+2, modulo 20.
    """
    inside = interactions_in(graph, target)
    rows = graph.owners()
    in_target = np.bincount(rows, inside, minlength=len(graph.users)) > 0
    elsewhere = np.bincount(rows, ~inside, minlength=len(graph.users)) > 0
    both = np.flatnonzero(in_target & elsewhere)
    name = graph.domains[target]
    buckets = np.array([bucket(str(user), name) for user in graph.users[both]], dtype=np.int64)
    first = 2 * fold
    tested = np.isin(buckets, [first % BUCKETS, (first + 1) % BUCKETS])
    return ColdUsers(both[tested], both[buckets == (first + 2) % BUCKETS])


def warm_likes(graph: InterestGraph, target: int, fold: int = 0) -> NDArray[np.bool_]:
    """One like each of users who keep others in the target, aligned with the interactions' data.

    The newest like of a user, or where none is dated the one that the hash of the user picks. They
    tune what a cold user cannot: the part of the history inside the domain.
    """
    liked = interactions_in(graph, target) & (graph.interactions.data > 0)
    rows = graph.owners()
    several = np.flatnonzero(np.bincount(rows, liked, minlength=len(graph.users)) > 1)
    name = f"{graph.domains[target]}|warm"
    chosen = [u for u in several if bucket(str(graph.users[u]), name) == (2 * fold + 2) % BUCKETS]
    hidden = np.zeros(len(rows), dtype=bool)
    for user in chosen:
        start, end = graph.interactions.indptr[user : user + 2]
        likes = start + np.flatnonzero(liked[start:end])
        dated = likes[~np.isnan(graph.last_at[likes])]
        if len(dated):
            hidden[dated[np.argmax(graph.last_at[dated])]] = True
        else:
            hidden[likes[_hash(f"{graph.users[user]}|{name}|like") % len(likes)]] = True
    return hidden


def few_enough(
    users: NDArray[np.int64], most: int, graph: InterestGraph, target: int
) -> NDArray[np.int64]:
    """The first of some users: so many, or fewer where scores of all items would not fit."""
    return users[: min(most, SCORES_AT_ONCE // max(1, len(graph.items_of(target))))]


def sample(users: int, seed: int, most: int) -> NDArray[np.int64]:
    """Places of so many users, all or as many as may be, ascending."""
    if users <= most:
        return np.arange(users)
    return np.sort(np.random.default_rng(seed).choice(users, most, replace=False))


def instant_of(graph: InterestGraph, share: float, until: float = np.inf) -> float:
    """The instant by which a share of the dated interactions had happened, in seconds since 1970.

    Args:
        graph: The whole graph.
        share: From 0 to 1.
        until: Only what had happened by then is counted.

    Raises:
        InputError: No interaction is dated, or none so early.
    """
    times = graph.last_at[graph.last_at <= until]
    if not len(times):
        raise InputError(
            "No interaction has a date by which it could be hidden.",
            "A split in time needs interactions with a timestamp; "
            "`isthmus evaluate cold-start` needs none.",
        )
    return float(np.quantile(times, share, method="inverted_cdf"))


def done_by(graph: InterestGraph, target: int, users: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which interactions are of some users with the target, aligned with the interactions' data."""
    held = np.zeros(len(graph.users), dtype=bool)
    held[users] = True
    return interactions_in(graph, target) & held[graph.owners()]


def without(
    graph: InterestGraph, hidden: NDArray[np.bool_], *, half_life_days: float
) -> InterestGraph:
    """The graph without some interactions.

    The interests of the users whose they were are derived anew from what remains, because the
    stored ones were derived from what is hidden.

    Args:
        graph: The whole graph.
        hidden: Which interactions are left out, aligned with the interactions' data.
        half_life_days: Age at which a dated interaction counts half, for these interests.
    """
    interactions = kept(graph.interactions, ~hidden)
    touched = np.zeros(len(graph.users), np.float32)
    touched[graph.owners()[hidden]] = 1
    remaining = dataclasses.replace(
        graph, interactions=interactions, last_at=graph.last_at[~hidden]
    )
    derived = interests_of(remaining, remaining.strengths(half_life_days))
    interests = diags_array(touched) @ derived + diags_array(1 - touched) @ graph.user_interests
    return dataclasses.replace(remaining, user_interests=csr_array(interests).astype(np.float32))


def interactions_in(graph: InterestGraph, domain: int) -> NDArray[np.bool_]:
    """Which interactions are with an item of the domain, aligned with the interactions' data."""
    inside: NDArray[np.bool_] = graph.item_domain[graph.interactions.indices] == domain
    return inside
