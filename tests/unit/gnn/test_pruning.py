"""Pruning selects the edges that are served."""

from __future__ import annotations

import numpy as np

from isthmus.gnn.edges.edge_list import EdgeList
from isthmus.gnn.edges.pruning import most_edges_into, reserve_cold_items, share_among_domains


def edges_of(weights: list[list[float]]) -> EdgeList:
    """All edges of a dense matrix (sources, targets)."""
    dense = np.array(weights, np.float32)
    sources, targets = np.indices(dense.shape).reshape(2, -1)
    return EdgeList(sources, targets, dense.ravel())


def pairs_of(edges: EdgeList) -> set[tuple[int, int]]:
    return {*zip(edges.sources.tolist(), edges.targets.tolist(), strict=True)}


def test_a_domain_gets_the_positive_and_negative_edges_of_the_largest_magnitude() -> None:
    edges = edges_of([[0.1, -9.0, 8.0, 0.2]])
    assert pairs_of(share_among_domains(edges, np.zeros(4, np.int32), 2)) == {(0, 1), (0, 2)}


def test_each_domain_is_guaranteed_half_of_its_equal_share() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 6.0, 0.1, 0.2]])
    selected = share_among_domains(edges, np.array([0, 0, 0, 0, 1, 1], np.int32), 4)
    assert pairs_of(selected) >= {(0, 0), (0, 5)}
    assert len(selected) == 4


def test_edges_are_reserved_for_targets_without_likes() -> None:
    cold, reserved = reserve_cold_items(np.arange(100) < 10, 50)
    assert cold.tolist() == [True] * 10 + [False] * 90
    assert reserved == 5
    assert reserve_cold_items(np.arange(1000) < 1, 50)[1] == 1
    assert reserve_cold_items(np.zeros(100, bool), 50)[1] == 0
    assert reserve_cold_items(np.arange(50) < 1, 50)[1] == 0


def test_reserved_edges_replace_the_weakest_ones() -> None:
    edges = edges_of([[9.0, 8.0, 7.0, 0.0], [9.0, 8.0, 7.0, 0.0]])
    reserved = EdgeList(np.array([1]), np.array([3]), np.array([0.1], np.float32))
    selected = share_among_domains(edges, np.zeros(4, np.int32), 2, reserved)
    assert pairs_of(selected) == {(0, 0), (0, 1), (1, 0), (1, 3)}


def test_one_of_many_domains_gets_at_most_four_times_its_equal_share() -> None:
    assert [most_edges_into(domains, 50) for domains in (0, 1, 4, 5, 31, 300)] == [
        50, 50, 50, 40, 6, 1,
    ]  # fmt: skip
