"""The closed form beside the network: ridge regression from histories outside a domain into it.

A kernel ridge regression whose kernel between two users is how much of their histories they share,
item by item and along the leading singular vectors of all likes. What it learns is a weight for
each edge, in the same sum that the network learns. Saunders, Gammerman and Vovk, "Ridge regression
learning algorithm in dual variables", 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from gnn.edges import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.tasks import Task

RIDGE = 60.0
STRUCTURE_SHARE = 0.3
CONSTANT = 0.1
# A rare item in common says more than a popular one.
POPULARITY_POWER = -0.5
# Users with many likes are fitted less closely each.
LIKES_POWER = 0.25
# The solution is cubic in users: more than these are sampled.
USERS = 15_000


def closed_form(
    lesson: Task, likes: NDArray[np.float64], structure: NDArray[np.float32], seed: int
) -> Weights:
    """Edge weights from the items outside a domain to those inside it.

    With A the histories of the users of the lesson, n^-.5 a(u, i), D the diagonal of the items'
    popularity to a power, F the structure and Y what the users like:
    K = A D A' + .3 (A F)(A F)' + .1, alpha = (K + ridge)^-1 Y, W = (D A' + .3 F (A F)') alpha.

    Args:
        lesson: From outside the domain into it.
        likes: How often each item outside is liked, (items,), domain by domain.
        structure: Singular vectors of these items' likes, rows of unit length, (items, rank).
        seed: Of the sample where there are too many users.
    """
    users = np.arange(len(lesson))
    if len(users) > USERS:
        users = np.sort(np.random.default_rng(seed).choice(users, USERS, replace=False))
    history = csr_array(lesson.outside()[users])
    liked = csr_array(lesson.liked[users])
    shared = csr_array(history @ diags_array(_rarity(likes)))
    profiles = np.asarray(history @ structure, dtype=np.float32)
    kernel = csr_array(shared @ history.T).toarray().astype(np.float32)
    kernel += STRUCTURE_SHARE * (profiles @ profiles.T) + CONSTANT
    kernel[np.diag_indices_from(kernel)] += RIDGE * np.diff(liked.indptr) ** LIKES_POWER
    # Likes are few: with the inverse at hand, alpha costs no more than their number.
    inverse = np.linalg.inv(kernel)
    likers = csr_array(liked.T)

    def rights(targets: slice) -> tuple[NDArray[np.float32], ...]:
        alpha = np.ascontiguousarray((likers[targets] @ inverse).T)
        return alpha, STRUCTURE_SHARE * (profiles.T @ alpha)

    return Weights((csr_array(shared.T), structure), rights, liked.shape[1])


def _rarity(likes: NDArray[np.float64]) -> NDArray[np.float32]:
    some = likes > 0
    if not some.any():
        return np.zeros(len(likes), np.float32)
    relative = np.where(some, likes, 1) / np.median(likes[some])
    return np.where(some, relative**POPULARITY_POWER, 0).astype(np.float32)
