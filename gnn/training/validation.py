"""The validation split: the users and likes that are held out from a training to tune it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.gnn.data import (
    FOLDS,
    cold_start_users,
    held_out_likes,
    hide_interactions,
    interactions_of_users,
    limit_users,
    select_entries,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from isthmus.gnn.data import InterestGraph

MAX_VALIDATION_USERS = 2000
MIN_VALIDATION_USERS = 1000
MAX_VALIDATION_FOLDS = 4


@dataclass(frozen=True)
class ValidationSplit:
    """A graph split into a training graph and what is held out from it for validation.

    Attributes:
        training_graph: The graph without the held-out interactions.
        cold_users: By target domain, users whose whole history in it is held out.
        warm_likes: By target domain, single likes held out of users with other likes in it, CSR
            (users, items).
    """

    training_graph: InterestGraph
    cold_users: list[NDArray[np.int64]]
    warm_likes: list[csr_array]


def hold_out_validation(graph: InterestGraph, fold: int, half_life_days: float) -> ValidationSplit:
    """Hides the interactions of the fold's validation users.

    Args:
        graph: The snapshot.
        fold: The fold.
        half_life_days: Half-life of the interests that are derived from the remaining history.
    """
    domains = range(len(graph.domains))
    cold_users = validation_users(graph, fold)
    warm = [warm_likes(graph, t, fold, several=not len(cold_users[t])) for t in domains]
    hidden = np.any(
        [interactions_of_users(graph, t, cold_users[t]) | warm[t] for t in domains], axis=0
    )
    return ValidationSplit(
        training_graph=hide_interactions(graph, hidden, half_life_days=half_life_days),
        cold_users=cold_users,
        warm_likes=[select_entries(graph.interactions, mask) for mask in warm],
    )


def warm_likes(graph: InterestGraph, target: int, fold: int, *, several: bool) -> NDArray[np.bool_]:
    """Masks one like of each warm validation user, see `isthmus.gnn.data.held_out_likes`.

    Args:
        graph: The snapshot.
        target: Index of the target domain.
        fold: The fold.
        several: Whether to add the next folds while there are too few users: where no cold-start
            users tune the merge weights, these do.
    """
    hidden = held_out_likes(graph, target, fold)
    for offset in range(1, FOLDS if several else 1):
        if np.count_nonzero(hidden) >= MIN_VALIDATION_USERS:
            break
        hidden |= held_out_likes(graph, target, (fold + offset) % FOLDS)
    return hidden


def validation_users(graph: InterestGraph, fold: int) -> list[NDArray[np.int64]]:
    """Returns the validation users of a fold by target domain.

    Where they are too few to tune on, those of the next folds are added. The training that follows
    the tuning uses all of them.
    """
    by_target = [np.zeros(0, np.int64) for _ in graph.domains]
    for offset in range(MAX_VALIDATION_FOLDS):
        if sum(map(len, by_target)) >= MIN_VALIDATION_USERS:
            break
        for t, selected in enumerate(by_target):
            users = cold_start_users(graph, t, (fold + offset) % FOLDS).validation
            by_target[t] = np.union1d(selected, users)
    return [limit_users(users, MAX_VALIDATION_USERS, graph, t) for t, users in enumerate(by_target)]
