"""The held-out users of a target domain, and the hidden likes that a ranking should find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data import domain_likes, interactions_in_domain, select_entries
from isthmus.gnn.evaluation.conditions import ScoreFunction
from isthmus.gnn.evaluation.leakage import find_twins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

# Users ranked at a time, so that the scores of all items fit in memory.
USER_BLOCK = 1000


@dataclass(frozen=True)
class HeldOutSet:
    """The held-out users of a target domain, and what their rankings are evaluated against.

    Attributes:
        target: The target domain.
        users: Held-out users with hidden likes in the target, (users,).
        liked: Their hidden likes, CSR (users, items of the target).
        rated: Hidden weights of those users who have both likes and dislikes among them, CSR
            (users, items of the target).
        excluded: Items that they interacted with before, excluded from the ranking, CSR (users,
            items of the target).
        twins: Which of the likes have a twin, see `find_twins`, aligned with `liked.data`.
        history_lengths: Interactions of each user in the training set, (users,).
        like_counts: Users who like each item in the training set, (items of the target,).
        item_vectors: Embeddings of the items of the target, (items of the target, dimensions).
        training_users: Number of users in the training set.
    """

    target: int
    users: NDArray[np.int64]
    liked: csr_array
    rated: csr_array
    excluded: csr_array
    twins: NDArray[np.bool_]
    history_lengths: NDArray[np.int64]
    like_counts: NDArray[np.int64]
    item_vectors: NDArray[np.float32]
    training_users: int


def build_held_out_set(
    graph: InterestGraph,
    hidden: NDArray[np.bool_],
    training_set: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    *,
    excluded: csr_array | None = None,
    titles: Sequence[str] | None = None,
) -> HeldOutSet:
    """Selects the users who have likes among the hidden interactions in a target domain.

    Args:
        graph: The whole graph.
        hidden: Which of its interactions the rankings should find, aligned with the interactions'
            data.
        training_set: The graph that the models are trained on.
        target: The target domain.
        users: Candidates for the held-out users.
        excluded: Items to exclude from each user's ranking, CSR (users, items of all domains);
            None to rank all.
        titles: Titles of all items, by which twins are found; None to skip the search for twins.
    """
    items = graph.items_of(target)
    hidden_in_target = hidden & interactions_in_domain(graph, target)
    weights = csr_array(select_entries(graph.interactions, hidden_in_target)[users][:, items])
    liked = select_entries(weights, weights.data > 0)
    with_likes = np.flatnonzero(np.diff(liked.indptr))
    users, liked, weights = (
        users[with_likes],
        csr_array(liked[with_likes]),
        csr_array(weights[with_likes]),
    )
    liked.data = np.ones_like(liked.data)
    dislikes = np.diff(select_entries(weights, weights.data < 0).indptr)
    training_likes = domain_likes(training_set, target, np.arange(len(training_set.users)))
    return HeldOutSet(
        target=target,
        users=users,
        liked=liked,
        rated=select_entries(weights, np.repeat(dislikes > 0, np.diff(weights.indptr))),
        excluded=(
            csr_array(liked.shape) if excluded is None else csr_array(excluded[users][:, items])
        ),
        twins=find_twins(training_set, target, users, liked, titles),
        history_lengths=np.diff(training_set.interactions.indptr)[users],
        like_counts=np.bincount(training_likes.indices, minlength=len(items)),
        item_vectors=graph.item_vectors[items],
        training_users=len(training_set.users),
    )


def rank_users(
    scores: ScoreFunction, held_out: HeldOutSet, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Returns the scores of some held-out users, -inf for excluded items."""
    block = np.array(scores(held_out.users[rows]), dtype=np.float32)
    block[held_out.excluded[rows].nonzero()] = -np.inf
    return block
