"""Who is held out, and what a ranking for them is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.arrays import kept
from isthmus.gnn.data.examples import likes_of
from isthmus.gnn.data.splits import interactions_in
from isthmus.gnn.evaluation import leakage as audit
from isthmus.gnn.evaluation.conditions import Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

# Users that are ranked for at a time, so that scores of all items fit in memory.
BLOCK = 1000


@dataclass(frozen=True)
class Exam:
    """The held-out users, and what a ranking for them is judged by.

    Attributes:
        target: The domain.
        users: Those with likes to find in the target.
        liked: What they like, hidden from all models, CSR (users, items of the target).
        rated: Hidden weights of those of them who like some items and dislike others, CSR (users,
            items of the target).
        met: What they have met, left out of the ranking, CSR (users, items of the target).
        twins: Which of these likes have a twin, see `find_twins`, aligned with `liked.data`.
        lengths: Of what is left of their histories.
        likers: Users who like each item, of those that the models see, (items of the target,).
        vectors: Embeddings of the items of the target.
        seen_users: Users that the models see.
    """

    target: int
    users: NDArray[np.int64]
    liked: csr_array
    rated: csr_array
    met: csr_array
    twins: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    likers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    seen_users: int


def exam_of(
    graph: InterestGraph,
    hidden: NDArray[np.bool_],
    seen: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    *,
    met: csr_array | None = None,
    titles: Sequence[str] | None = None,
) -> Exam:
    """Asks those of some users who like something of what is hidden in a domain.

    Args:
        graph: The whole graph.
        hidden: What these users are asked about, aligned with its interactions' data.
        seen: The graph that the models get.
        target: The domain.
        users: Held-out users.
        met: What all users of the graph have met, left out of the ranking; nothing without it.
        titles: Of all items, to find twins by.
    """
    items = graph.items_of(target)
    asked = hidden & interactions_in(graph, target)
    weights = csr_array(kept(graph.interactions, asked)[users][:, items])
    liked = kept(weights, weights.data > 0)
    some = np.flatnonzero(np.diff(liked.indptr))
    users, liked, weights = users[some], csr_array(liked[some]), csr_array(weights[some])
    liked.data = np.ones_like(liked.data)
    dislikes = np.diff(kept(weights, weights.data < 0).indptr)
    everyone = likes_of(seen, target, np.arange(len(seen.users)))
    return Exam(
        target=target,
        users=users,
        liked=liked,
        rated=kept(weights, np.repeat(dislikes > 0, np.diff(weights.indptr))),
        met=csr_array(liked.shape) if met is None else csr_array(met[users][:, items]),
        twins=audit.twins(seen, target, users, liked, titles),
        lengths=np.diff(seen.interactions.indptr)[users],
        likers=np.bincount(everyone.indices, minlength=len(items)),
        vectors=graph.item_vectors[items],
        seen_users=len(seen.users),
    )


def ranked(scores: Scores, exam: Exam, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Scores of some of an exam's users, -inf for what they have met."""
    block = np.array(scores(exam.users[rows]), dtype=np.float32)
    block[exam.met[rows].nonzero()] = -np.inf
    return block
