"""Leakage check: verifies before the ranking that no hidden data is in the training set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import LeakError
from isthmus.gnn.data import derive_interests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from isthmus.gnn.data import InterestGraph

# Interests are float32 sums; a larger difference means that they were derived from other data.
TOLERANCE = 1e-5
ADVICE = "This is a fault of the evaluation, not of the data; its figures would be invalid."


def check_leakage(
    training_set: InterestGraph,
    forbidden: NDArray[np.bool_],
    users: NDArray[np.int64],
    hidden_rows: int,
    half_life_days: float,
    texts: bool = False,
) -> dict[str, int]:
    """Checks that the training set holds neither hidden interactions nor interests from them.

    Interests must follow from the remaining interactions, unless remaining texts contribute to
    them too.

    Args:
        training_set: The graph that the models are trained on.
        forbidden: Which of its interactions should be hidden, aligned with the interactions' data.
        users: Users with hidden interactions.
        hidden_rows: Number of hidden interactions, for the result document.
        half_life_days: Age at which a dated interaction counts half.
        texts: Whether interests were derived from texts as well. They are not checked then, since
            the texts are not available here.

    Returns:
        The counts for the result document.

    Raises:
        LeakError: The training set contains hidden data.
    """
    _check_interactions(training_set, forbidden)
    if not texts:
        _check_interests(training_set, users, half_life_days)
    return {"checked_users": len(users), "hidden_rows": hidden_rows, "found": 0}


def _check_interactions(training_set: InterestGraph, forbidden: NDArray[np.bool_]) -> None:
    leaks = np.flatnonzero(forbidden)
    if not len(leaks):
        return
    user = training_set.users[training_set.interaction_users()[leaks[0]]]
    item = training_set.items[training_set.interactions.indices[leaks[0]]]
    raise LeakError(
        f"{len(leaks):,} interactions that should be hidden are visible to the models; the first "
        f"is of user {str(user)!r} with item {str(item)!r}.",
        ADVICE,
    )


def _check_interests(
    training_set: InterestGraph, users: NDArray[np.int64], half_life_days: float
) -> None:
    derived = derive_interests(training_set, training_set.decayed_weights(half_life_days))
    # The difference of the checked rows only: of all users it would be far larger.
    difference = (training_set.user_interests[users] - derived[users]).tocoo()
    leaks = np.flatnonzero(np.abs(difference.data) > TOLERANCE)
    if not len(leaks):
        return
    user = training_set.users[users[difference.row[leaks[0]]]]
    interest = training_set.interests[difference.col[leaks[0]]]
    raise LeakError(
        f"{len(leaks):,} interests of users with hidden interactions do not follow from their "
        f"remaining interactions; the first is of user {str(user)!r} in {str(interest)!r}.",
        ADVICE,
    )


def find_twins(
    training_set: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    liked: csr_array,
    titles: Sequence[str] | None,
) -> NDArray[np.bool_]:
    """Marks likes with a twin: an item of the same title in a source domain of the user's history.

    Args:
        training_set: The graph that the models are trained on.
        target: The target domain.
        users: Held-out users.
        liked: Their likes in the target, CSR (users, items of the target).
        titles: Titles of all items; None to find no twins.

    Returns:
        Whether each like has a twin, aligned with `liked.data`.
    """
    has_twin = np.zeros(liked.nnz, dtype=bool)
    if titles is None:
        return has_twin
    domains_by_title: dict[str, set[int]] = {}
    normalised = [" ".join(title.casefold().split()) for title in titles]
    for title, domain in zip(normalised, training_set.item_domain.tolist(), strict=True):
        if title:
            domains_by_title.setdefault(title, set()).add(domain)
    items = training_set.items_of(target)
    for row, user in enumerate(users):
        start, end = training_set.interactions.indptr[user : user + 2]
        history = training_set.interactions.indices[start:end]
        history_domains = set(training_set.item_domain[history].tolist())
        for like in range(liked.indptr[row], liked.indptr[row + 1]):
            title = normalised[items[liked.indices[like]]]
            has_twin[like] = bool(domains_by_title.get(title, set()) & history_domains - {target})
    return has_twin
