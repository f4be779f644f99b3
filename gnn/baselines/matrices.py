"""What several baselines make of the likes: matrices, products and factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading

GRAM_ROWS_AT_ONCE = 1024


def like_matrix(graph: InterestGraph, reading: Reading) -> csr_array:
    """Strengths of likes, float32 CSR (users, items)."""
    return csr_array(graph.strengths(reading.half_life_days).maximum(0))


def dense_product(left: csr_array, right: csr_array) -> NDArray[np.float32]:
    """The product of two sparse matrices that is dense, made without a sparse one of its size."""
    dense = np.empty((left.shape[0], right.shape[1]), np.float32, order="F")
    for start in range(0, left.shape[0], GRAM_ROWS_AT_ONCE):
        rows = slice(start, start + GRAM_ROWS_AT_ONCE)
        dense[rows] = (left[rows] @ right).toarray()
    return dense


def cholesky_factor(
    matrix: NDArray[np.float32], penalty: float
) -> tuple[NDArray[np.float32], bool]:
    """Lower Cholesky factor of a matrix plus a penalty, made in the one copy that is taken."""
    regularised = matrix.copy(order="F")
    regularised[np.diag_indices_from(regularised)] += penalty
    return cho_factor(regularised, lower=True, overwrite_a=True, check_finite=False)
