"""Which of some values held-out users clearly prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


# Of so many values one looks good by chance: it must be better by this many standard errors.
ERRORS = 2.0


def best_for_all(worths: Sequence[Sequence[NDArray[np.float64]]]) -> int:
    """The place of the value that all targets choose together, by `clearly_best`.

    Args:
        worths: By target and value, what it is worth to each user.
    """
    return clearly_best([np.concatenate(of_all) for of_all in zip(*worths, strict=True)])


def clearly_best(worths: Sequence[NDArray[np.float64]], errors: float = 1.0) -> int:
    """The place of the best of some values, each by what it is worth to each user.

    The first is the one that is set. Another wins over it only by more than so many standard errors
    of its gain, user by user, so that a few users change nothing.
    """
    best = int(np.argmax([worth.mean() if len(worth) else 0.0 for worth in worths]))
    gain = worths[best] - worths[0]
    if best and gain.mean() > errors * gain.std() / np.sqrt(len(gain)):
        return best
    return 0
