"""Kernel ridge regression from the histories outside a domain to the likes inside it.

The kernel of two users is the overlap of their histories, item by item and along the leading
singular vectors of all likes. The solution is a weight for each edge, in the same sum over edges as
that of the edge decoder. Saunders, Gammerman and Vovk, "Ridge regression learning algorithm in dual
variables", 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.data import sample_rows
from isthmus.gnn.edges import FactoredWeights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import Examples

RIDGE = 40.0
# Ridge of the interests, in units of the mean squared length of a user's interests.
INTEREST_RIDGE = 10.0
INTERCEPT = 0.1
# Users with many likes count less for each of them.
LIKES_EXPONENT = -0.25
# The solution is cubic in the users, so that a larger training set is sampled.
MAX_USERS = 15_000
USER_BLOCK = 500


class Kernel(NamedTuple):
    """The parameters of a kernel, selected on validation users.

    Attributes:
        spectrum_share: Weight of the spectrum in the kernel. Through the spectrum, users of one
            domain alone contribute to the similarity of users of several domains.
        popularity_exponent: A shared item is weighted by its popularity to this power; below 0 a
            rare item counts more than a popular one.
    """

    spectrum_share: float
    popularity_exponent: float


KERNELS = (Kernel(0.3, -0.5), Kernel(0.0, -0.5), Kernel(0.0, 0.0))


def solve_item_edges(
    examples: Examples,
    likes: NDArray[np.float64],
    source_spectrum: NDArray[np.float32],
    target_spectrum: NDArray[np.float32],
    kernel: Kernel,
    seed: int,
) -> FactoredWeights:
    """Solves for the edge weights from the items outside a domain to those inside it.

    With A the histories of the training users, n^-.5 a(u, i), D the diagonal of the items'
    popularity to the kernel's exponent, F the spectrum of the sources, Y the likes of the users,
    each over the user's number of likes to a power, and V the spectrum of the targets:
    K = A D A' + s (A F)(A F)' + .1, alpha = (K + ridge)^-1 Y, W = (D A' + s F (A F)') alpha.
    Where s, the kernel's spectrum share, is above 0, the solution for Y V V' in place of Y is added
    on the same scale: a user who likes an item would like those near it. F and V are computed from
    all users, also those of one domain alone.

    Args:
        examples: Training examples of the domain.
        likes: Number of likes of each item outside the domain, (items,), domain by domain.
        source_spectrum: Singular vectors of these items' likes, rows of unit length, (items, rank).
        target_spectrum: The same for the items inside the domain.
        kernel: The kernel.
        seed: Seed of the sample of users.
    """
    users = sample_rows(len(examples), seed, MAX_USERS)
    history, labels = csr_array(examples.source_history()[users]), _labels(examples, users)
    weighted = csr_array(history @ diags_array(_popularity(likes, kernel.popularity_exponent)))
    profiles = np.asarray(history @ source_spectrum, dtype=np.float32)
    gram = csr_array(weighted @ history.T).toarray().astype(np.float32)
    gram += kernel.spectrum_share * (profiles @ profiles.T)
    # Likes are sparse: with the inverse at hand, alpha costs no more than their number.
    inverse = _ridge_inverse(gram)
    labels_by_item = csr_array(labels.T)

    def target_factors(targets: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        alpha = np.ascontiguousarray((labels_by_item[targets] @ inverse).T)
        return alpha, kernel.spectrum_share * (profiles.T @ alpha)

    exact = FactoredWeights(
        (csr_array(weighted.T), source_spectrum), target_factors, labels.shape[1]
    )
    if not kernel.spectrum_share:
        return exact
    alpha = inverse @ np.asarray(labels @ target_spectrum, dtype=np.float32)
    sources = weighted.T @ alpha + kernel.spectrum_share * (source_spectrum @ (profiles.T @ alpha))
    smoothed = FactoredWeights(
        (np.asarray(sources, dtype=np.float32),),
        lambda targets: (np.ascontiguousarray(target_spectrum[targets].T),),
        labels.shape[1],
    )
    return exact.add(smoothed.match_scale(exact))


def solve_interest_edges(examples: Examples, seed: int) -> FactoredWeights:
    """Solves for the edge weights from interests to the items inside a domain.

    With S the interests that the users' histories imply, s(u, k), and Y their likes as in
    `solve_item_edges`: W = (S' S + ridge)^-1 S' Y.

    Args:
        examples: Training examples of the domain.
        seed: Seed of the sample of users.
    """
    users = sample_rows(len(examples), seed, MAX_USERS)
    interests = examples.interests[users].toarray()
    labels_by_item = csr_array(_labels(examples, users).T)
    gram = interests.T @ interests
    mean_squared_length = float(np.trace(gram)) / max(len(users), 1)
    gram[np.diag_indices_from(gram)] += max(INTEREST_RIDGE * mean_squared_length, 1e-9)
    return FactoredWeights(
        (np.linalg.inv(gram),),
        lambda targets: (np.ascontiguousarray((labels_by_item[targets] @ interests).T),),
        labels_by_item.shape[0],
    )


def leave_one_out_ndcg(
    examples: Examples, likes: NDArray[np.float64], users: NDArray[np.int64]
) -> NDArray[np.float64]:
    """NDCG@10 of each of some users, by the kernel ridge regression on all of them but that user.

    One solution gives them all: the prediction for user u from the others is row u of
    Y - alpha / diag((K + ridge)^-1). The kernel is without the spectrum, which is computed from the
    likes of u too.

    Args:
        examples: Training examples of the domain.
        likes: Number of likes of each item outside the domain, (items,), domain by domain.
        users: Rows of the examples.
    """
    history, labels = csr_array(examples.source_history()[users]), _labels(examples, users)
    gram = csr_array(
        csr_array(history @ diags_array(_popularity(likes, KERNELS[0].popularity_exponent)))
        @ history.T
    ).toarray()
    inverse = _ridge_inverse(gram.astype(np.float32))
    diagonal = inverse.diagonal()[:, None]
    user_ndcg = []
    for start in range(0, len(users), USER_BLOCK):
        rows = slice(start, start + USER_BLOCK)
        alpha = np.asarray((labels.T @ inverse[rows].T).T, dtype=np.float32)
        predictions = labels[rows].toarray() - alpha / diagonal[rows]
        user_ndcg.append(ndcg(predictions, csr_array(labels[rows])))
    return np.concatenate([np.zeros(0), *user_ndcg])


def _labels(examples: Examples, users: NDArray[np.int64]) -> csr_array:
    """Y of `solve_item_edges`, CSR (users, items)."""
    liked = csr_array(examples.liked[users])
    return csr_array(
        diags_array(np.diff(liked.indptr).astype(np.float32) ** LIKES_EXPONENT) @ liked
    )


def _ridge_inverse(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K + ridge)^-1; overwrites the matrix passed in."""
    gram += INTERCEPT
    gram[np.diag_indices_from(gram)] += RIDGE
    # Four times as fast by the Cholesky factor as by LU. The inverse is symmetric, and its
    # transpose is contiguous by row.
    factor = torch.linalg.cholesky(torch.from_numpy(gram))
    inverse: NDArray[np.float32] = torch.cholesky_inverse(factor).T.numpy()
    return inverse


def _popularity(likes: NDArray[np.float64], exponent: float) -> NDArray[np.float32]:
    """Likes over the median of the liked items, to a power; 0 for an item without likes."""
    liked = likes > 0
    if not liked.any():
        return np.zeros(len(likes), np.float32)
    relative = np.where(liked, likes, 1) / np.median(likes[liked])
    return np.where(liked, relative**exponent, 0).astype(np.float32)
