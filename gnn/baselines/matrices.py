"""Matrices of likes, dense products and Cholesky factors, shared by several baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph

ROW_BLOCK = 1024


def like_matrix(graph: InterestGraph, weighting: HistoryWeighting) -> csr_array:
    """Returns the decayed weights of likes, float32 CSR (users, items)."""
    return csr_array(graph.decayed_weights(weighting.half_life_days).maximum(0))


def dense_product(left: csr_array, right: csr_array) -> NDArray[np.float32]:
    """Returns the product of two sparse matrices as a dense one, computed in blocks of rows.

    A sparse product of the same size would take more memory.
    """
    dense = np.empty((left.shape[0], right.shape[1]), np.float32, order="F")
    for start in range(0, left.shape[0], ROW_BLOCK):
        rows = slice(start, start + ROW_BLOCK)
        dense[rows] = (left[rows] @ right).toarray()
    return dense


def cholesky_factor(
    matrix: NDArray[np.float32], penalty: float
) -> tuple[NDArray[np.float32], bool]:
    """Returns the lower Cholesky factor of a matrix plus a diagonal penalty, with a single copy."""
    regularised = matrix.copy(order="F")
    regularised[np.diag_indices_from(regularised)] += penalty
    return cho_factor(regularised, lower=True, overwrite_a=True, check_finite=False)
