"""Models that score by the dot product of a user's and an item's vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Factors:
    """A factor model.

    Args:
        users: Vectors of all users, (users, rank).
        items: Vectors of the items of the target, (items of the target, rank).
    """

    def __init__(self, users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
        self._users, self._items = users, items

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the scores of some users, (users, items of the target)."""
        return np.asarray(self._users[users] @ self._items.T, dtype=np.float32)
