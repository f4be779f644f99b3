"""Synthetic interactions of any size: two domains that share tastes, popularity by power law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gnn.data import InterestGraph

INTERACTIONS, USERS, ITEMS = 250_000, 6_250, 3_125
DOMAINS = ("films", "recipes")
TASTES = 100
TASTES_A_USER = 3
# Of interactions that follow a taste; the others follow popularity alone.
BY_TASTE = 0.7
# Ranks are drawn as a uniform number to this power: the larger, the more popular the popular.
SKEW = 3
# Of users, those with a history in both domains.
IN_BOTH = 0.5


def interactions(scale: int, seed: int = 7) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The user and the item of each interaction, no pair twice; items of the domains alternate.

    Args:
        scale: Times 250,000 interactions, 6,250 users and 3,125 items, before pairs are merged.
        seed: Of all that is drawn.
    """
    rng = np.random.default_rng(seed)
    users, items = USERS * scale, ITEMS * scale // len(DOMAINS)
    activity = rng.lognormal(0, 1, users)
    user = rng.choice(users, INTERACTIONS * scale, p=activity / activity.sum())
    taste = rng.integers(0, TASTES, (users, TASTES_A_USER))[
        user, rng.integers(0, TASTES_A_USER, len(user))
    ]
    home = rng.integers(0, len(DOMAINS), users)
    wanders = rng.random(users) < IN_BOTH
    domain = np.where(wanders[user], rng.integers(0, len(DOMAINS), len(user)), home[user])
    rank = rng.random(len(user)) ** SKEW
    by_taste = rng.random(len(user)) < BY_TASTE
    of_taste = (rank * (items // TASTES)).astype(np.int64) * TASTES + taste
    place = np.where(by_taste, of_taste, (rank * items).astype(np.int64))
    pairs = np.unique(user * (items * len(DOMAINS)) + place * len(DOMAINS) + domain)
    return pairs // (items * len(DOMAINS)), pairs % (items * len(DOMAINS))


def graph(scale: int, seed: int = 7) -> InterestGraph:
    """The same as the arrays that training reads, without texts, interests and dates."""
    user, item = interactions(scale, seed)
    users, items = USERS * scale, ITEMS * scale // len(DOMAINS) * len(DOMAINS)
    matrix = csr_array((np.ones(len(user), np.float32), (user, item)), shape=(users, items))
    domain = np.arange(items) % len(DOMAINS)
    return InterestGraph(
        users=np.array([f"user {k}" for k in range(users)]),
        items=np.array([f"{DOMAINS[k % len(DOMAINS)]}:{k}" for k in range(items)]),
        domains=DOMAINS,
        item_domain=domain.astype(np.int32),
        item_vectors=np.zeros((items, 0), np.float32),
        interactions=matrix,
        last_at=np.full(matrix.nnz, np.nan),
        interests=np.array([], dtype=np.str_),
        interest_vectors=np.zeros((0, 0), np.float32),
        item_interests=csr_array((items, 0), dtype=np.float32),
        user_interests=csr_array((users, 0), dtype=np.float32),
    )
