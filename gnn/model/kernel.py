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

from isthmus.gnn.data import sample_rows
from isthmus.gnn.edges import FactoredWeights
from isthmus.gnn.metrics import ndcg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.model.features import Features

    Floats = NDArray[np.float32]

# The solution is cubic in the users, so that a larger training set is sampled.
MAX_USERS = 15_000
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
# Weights of popularity in the served score, in standard deviations of the rest.
POPULARITY_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)


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

    @cached_property
    def spectrum(self) -> Floats:
        """The dimensions of the spectrum in which these users have anything, (items, rank)."""
        met = np.unique(self.history.indices)
        return self.features.spectrum[:, self.features.spectrum[met].any(axis=0)]

    def factor(self, number: int) -> Floats:
        """F or H: the items in the space of a part of K, (items, dimensions)."""
        return self.spectrum if number == 1 else self.features.texts[number - 2]

    def part(self, number: int) -> Floats:
        """A part of K before scaling, (users, users)."""
        if not number:
            weighted = csr_array(self.history @ diags_array(self.features.importance))
            gram = np.empty((len(self), len(self)), np.float32)
            for start in range(0, len(self), USER_BLOCK):
                block = slice(start, start + USER_BLOCK)
                gram[:, block] = weighted @ self.history[block].T.toarray()
            return gram
        profiles = self.profiles(number)
        return profiles @ profiles.T

    def profiles(self, number: int) -> Floats:
        """A F or A H: the users in the space of a part of K, (users, dimensions)."""
        return np.asarray(self.history @ self.factor(number), dtype=np.float32)


class KernelSolution:
    """The inverse of a kernel, and what follows from it.

    Args:
        users: The training users.
        kernel: The parameters.
        parts: Parts of K that are known, by number; others are computed.
    """

    def __init__(
        self, users: TrainingUsers, kernel: Kernel, parts: Mapping[int, Floats] | None = None
    ) -> None:
        self.users, self.kernel = users, kernel
        self.lengths = np.ones(len(users), np.float32) if kernel.normalised else users.lengths()
        self.shares: dict[int, np.float32] = {}
        matrix = np.zeros((len(users), len(users)), np.float32)
        chosen = ((0, 1.0), (1, kernel.spectrum), (2 + int(kernel.hops), kernel.text))
        for number, share in chosen:
            if share:
                part = users.part(number) if parts is None else parts[number]
                mean = float(part.diagonal().mean())
                if mean > 0 or not number:  # the first stays, also where all histories are neutral
                    self.shares[number] = np.float32(share / max(mean, 1e-12))
                    matrix += self.shares[number] * part
        matrix *= self.lengths[:, None]
        matrix *= self.lengths[None, :]
        mean = float(matrix.diagonal().mean())
        self.prior = PRIOR * mean
        matrix += self.prior
        likes = np.maximum(np.diff(users.liked.indptr), 1).astype(np.float32)
        matrix[np.diag_indices_from(matrix)] += (
            kernel.penalty * max(mean, 1e-9) * likes**LIKES_POWER
        )
        # Four times as fast by the Cholesky factor as by LU. The inverse is symmetric.
        factor = torch.linalg.cholesky(torch.from_numpy(matrix))
        self.inverse: Floats = torch.cholesky_inverse(factor, out=factor).numpy()
        self._liked_by_item = csr_array(users.liked.T)

    def leave_one_out(
        self, rows: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], Floats, csr_array]]:
        """Yields blocks of users, with the scores of each without himself and the likes.

        Args:
            rows: Positions of the users.

        Yields:
            Positions, scores and likes of some users, (users,), (users, targets), (users, targets).
        """
        for start in range(0, len(rows), USER_BLOCK):
            block = rows[start : start + USER_BLOCK]
            alpha = self._liked_by_item @ np.ascontiguousarray(self.inverse[block].T)
            scores = np.ascontiguousarray(alpha.T, dtype=np.float32)
            scores /= -self.inverse[block, block][:, None]
            liked = csr_array(self.users.liked[block])
            scores[_likers(liked), liked.indices] += liked.data
            yield block, scores, liked

    def prior_scores(self, block: NDArray[np.int64], scores: Floats, liked: csr_array) -> Floats:
        """The part of the prior in the scores of `leave_one_out`, (users, targets)."""
        user_sums, item_sums = self._sums
        errors = liked.toarray() - scores
        prior: Floats = item_sums - user_sums[block][:, None] * errors
        return np.float32(self.prior) * prior

    @cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        """Sums of G by user, (users,), and of alpha by item, (targets,)."""
        sums = self.inverse.sum(axis=1)
        return sums, np.asarray(self._liked_by_item @ sums, dtype=np.float32)

    def edge_weights(self) -> FactoredWeights:
        """W: the weights of all edges from the sources to the target domain."""
        sources, profiles = zip(*self._factors(), strict=True)

        def target_factors(targets: NDArray[np.int64]) -> tuple[Floats, ...]:
            alpha = self._liked_by_item[targets] @ self.inverse  # (targets, users)
            if not self.kernel.normalised:
                alpha *= self.lengths
            return tuple(
                np.ascontiguousarray(alpha.T) if each is None else (alpha @ each).T
                for each in profiles
            )

        return FactoredWeights(sources, target_factors, int(self.users.liked.shape[1]))

    def _factors(self) -> Iterator[tuple[Floats | csr_array, Floats | None]]:
        """Yields the source factor of each part of W with the users' profiles; None for alpha."""
        for number, share in self.shares.items():
            if number:
                yield self.users.factor(number) * share, self.users.profiles(number)
            else:
                importance = diags_array(self.users.features.importance * share)
                yield csr_array(importance @ self.users.history.T), None


@dataclass(frozen=True)
class Popularity:
    """Popularity of the items of a target domain, from 0 to 1.

    Attributes:
        values: As it is served, float32 (targets,).
        without_one: As it would be if one user less liked the item, float32 (targets,).
    """

    values: Floats
    without_one: Floats


@dataclass(frozen=True)
class SolvedKernel:
    """The edges of a kernel, on the scale on which a user's scores have a standard deviation of 1.

    Attributes:
        weights: Weights of all edges.
        popularity: Weight of popularity beside them.
        user_ndcg: NDCG@10 of training users by the served score, each without himself.
    """

    weights: FactoredWeights
    popularity: float
    user_ndcg: NDArray[np.float64]


def _likers(liked: csr_array) -> NDArray[np.int64]:
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
    found = [ndcg(scores, liked) for _, scores, liked in blocks]
    return np.concatenate([np.zeros(0), *found])


def solve_kernel(
    users: TrainingUsers, kernel: Kernel, popularity: Popularity, seed: int
) -> SolvedKernel:
    """Solves for the edges, and chooses the weight of popularity, which takes the prior's place.

    Args:
        users: The training users; of more than `MAX_USERS`, a sample.
        kernel: The parameters.
        popularity: Of the items of the target domain.
        seed: Seed of the samples.
    """
    users = users.select(sample_rows(len(users), seed, MAX_USERS))
    solution = KernelSolution(users, kernel)
    rows = sample_rows(len(users), seed, MAX_TUNING_USERS)
    own = popularity.values - popularity.without_one
    deviation, unit = 1.0, 0.0
    by_weight: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in POPULARITY_WEIGHTS]
    for block, scores, liked in solution.leave_one_out(rows):
        served = scores - solution.prior_scores(block, scores, liked)
        served /= solution.lengths[block, None]
        if not unit:
            deviation = max(float(served.std(axis=1).mean()), 1e-12)
            unit = deviation / max(float(popularity.values.std()), 1e-9)
        likers = _likers(liked)
        for weight, metrics in zip(POPULARITY_WEIGHTS, by_weight, strict=True):
            weighted = served + np.float32(weight * unit) * popularity.values
            weighted[likers, liked.indices] -= np.float32(weight * unit) * own[liked.indices]
            metrics.append(ndcg(weighted, liked))
    user_ndcg = [np.concatenate(metrics) for metrics in by_weight]
    best = int(np.argmax([metric.mean() for metric in user_ndcg])) if len(rows) else 0
    return SolvedKernel(
        weights=solution.edge_weights().scale(1 / deviation),
        popularity=POPULARITY_WEIGHTS[best] * unit / deviation,
        user_ndcg=user_ndcg[best],
    )
