"""Which of many edges are served."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.edges import pruning
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.edges.pruning import choice, most_used, reserved, share


def edges_of(weights: list[list[float]]) -> Edges:
    """All edges between some sources and targets."""
    dense = np.array(weights, np.float32)
    sources, targets = np.indices(dense.shape).reshape(2, -1)
    return Edges(sources, targets, dense.ravel())


def pairs_of(edges: Edges) -> set[tuple[int, int]]:
    return {*zip(edges.sources.tolist(), edges.targets.tolist(), strict=True)}


def test_an_edge_is_kept_for_what_it_makes_users_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "SHOWN", 1)
    edges = edges_of([[0.9, 0.8, 0.1], [0.0, 0.9, 0.9], [0.2, 0.1, 0.5]])
    # Who has the first source has the second too, and together they speak for the second target.
    history = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32))
    kept = most_used(edges, history, np.zeros(3, np.float32), np.zeros(3), 1)
    assert pairs_of(kept) == {(0, 1), (1, 1), (2, 2)}
    assert np.allclose(kept.weights, [0.8, 0.9, 0.5])


def test_without_users_it_is_likes_and_weights_that_count() -> None:
    edges = edges_of([[0.5, 0.6, -0.2]])
    likes, none = np.array([99.0, 0.0, 0.0]), csr_array((0, 1), dtype=np.float32)
    kept = most_used(edges, none, np.zeros(3, np.float32), likes, 2)
    assert pairs_of(kept) == {(0, 0), (0, 1)}
    assert pairs_of(most_used(edges, none, np.zeros(3, np.float32), likes, 1)) == {(0, 0)}


def test_what_speaks_against_a_target_is_kept_where_users_would_be_shown_it() -> None:
    edges = edges_of([[0.5, -0.6, 0.0, 0.1]])
    history = csr_array(np.ones((2, 1), np.float32))
    kept = most_used(edges, history, np.zeros(4, np.float32), np.ones(4), 2)
    assert pairs_of(kept) == {(0, 0), (0, 1)}
    assert np.allclose(kept.weights, [0.5, -0.6])


def test_a_domain_keeps_what_speaks_most_for_or_against_its_items() -> None:
    edges = edges_of([[0.1, -9.0, 8.0, 0.2]])
    assert pairs_of(share(edges, np.zeros(4, np.int32), 2)) == {(0, 1), (0, 2)}


def test_there_is_a_choice_where_not_all_edges_can_be_kept() -> None:
    assert choice(1000, 50, 50) == 50
    assert choice(1000, 51, 50) == 400
    assert choice(100_000, 100_000, 50) == 100
    assert choice(10_000_000, 100_000, 50) == 50


def test_each_domain_keeps_half_of_its_equal_share() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 6.0, 0.1, 0.2]])
    kept = share(edges, np.array([0, 0, 0, 0, 1, 1], np.int32), 4)
    assert pairs_of(kept) >= {(0, 0), (0, 5)}
    assert len(kept) == 4


def test_targets_that_nobody_has_touched_have_places_of_their_own() -> None:
    new, places = reserved(np.array([0.0] * 10 + [1.0] * 90), 50)
    assert new.tolist() == [True] * 10 + [False] * 90
    assert places == 5
    assert reserved(np.array([0.0] + [1.0] * 999), 50)[1] == 1
    assert reserved(np.ones(100), 50)[1] == 0
    assert reserved(np.array([0.0] + [1.0] * 49), 50)[1] == 0


def test_edges_that_come_first_take_the_places_of_the_weakest() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 0.0], [9.0, 8.0, 7.0, 0.0]])
    first = Edges(np.array([1]), np.array([3]), np.array([0.1], np.float32))
    kept = share(edges, np.zeros(4, np.int32), 2, first)
    assert pairs_of(kept) == {(0, 0), (0, 1), (1, 0), (1, 3)}
