"""Models whose score is the product of a user's vector and an item's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Factors:
    """Vectors of all users, (users, rank), and of the items of a target, (items, rank)."""

    def __init__(self, users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
        self._users, self._items = users, items

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of some users, (users, items of the target)."""
        return np.asarray(self._users[users] @ self._items.T, dtype=np.float32)
