"""The closed forms beside the network: ridge regression from histories outside a domain into it.

A kernel ridge regression whose kernel between two users is how much of their histories they share,
item by item and along the leading singular vectors of all likes. What it learns is a weight for
each edge, in the same sum that the network learns. Saunders, Gammerman and Vovk, "Ridge regression
learning algorithm in dual variables", 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.data.splits import sample
from isthmus.gnn.edges.factored_weights import Weights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.examples import Task

RIDGE = 40.0
# Of interests, times the mean squared length of a user's.
INTEREST_RIDGE = 10.0
CONSTANT = 0.1
# Users with many likes count less for each of them.
LIKES_POWER = -0.25
# The solution is cubic in users: more than these are sampled.
USERS = 15_000
USERS_AT_ONCE = 500


class Form(NamedTuple):
    """A closed form, of which validation chooses one.

    Attributes:
        structure_share: How much the structure counts: it carries what users of one domain know,
            where they are like those of several.
        rarity: What an item in common counts is its popularity to this power; below 0 a rare one
            says more than a popular one.
    """

    structure_share: float
    rarity: float


FORMS = (Form(0.3, -0.5), Form(0.0, -0.5), Form(0.0, 0.0))


def closed_form(
    lesson: Task,
    likes: NDArray[np.float64],
    source_structure: NDArray[np.float32],
    target_structure: NDArray[np.float32],
    form: Form,
    seed: int,
) -> Weights:
    """Edge weights from the items outside a domain to those inside it.

    With A the histories of the users of the lesson, n^-.5 a(u, i), D the diagonal of the items'
    popularity to the power of the form's rarity, F the structure of the sources, Y what the users
    like, each over the number of their likes to a power, and V the structure of the targets:
    K = A D A' + s (A F)(A F)' + .1, alpha = (K + ridge)^-1 Y, W = (D A' + s F (A F)') alpha.
    Where s, the form's structure share, is above 0, to it comes, as large, the same with Y V V' for
    Y: who likes an item would like those near it. F and V have learned what is near from all users,
    also those of one domain alone.

    Args:
        lesson: From outside the domain into it.
        likes: How often each item outside is liked, (items,), domain by domain.
        source_structure: Singular vectors of these items' likes, rows of unit length, (items,
            rank).
        target_structure: The same of the items inside the domain.
        form: Which one.
        seed: Of the sample where there are too many users.
    """
    users = sample(len(lesson), seed, USERS)
    history, liked = csr_array(lesson.outside()[users]), _liked(lesson, users)
    shared = csr_array(history @ diags_array(_rarity(likes, form.rarity)))
    profiles = np.asarray(history @ source_structure, dtype=np.float32)
    kernel = csr_array(shared @ history.T).toarray().astype(np.float32)
    kernel += form.structure_share * (profiles @ profiles.T)
    # Likes are few: with the inverse at hand, alpha costs no more than their number.
    inverse = _inverse(kernel)
    likers = csr_array(liked.T)

    def rights(targets: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        alpha = np.ascontiguousarray((likers[targets] @ inverse).T)
        return alpha, form.structure_share * (profiles.T @ alpha)

    exact = Weights((csr_array(shared.T), source_structure), rights, liked.shape[1])
    if not form.structure_share:
        return exact
    alpha = inverse @ np.asarray(liked @ target_structure, dtype=np.float32)
    sources = shared.T @ alpha + form.structure_share * (source_structure @ (profiles.T @ alpha))
    near = Weights(
        (np.asarray(sources, dtype=np.float32),),
        lambda targets: (np.ascontiguousarray(target_structure[targets].T),),
        liked.shape[1],
    )
    return exact.plus(near.scaled_like(exact))


def closed_form_of_interests(lesson: Task, seed: int) -> Weights:
    """Edge weights from interests to the items inside a domain.

    With S what the histories of the lesson's users speak for, s(u, k), and Y what they like as in
    `closed_form`: W = (S' S + ridge)^-1 S' Y.

    Args:
        lesson: From outside the domain into it; there are interests.
        seed: Of the sample where there are too many users.
    """
    users = sample(len(lesson), seed, USERS)
    told, likers = lesson.interests[users].toarray(), csr_array(_liked(lesson, users).T)
    shared = told.T @ told
    squared = float(np.trace(shared)) / max(len(users), 1)
    shared[np.diag_indices_from(shared)] += max(INTEREST_RIDGE * squared, 1e-9)
    return Weights(
        (np.linalg.inv(shared),),
        lambda targets: (np.ascontiguousarray((likers[targets] @ told).T),),
        likers.shape[0],
    )


def left_out(
    lesson: Task, likes: NDArray[np.float64], users: NDArray[np.int64]
) -> NDArray[np.float64]:
    """NDCG@10 of each of some users by the closed form without structure, solved without them.

    That takes no other solutions: what user u gets from the others is Y - alpha / diag((K +
    ridge)^-1), row u. Structure would know what they like, and has no part.

    Args:
        lesson: From outside the domain into it.
        likes: How often each item outside is liked, (items,), domain by domain.
        users: Rows of the lesson.
    """
    history, liked = csr_array(lesson.outside()[users]), _liked(lesson, users)
    kernel = csr_array(
        csr_array(history @ diags_array(_rarity(likes, FORMS[0].rarity))) @ history.T
    ).toarray()
    inverse = _inverse(kernel.astype(np.float32))
    own = inverse.diagonal()[:, None]
    values = []
    for start in range(0, len(users), USERS_AT_ONCE):
        rows = slice(start, start + USERS_AT_ONCE)
        alpha = np.asarray((liked.T @ inverse[rows].T).T, dtype=np.float32)
        values.append(ndcg(liked[rows].toarray() - alpha / own[rows], csr_array(liked[rows])))
    return np.concatenate([np.zeros(0), *values])


def _liked(lesson: Task, users: NDArray[np.int64]) -> csr_array:
    liked = csr_array(lesson.liked[users])
    return csr_array(diags_array(np.diff(liked.indptr).astype(np.float32) ** LIKES_POWER) @ liked)


def _inverse(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    kernel += CONSTANT
    kernel[np.diag_indices_from(kernel)] += RIDGE
    # By its Cholesky factor, four times as fast as an inverse by LU; it is symmetric, and its
    # transpose lies row by row.
    factor = torch.linalg.cholesky(torch.from_numpy(kernel))
    inverse: NDArray[np.float32] = torch.cholesky_inverse(factor).T.numpy()
    return inverse


def _rarity(likes: NDArray[np.float64], power: float) -> NDArray[np.float32]:
    some = likes > 0
    if not some.any():
        return np.zeros(len(likes), np.float32)
    relative = np.where(some, likes, 1) / np.median(likes[some])
    return np.where(some, relative**power, 0).astype(np.float32)
