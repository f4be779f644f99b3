"""Splits hold out users, and nothing of their hidden history remains in the graph."""

from __future__ import annotations

import hashlib

import numpy as np

from isthmus.gnn.data.splits import (
    cold_start_users,
    hash_bucket,
    hide_interactions,
    interactions_of_users,
)
from tests.unit.checkerboard import USERS, checkerboard


def test_a_bucket_is_a_hash_of_user_and_target() -> None:
    expected = int(hashlib.sha256(b"ana|films").hexdigest()[:8], 16) % 20
    assert hash_bucket("ana", "films") == expected


def test_ten_folds_test_each_user_once_and_never_validate_on_test_users() -> None:
    graph = checkerboard()
    folds = [cold_start_users(graph, 0, fold) for fold in range(10)]
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(USERS))
    assert all(not set(fold.test) & set(fold.validation) for fold in folds)


def test_hidden_interactions_are_removed_and_interests_are_derived_again() -> None:
    graph = checkerboard()
    cold = cold_start_users(graph, 1).test
    visible = hide_interactions(graph, interactions_of_users(graph, 1, cold), half_life_days=365)
    remaining = visible.interactions[cold].tocoo()
    assert len(cold) > 0
    assert (visible.item_domain[remaining.col] == 0).all()
    assert visible.interactions.nnz == graph.interactions.nnz - 4 * len(cold)
    assert np.allclose(visible.user_interests[cold].sum(axis=1), 1)


def test_a_user_with_a_history_in_one_domain_only_is_never_held_out() -> None:
    graph = checkerboard()
    one_domain = hide_interactions(
        graph, interactions_of_users(graph, 0, np.arange(USERS)), half_life_days=365
    )
    assert len(cold_start_users(one_domain, 1).test) == 0
