"""A graph with obvious recommendations: even users like even items, odd users odd ones."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import InterestGraph, derive_interests

USERS = 120
ITEMS = 12  # in each of the two domains


def checkerboard() -> InterestGraph:
    """Two domains; a user likes four of the six items of their colour in each domain."""
    rng = np.random.default_rng(5)
    rows, columns = [], []
    for user in range(USERS):
        for domain in range(2):
            colour = np.arange(user % 2, ITEMS, 2) + domain * ITEMS
            rows += [user] * 4
            columns += sorted(rng.choice(colour, 4, replace=False).tolist())
    shape = (USERS, 2 * ITEMS)
    likes = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    likes.sort_indices()
    colours = np.arange(2 * ITEMS) % 2
    vectors = np.eye(2, dtype=np.float32)
    item_interests = csr_array(vectors[colours])
    graph = InterestGraph(
        users=np.array([f"user {k:03}" for k in range(USERS)]),
        items=np.array([f"{'ab'[k // ITEMS]}:{k:02}" for k in range(2 * ITEMS)]),
        domains=("a", "b"),
        item_domain=np.repeat(np.array([0, 1], np.int32), ITEMS),
        item_vectors=vectors[colours],
        interactions=likes,
        last_at=np.full(likes.nnz, np.nan),
        interests=np.array(["even", "odd"]),
        interest_vectors=vectors,
        item_interests=item_interests,
        user_interests=csr_array((USERS, 2), dtype=np.float32),
        written_interests=csr_array((USERS, 2), dtype=np.float32),
    )
    return dataclasses.replace(graph, user_interests=derive_interests(graph, likes))
