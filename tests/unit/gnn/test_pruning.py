"""Pruning selects the edges that are served."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.edges import pruning
from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.pruning import (
    candidates_per_source,
    prune_by_usage,
    reserve_cold_items,
    share_among_domains,
)


def edges_of(weights: list[list[float]]) -> EdgeList:
    """All edges of a dense matrix (sources, targets)."""
    dense = np.array(weights, np.float32)
    sources, targets = np.indices(dense.shape).reshape(2, -1)
    return EdgeList(sources, targets, dense.ravel())


def pairs_of(edges: EdgeList) -> set[tuple[int, int]]:
    return {*zip(edges.sources.tolist(), edges.targets.tolist(), strict=True)}


def test_edges_that_determine_the_recommendations_of_users_are_selected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pruning, "LIST_LENGTH", 1)
    edges = edges_of([[0.9, 0.8, 0.1], [0.0, 0.9, 0.9], [0.2, 0.1, 0.5]])
    # Users with the first source have the second too, and the sum of both is best for target 1.
    history = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32))
    selected = prune_by_usage(edges, history, np.zeros(3, np.float32), np.zeros(3), 1)
    assert pairs_of(selected) == {(0, 1), (1, 1), (2, 2)}
    assert np.allclose(selected.weights, [0.8, 0.9, 0.5])


def test_without_users_weight_and_popularity_of_the_target_decide() -> None:
    edges = edges_of([[0.5, 0.6, -0.2]])
    likes, no_users = np.array([99.0, 0.0, 0.0]), csr_array((0, 1), dtype=np.float32)
    selected = prune_by_usage(edges, no_users, np.zeros(3, np.float32), likes, 2)
    assert pairs_of(selected) == {(0, 0), (0, 1)}
    assert pairs_of(prune_by_usage(edges, no_users, np.zeros(3, np.float32), likes, 1)) == {(0, 0)}


def test_a_negative_edge_is_selected_if_users_would_be_recommended_its_target() -> None:
    edges = edges_of([[0.5, -0.6, 0.0, 0.1]])
    history = csr_array(np.ones((2, 1), np.float32))
    selected = prune_by_usage(edges, history, np.zeros(4, np.float32), np.ones(4), 2)
    assert pairs_of(selected) == {(0, 0), (0, 1)}
    assert np.allclose(selected.weights, [0.5, -0.6])


def test_a_domain_gets_the_positive_and_negative_edges_of_the_largest_magnitude() -> None:
    edges = edges_of([[0.1, -9.0, 8.0, 0.2]])
    assert pairs_of(share_among_domains(edges, np.zeros(4, np.int32), 2)) == {(0, 1), (0, 2)}


def test_more_candidates_than_edges_are_scored_where_not_all_edges_fit() -> None:
    assert candidates_per_source(1000, 50, 50) == 50
    assert candidates_per_source(1000, 51, 50) == 400
    assert candidates_per_source(100_000, 100_000, 50) == 100
    assert candidates_per_source(10_000_000, 100_000, 50) == 50


def test_each_domain_is_guaranteed_half_of_its_equal_share() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 6.0, 0.1, 0.2]])
    selected = share_among_domains(edges, np.array([0, 0, 0, 0, 1, 1], np.int32), 4)
    assert pairs_of(selected) >= {(0, 0), (0, 5)}
    assert len(selected) == 4


def test_edges_are_reserved_for_targets_without_likes() -> None:
    cold, reserved = reserve_cold_items(np.array([0.0] * 10 + [1.0] * 90), 50)
    assert cold.tolist() == [True] * 10 + [False] * 90
    assert reserved == 5
    assert reserve_cold_items(np.array([0.0] + [1.0] * 999), 50)[1] == 1
    assert reserve_cold_items(np.ones(100), 50)[1] == 0
    assert reserve_cold_items(np.array([0.0] + [1.0] * 49), 50)[1] == 0


def test_reserved_edges_replace_the_weakest_ones() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 0.0], [9.0, 8.0, 7.0, 0.0]])
    reserved = EdgeList(np.array([1]), np.array([3]), np.array([0.1], np.float32))
    selected = share_among_domains(edges, np.zeros(4, np.int32), 2, reserved)
    assert pairs_of(selected) == {(0, 0), (0, 1), (1, 0), (1, 3)}
