"""Kernel ridge regression on more users than the exact solution can take.

The edges start from the histories of some of the users, the landmarks, with the weights that fit
the likes of all:

    M = K_mm + K_mn L^-1 K_nm        alpha = M^-1 K_mn L^-1 Y

where m are the landmarks and n all users; with all users as landmarks alpha is that of
`isthmus.gnn.model.kernel` (Williams and Seeger, "Using the Nystroem method to speed up kernel
machines", 2001; Rudi, Carratino and Rosasco, "FALKON", 2017). The scores of a user without himself
are exact for these landmarks.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array

from isthmus.gnn.model.kernel import (
    USER_BLOCK,
    Kernel,
    KernelSolution,
    LeftOut,
    TrainingUsers,
    likers,
    multiply,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Part of the mean diagonal that is added to K_mm, so that rounding leaves it positive definite.
JITTER = 1e-5


class LandmarkSolution(KernelSolution):
    """The solution for all training users by landmarks.

    Args:
        users: The training users.
        kernel: The parameters.
        landmarks: Positions of the landmarks.
    """

    def __init__(self, users: TrainingUsers, kernel: Kernel, landmarks: NDArray[np.int64]) -> None:
        self.users = users
        matrix = self._scale(users.select(landmarks), kernel, None)
        matrix[np.diag_indices_from(matrix)] += JITTER * max(self.mean, 1e-9)
        self.profiles = {number: self.basis.profiles(number) for number in self.shares}
        # K_mm = C C', M = C (1 + B B') C' with B = C^-1 K_mn L^-1/2
        self.root = torch.linalg.cholesky(torch.from_numpy(matrix))
        inner = torch.eye(len(self.basis))
        right = np.zeros((users.liked.shape[1], len(self.basis)), np.float32)
        for part, _, whitened, scales in self._blocks(np.arange(len(users))):
            inner += whitened @ whitened.T
            liked = csr_array(csr_array(diags_array(scales) @ part.liked).T)
            right += liked @ np.ascontiguousarray(whitened.T.numpy())
        self.inner = torch.linalg.cholesky(inner)
        inside = torch.cholesky_solve(torch.from_numpy(right.T), self.inner)
        solved = torch.linalg.solve_triangular(self.root.T, inside, upper=True)
        self.solved: Floats = np.ascontiguousarray(solved.numpy().T)

    def _blocks(
        self, rows: NDArray[np.int64]
    ) -> Iterator[tuple[TrainingUsers, Floats, torch.Tensor, Floats]]:
        """Yields users in blocks, with their columns of K_mn, of B and of L^-1/2."""
        for start in range(0, len(rows), USER_BLOCK):
            users = self.users.select(rows[start : start + USER_BLOCK])
            kernel = np.zeros((len(self.basis), len(users)), np.float32)
            for number, share in self.shares.items():
                others = users.profiles(number)
                kernel += share * multiply(self.profiles[number], others)
            kernel *= self.lengths(self.basis)[:, None]
            kernel *= self.lengths(users)
            kernel += self.prior
            scales = self._penalties(users) ** np.float32(-0.5)
            whitened = torch.linalg.solve_triangular(
                self.root, torch.from_numpy(kernel), upper=False
            )
            yield users, kernel, whitened * torch.from_numpy(scales), scales

    def leave_one_out(self, rows: NDArray[np.int64]) -> Iterator[LeftOut]:
        """Yields training users in blocks."""
        ones = torch.linalg.solve_triangular(self.root, torch.ones(len(self.basis), 1), upper=False)
        sums = torch.cholesky_solve(ones, self.inner)
        for users, kernel, whitened, scales in self._blocks(rows):
            scores = np.ascontiguousarray((self.solved @ kernel).T)
            half = torch.linalg.solve_triangular(self.inner, whitened, upper=False)
            own = (half**2).sum(dim=0).numpy()  # what a user's like adds to his own score
            scores[likers(users.liked), users.liked.indices] -= np.repeat(
                own, np.diff(users.liked.indptr)
            )
            scores /= 1 - own[:, None]
            by_user = (whitened.T @ sums).numpy()[:, 0] * scales
            yield LeftOut(scores, users.liked, self.lengths(users), by_user)

    @cached_property
    def item_sums(self) -> Floats:
        """The sums of alpha by target, (targets,)."""
        return np.asarray(self.solved.sum(axis=1))

    def alpha(self) -> Callable[[NDArray[np.int64]], Floats]:
        """Returns a function from some targets to their rows of alpha', (targets, landmarks)."""
        solved = self.solved
        return lambda targets: solved[targets]
