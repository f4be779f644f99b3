"""The held-out likes of domains that nobody links with another: one like of some of their users.

Nobody there can be ranked for as a cold-start user, as in a graph with a single domain. So one like
of a user is hidden, the rest of the history stays, and the gate ranks what this user has not met.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import interactions_in_domain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

SHARE = 0.2
MAX_LIKES_PER_TARGET = 500


def held_out_likes(data: InterestGraph) -> list[NDArray[np.int64]]:
    """Selects the held-out likes by target domain, as positions in the interactions' data.

    A user has at least two likes in the domain, of which the newest is held out: the one of the
    smallest hash where none has a date. No like joins them that was in the training set before,
    unless it lost to a newer one that is gone.
    """
    return [_likes_of(data, target) for target in range(len(data.domains))]


def _likes_of(data: InterestGraph, target: int) -> NDArray[np.int64]:
    inside, owners = interactions_in_domain(data, target), data.interaction_users()
    if len(np.intersect1d(owners[inside], owners[~inside])):
        return np.zeros(0, np.int64)
    likes = np.flatnonzero(inside & (data.interactions.data > 0))
    counts = np.bincount(owners[likes], minlength=len(data.users))
    name, selected = data.domains[target], {}
    for user in np.flatnonzero(counts > 1).tolist():
        share = _hash(f"{data.users[user]}|{name}|gate")
        if share < SHARE:
            selected[user] = share
    first = sorted(selected, key=lambda user: selected[user])[:MAX_LIKES_PER_TARGET]
    newest = [_newest(data, likes[owners[likes] == user]) for user in first]
    return np.sort(np.array(newest, dtype=np.int64))


def _newest(data: InterestGraph, likes: NDArray[np.int64]) -> int:
    """The position of the newest of a user's likes; dates come before none."""

    def order(like: int) -> tuple[float, float]:
        at = float(data.last_at[like])
        hashed = _hash(str(data.items[data.interactions.indices[like]]))
        return (np.inf if np.isnan(at) else -at, hashed)

    return int(min(likes.tolist(), key=order))


def _hash(text: str) -> float:
    """Hash of a text, from 0 to 1."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32
