"""Selection among values of a parameter by a per-user metric of held-out users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


# For long lists of values, of which one looks good by chance: a value must be better than the
# default by this many standard errors.
STANDARD_ERRORS = 2.0


def select_jointly(user_metrics: Sequence[Sequence[NDArray[np.float64]]]) -> int:
    """Returns the index of the value that `select_significantly_best` selects for all targets.

    Args:
        user_metrics: By target and value, the metric of each user.
    """
    return select_significantly_best(
        [np.concatenate(all_targets) for all_targets in zip(*user_metrics, strict=True)]
    )


def select_significantly_best(
    user_metrics: Sequence[NDArray[np.float64]], standard_errors: float = 1.0
) -> int:
    """Returns the index of the best value, or 0 where its gain over the first is not significant.

    The first value is the default. The mean gain per user over it must exceed some standard errors
    of that gain, so that a few users change nothing.

    Args:
        user_metrics: By value, the metric of each user.
        standard_errors: How many standard errors the gain must exceed.
    """
    best = int(np.argmax([metric.mean() if len(metric) else 0.0 for metric in user_metrics]))
    gain = user_metrics[best] - user_metrics[0]
    if best and gain.mean() > standard_errors * gain.std() / np.sqrt(len(gain)):
        return best
    return 0
