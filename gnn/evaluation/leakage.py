"""That nothing which is hidden can be seen: checked before anything is ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import LeakError
from isthmus.gnn.data.arrays import interests_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from isthmus.gnn.data.arrays import InterestGraph

# Interests are float32 sums; what differs by more was derived from something else.
TOLERANCE = 1e-5
ADVICE = "This is a fault of the evaluation, not of the data: its figures would mean nothing."


def leaks(
    seen: InterestGraph,
    forbidden: NDArray[np.bool_],
    users: NDArray[np.int64],
    hidden_rows: int,
    half_life_days: float,
    texts: bool = False,
) -> dict[str, int]:
    """Checks that the models see neither what is hidden nor interests that were derived from it.

    Interests may say only what the remaining interactions say, unless the remaining texts speak
    through them too.

    Args:
        seen: The graph that the models get.
        forbidden: Which of its interactions should have been hidden, aligned with their data.
        users: Those of whom something is hidden.
        hidden_rows: How many interactions are hidden, for the result.
        half_life_days: Age at which a dated interaction counts half.
        texts: Interests were derived anew from texts as well, whose words are not at hand here.

    Returns:
        What was checked, for the result document.

    Raises:
        LeakError: Something is visible.
    """
    _check_interactions(seen, forbidden)
    if not texts:
        _check_interests(seen, users, half_life_days)
    return {"checked_users": len(users), "hidden_rows": hidden_rows, "found": 0}


def _check_interactions(seen: InterestGraph, forbidden: NDArray[np.bool_]) -> None:
    places = np.flatnonzero(forbidden)
    if not len(places):
        return
    user = seen.users[seen.owners()[places[0]]]
    item = seen.items[seen.interactions.indices[places[0]]]
    raise LeakError(
        f"{len(places):,} interactions that are to be hidden are visible to the models; the first "
        f"is of user {str(user)!r} with item {str(item)!r}.",
        ADVICE,
    )


def _check_interests(seen: InterestGraph, users: NDArray[np.int64], half_life_days: float) -> None:
    derived = interests_of(seen, seen.strengths(half_life_days))
    # Row by row of the few that matter, as entries that stand in either matrix.
    apart = (seen.user_interests[users] - derived[users]).tocoo()
    wrong = np.flatnonzero(np.abs(apart.data) > TOLERANCE)
    if not len(wrong):
        return
    user = seen.users[users[apart.row[wrong[0]]]]
    interest = seen.interests[apart.col[wrong[0]]]
    raise LeakError(
        f"{len(wrong):,} interests of users with hidden interactions do not follow from what is "
        f"left of them; the first is of user {str(user)!r} in {str(interest)!r}.",
        ADVICE,
    )


def twins(
    seen: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    liked: csr_array,
    titles: Sequence[str] | None,
) -> NDArray[np.bool_]:
    """Which likes have a twin of the same title in a domain that their user's history holds.

    Args:
        seen: The graph that the models get.
        target: The domain.
        users: Held-out users.
        liked: What they like in the target, CSR (users, items of the target).
        titles: Of all items; without them no twin is found.

    Returns:
        Aligned with `liked.data`.
    """
    found = np.zeros(liked.nnz, dtype=bool)
    if titles is None:
        return found
    domains_of: dict[str, set[int]] = {}
    plain = [" ".join(title.casefold().split()) for title in titles]
    for title, domain in zip(plain, seen.item_domain.tolist(), strict=True):
        if title:
            domains_of.setdefault(title, set()).add(domain)
    items = seen.items_of(target)
    for row, user in enumerate(users):
        start, end = seen.interactions.indptr[user : user + 2]
        held = set(seen.item_domain[seen.interactions.indices[start:end]].tolist())
        for place in range(liked.indptr[row], liked.indptr[row + 1]):
            title = plain[items[liked.indices[place]]]
            found[place] = bool(domains_of.get(title, set()) & held - {target})
    return found
