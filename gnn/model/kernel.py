"""Kernel ridge regression from the histories outside a domain to the likes inside it.

With A the histories of the training users over the square root of their lengths, D the importance
of the items, F the spectrum and H the texts of the source domains, N the lengths or 1, and Y the
likes in the target domain:

    K = N^1/2 (A D A' + s1 A F F' A' + s2 A H H' A') N^1/2 + prior        G = (K + L)^-1
    alpha = G Y        W = (D A' + s1 F F' A' + s2 H H' A') N^1/2 alpha

where each part is scaled to the mean diagonal of the first, and L is the penalty times the mean
diagonal times a power of the user's number of likes (Saunders, Gammerman and Vovk, "Ridge
regression learning algorithm in dual variables", 1998). No feature of a source holds anything of
the target, so that the scores of a training user without himself are exactly y - alpha / diag(G):
every choice is by NDCG@10 of these, and nobody is hidden for it (Allen, "The relationship between
variable selection and data augmentation and a method for prediction", 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.edges import FactoredWeights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.model.features import Features

    Floats = NDArray[np.float32]

MAX_TUNING_USERS = 4_000
# With fewer users, leave-one-out cannot tell one value from another.
MIN_TUNING_USERS = 20
USER_BLOCK = 1_000
# The constant in K, in mean diagonals of the rest.
PRIOR = 0.3
# Exponent of the number of likes in the penalty: who likes much has larger rows in Y.
LIKES_POWER = 0.25


class Kernel(NamedTuple):
    """The parameters of a kernel.

    Attributes:
        penalty: Ridge penalty, in mean diagonals of K.
        spectrum: Share of the spectrum, s1.
        text: Share of the texts, s2.
        hops: How many hops the texts are carried.
        normalised: Whether N is 1, or the lengths of the histories.
    """

    penalty: float = 1.0
    spectrum: float = 0.3
    text: float = 0.3
    hops: int = 1
    normalised: bool = True


VALUES: Mapping[str, Sequence[Any]] = {
    "penalty": (0.3, 1.0, 3.0, 10.0, 30.0),
    "spectrum": (0.0, 0.3, 1.0, 3.0),
    "text": (0.0, 0.3, 1.0, 3.0),
    "hops": (0, 1, 2),
    "normalised": (True, False),
}


@dataclass(frozen=True)
class TrainingUsers:
    """The training users of a target domain.

    Attributes:
        history: n^-1/2 a(u, i) of the items outside the domain, CSR (users, items of the graph).
        liked: 1 for each like inside it, CSR (users, targets).
        features: Of the items of the graph.
    """

    history: csr_array
    liked: csr_array
    features: Features

    def __len__(self) -> int:
        return int(self.liked.shape[0])

    def lengths(self) -> Floats:
        """n^1/2, (users,)."""
        return np.maximum(np.diff(self.history.indptr), 1).astype(np.float32) ** np.float32(0.5)

    def select(self, rows: NDArray[np.int64]) -> TrainingUsers:
        """Returns some of the users."""
        return TrainingUsers(
            csr_array(self.history[rows]), csr_array(self.liked[rows]), self.features
        )

    @property
    def parts(self) -> range:
        """The numbers of the parts of K: items, spectrum, and texts after each number of hops."""
        return range(2 + len(self.features.texts))

    def factor(self, number: int) -> Floats:
        """F or H: the items in the space of a part of K, (items, dimensions)."""
        return self.features.spectrum if number == 1 else self.features.texts[number - 2]

    def profiles(self, number: int) -> Floats | csr_array:
        """A D^1/2, A F or A H: the users in the space of a part of K, (users, dimensions)."""
        if not number:
            return csr_array(self.history @ diags_array(self.features.importance**0.5))
        return np.asarray(self.history @ self.factor(number), dtype=np.float32)

    def part(self, number: int) -> Floats:
        """A part of K before scaling, (users, users)."""
        profiles = self.profiles(number)
        return multiply(profiles, profiles)


def multiply(left: Floats | csr_array, right: Floats | csr_array) -> Floats:
    """The product of the profiles of some users with those of others, (users, users)."""
    if not isinstance(right, csr_array):
        return np.asarray(left @ right.T)
    product = np.empty((left.shape[0], right.shape[0]), np.float32)
    for start in range(0, right.shape[0], USER_BLOCK):
        block = slice(start, start + USER_BLOCK)
        product[:, block] = csr_array(left @ right[block].T).toarray()
    return product


class LeftOut(NamedTuple):
    """Training users, each as the solution without himself sees him.

    Attributes:
        scores: Their scores, (users, targets).
        liked: Their likes, CSR (users, targets).
        lengths: Their N^1/2, (users,).
        sums: By how much a like of each changes the sums of alpha, (users,).
    """

    scores: Floats
    liked: csr_array
    lengths: Floats
    sums: Floats


class KernelSolution:
    """The solution for all training users by the inverse of K + L, and what follows from it.

    Args:
        users: The training users.
        kernel: The parameters.
        parts: Parts of K that are known, by number; others are computed.
    """

    def __init__(
        self, users: TrainingUsers, kernel: Kernel, parts: Mapping[int, Floats] | None = None
    ) -> None:
        matrix = self._scale(users, kernel, parts)
        matrix[np.diag_indices_from(matrix)] += self._penalties(users)
        # Four times as fast by the Cholesky factor as by LU. The inverse is symmetric.
        factor = torch.linalg.cholesky(torch.from_numpy(matrix))
        self.inverse: Floats = torch.cholesky_inverse(factor, out=factor).numpy()
        self.liked_by_item = csr_array(users.liked.T)

    def _scale(
        self, basis: TrainingUsers, kernel: Kernel, parts: Mapping[int, Floats] | None
    ) -> Floats:
        """Scales the parts of K to the mean diagonal of the first; returns K, (basis, basis).

        Args:
            basis: The users whose histories the edges start from.
            kernel: The parameters.
            parts: Parts of K that are known.
        """
        self.basis, self.kernel = basis, kernel
        self.shares: dict[int, np.float32] = {}
        matrix = np.zeros((len(basis), len(basis)), np.float32)
        chosen = ((0, 1.0), (1, kernel.spectrum), (2 + int(kernel.hops), kernel.text))
        for number, share in chosen:
            if share:
                part = basis.part(number) if parts is None else parts[number]
                mean = float(part.diagonal().mean())
                if mean > 0 or not number:  # the first stays, also where all histories are neutral
                    self.shares[number] = np.float32(share / max(mean, 1e-12))
                    matrix += self.shares[number] * part
        lengths = self.lengths(basis)
        matrix *= lengths[:, None]
        matrix *= lengths[None, :]
        self.mean = float(matrix.diagonal().mean())
        self.prior = np.float32(PRIOR * self.mean)
        matrix += self.prior
        return matrix

    def lengths(self, users: TrainingUsers) -> Floats:
        """N^1/2 of some users, (users,)."""
        return np.ones(len(users), np.float32) if self.kernel.normalised else users.lengths()

    def _penalties(self, users: TrainingUsers) -> Floats:
        """The diagonal of L for some users, (users,)."""
        likes = np.maximum(np.diff(users.liked.indptr), 1).astype(np.float32)
        return self.kernel.penalty * max(self.mean, 1e-9) * likes**LIKES_POWER

    def leave_one_out(self, rows: NDArray[np.int64]) -> Iterator[LeftOut]:
        """Yields training users in blocks.

        Args:
            rows: Their positions.
        """
        for start in range(0, len(rows), USER_BLOCK):
            block = rows[start : start + USER_BLOCK]
            alpha = self.liked_by_item @ np.ascontiguousarray(self.inverse[block].T)
            scores = np.ascontiguousarray(alpha.T, dtype=np.float32)
            scores /= -self.inverse[block, block][:, None]
            users = self.basis.select(block)
            scores[likers(users.liked), users.liked.indices] += users.liked.data
            sums = self.inverse[block].sum(axis=1)
            yield LeftOut(scores, users.liked, self.lengths(users), sums)

    def prior_scores(self, part: LeftOut) -> Floats:
        """The part of the prior in these users' scores, (users, targets)."""
        errors = part.liked.toarray() - part.scores
        return self.prior * (self.item_sums - part.sums[:, None] * errors)

    @cached_property
    def item_sums(self) -> Floats:
        """The sums of alpha by target, (targets,)."""
        return np.asarray(self.liked_by_item @ self.inverse.sum(axis=1), dtype=np.float32)

    def alpha(self) -> Callable[[NDArray[np.int64]], Floats]:
        """Returns a function from some targets to their rows of alpha', (targets, basis)."""
        liked_by_item, inverse = self.liked_by_item, self.inverse
        return lambda targets: np.asarray(liked_by_item[targets] @ inverse)

    def edge_weights(self) -> FactoredWeights:
        """W: the weights of all edges from the sources to the target domain.

        They keep what they need of the solution, and not all of it.
        """
        basis, lengths, alpha_of = self.basis, self.lengths(self.basis), self.alpha()
        importance = diags_array(basis.features.importance)
        sources = [
            basis.factor(number) if number else csr_array(importance @ basis.history.T)
            for number in self.shares
        ]
        profiles = [basis.profiles(number) if number else None for number in self.shares]
        shares = list(self.shares.values())

        def target_factors(targets: NDArray[np.int64]) -> tuple[Floats, ...]:
            alpha = alpha_of(targets) * lengths
            return tuple(
                np.ascontiguousarray(share * alpha.T if each is None else share * (alpha @ each).T)
                for share, each in zip(shares, profiles, strict=True)
            )

        return FactoredWeights(tuple(sources), target_factors, int(basis.liked.shape[1]))


def most_users(limit: int, domain_count: int) -> int:
    """Returns a limit of users with which many domains cost about as much as two: it is cubic."""
    return int(limit * min(1.0, 2 / domain_count) ** (1 / 3))


def likers(liked: csr_array) -> NDArray[np.int64]:
    """The row of each stored entry."""
    return np.repeat(np.arange(liked.shape[0]), np.diff(liked.indptr))


def tune_kernel(users: TrainingUsers, kernel: Kernel) -> tuple[Kernel, NDArray[np.float64]]:
    """Chooses the parameters by coordinates, twice over all of them.

    Args:
        users: At most `MAX_TUNING_USERS`; with fewer than `MIN_TUNING_USERS` nothing is chosen.
        kernel: Where the search begins.

    Returns:
        The parameters, and NDCG@10 of each user without himself.
    """
    if not len(users):
        return kernel, np.zeros(0)
    parts = {number: users.part(number) for number in users.parts}
    best, best_ndcg = kernel, leave_one_out_ndcg(users, kernel, parts)
    if len(users) < MIN_TUNING_USERS:
        return best, best_ndcg
    tried = {kernel}
    for name, values in [*VALUES.items()] * 2:
        for value in values:
            candidate = best._replace(**{name: value})
            if candidate in tried or (name == "hops" and not best.text):
                continue
            tried.add(candidate)
            candidate_ndcg = leave_one_out_ndcg(users, candidate, parts)
            if candidate_ndcg.mean() > best_ndcg.mean():
                best, best_ndcg = candidate, candidate_ndcg
    return best, best_ndcg


def leave_one_out_ndcg(
    users: TrainingUsers, kernel: Kernel, parts: Mapping[int, Floats] | None = None
) -> NDArray[np.float64]:
    """NDCG@10 of each training user by all others, (users,)."""
    solution = KernelSolution(users, kernel, parts)
    blocks = solution.leave_one_out(np.arange(len(users)))
    found = [ndcg(part.scores, part.liked) for part in blocks]
    return np.concatenate([np.zeros(0), *found])
