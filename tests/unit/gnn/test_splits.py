"""Who is held out, and that nothing of it is left in."""

from __future__ import annotations

import hashlib

import numpy as np

from isthmus.gnn.data.splits import bucket, cold_users, done_by, without
from tests.unit.checkerboard import USERS, checkerboard


def test_a_bucket_is_the_hash_of_user_and_target() -> None:
    expected = int(hashlib.sha256(b"ana|films").hexdigest()[:8], 16) % 20
    assert bucket("ana", "films") == expected


def test_ten_folds_test_every_user_once_and_never_validate_on_them() -> None:
    graph = checkerboard()
    folds = [cold_users(graph, 0, fold) for fold in range(10)]
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(USERS))
    assert all(not set(fold.test) & set(fold.validation) for fold in folds)


def test_a_hidden_row_is_gone_from_interactions_and_interests() -> None:
    graph = checkerboard()
    cold = cold_users(graph, 1).test
    seen = without(graph, done_by(graph, 1, cold), half_life_days=365)
    left = seen.interactions[cold].tocoo()
    assert len(cold) > 0
    assert (seen.item_domain[left.col] == 0).all()
    assert seen.interactions.nnz == graph.interactions.nnz - 4 * len(cold)
    assert np.allclose(seen.user_interests[cold].sum(axis=1), 1)


def test_a_user_of_one_domain_is_never_cold() -> None:
    graph = checkerboard()
    alone = without(graph, done_by(graph, 0, np.arange(USERS)), half_life_days=365)
    assert len(cold_users(alone, 1).test) == 0
