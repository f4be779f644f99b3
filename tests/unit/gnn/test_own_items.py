"""Edges from interests to their own items, calculated by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions
from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList
from isthmus.gnn.model.own_items import add_own_item_edges, learned_scale
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import train_edges
from tests.unit.checkerboard import ITEMS, checkerboard

if TYPE_CHECKING:
    from isthmus.gnn.data.arrays import InterestGraph

# Items 0 to 2 are in domain a, 3 and 4 in domain b. Interest 0 has items in both, 1 and 2 in a
# alone, 3 in b alone, and 4 has none.
ABOUT = np.array(
    [
        [0.5, 0.5, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.2, 0.8, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.4, 0.0, 0.0, 0.6, 0.0],
    ],
    np.float32,
)
LIKES = np.array([0.0, 3.0, 15.0, 1.0, 3.0])
# log(1 + likes) over the maximum of the domain: 0, 1/2, 1 in a, 1/2, 1 in b.
FACTORS = {0: 0.5, 1: 0.75, 2: 1.0, 3: 0.75, 4: 1.0}


def small_graph() -> InterestGraph:
    return dataclasses.replace(
        checkerboard(),
        items=np.array(["a:0", "a:1", "a:2", "b:3", "b:4"]),
        item_domain=np.array([0, 0, 0, 1, 1], np.int32),
        interests=np.array([f"interest {k}" for k in range(5)]),
        item_interests=csr_array(ABOUT),
    )


def edge_list(*edges: tuple[int, int, float]) -> EdgeList:
    sources, targets, weights = zip(*edges, strict=True)
    return EdgeList(np.array(sources), np.array(targets), np.array(weights, np.float32))


def as_dict(edges: EdgeList) -> dict[tuple[int, int], float]:
    pairs = zip(edges.sources.tolist(), edges.targets.tolist(), strict=True)
    entries = dict(zip(pairs, edges.weights.tolist(), strict=True))
    assert len(entries) == len(edges)
    return entries


def test_an_interest_with_all_its_items_in_one_domain_leads_to_them() -> None:
    learned = edge_list((0, 1, 0.3), (0, 2, 0.6), (3, 2, 0.2), (3, 0, -0.9), (1, 4, 5.0))
    edges = as_dict(add_own_item_edges(small_graph(), learned, LIKES, [0, 1], 10))
    # The largest weights into a are 0.6 of interest 0 and 0.2 of interest 3, into b 5.
    assert edges == pytest.approx(
        as_dict(learned)
        | {
            (1, 0): 0.4 * 0.5 * FACTORS[0],
            (1, 1): 0.4 * 1.0 * FACTORS[1],
            (1, 2): 0.4 * 0.2 * FACTORS[2],
            (2, 2): 0.4 * 0.8 * FACTORS[2],
            (3, 4): 5.0 * 0.6 * FACTORS[4],
        }
    )


def test_the_most_liked_items_of_an_interest_come_first() -> None:
    edges = as_dict(add_own_item_edges(small_graph(), EMPTY_EDGES, LIKES, [0, 1], 2))
    assert {target for source, target in edges if source == 1} == {1, 2}


def test_without_training_examples_every_interest_leads_to_its_items_in_the_domain() -> None:
    edges = as_dict(add_own_item_edges(small_graph(), EMPTY_EDGES, LIKES, [1], 10))
    sources, targets = np.nonzero(ABOUT.T[:, :3])
    expected = {
        (k, j): float(ABOUT[j, k]) * FACTORS[j]
        for k, j in zip(sources.tolist(), targets.tolist(), strict=True)
    }
    assert edges == pytest.approx(expected | {(3, 4): 0.6 * FACTORS[4]})


def test_learned_edges_of_weight_0_are_replaced() -> None:
    learned = edge_list((1, 0, 0.0), (0, 0, 2.0))
    edges = as_dict(add_own_item_edges(small_graph(), learned, LIKES, [0, 1], 10))
    assert edges[1, 0] == pytest.approx(2.0 * 0.5 * FACTORS[0])
    assert edges[0, 0] == 2.0


def test_the_scale_is_the_median_of_the_largest_positive_weights() -> None:
    learned = edge_list((0, 0, 1.0), (0, 1, 4.0), (1, 0, 2.0), (2, 0, -7.0), (3, 1, 10.0))
    assert learned_scale(learned, np.ones(5, dtype=bool)) == 4.0
    assert learned_scale(learned, np.array([0, 0, 0, 1, 0], dtype=bool)) == 1.0
    assert learned_scale(EMPTY_EDGES, np.zeros(0, dtype=bool)) == 1.0


def test_users_with_texts_only_get_items_of_their_interest_where_nobody_is_in_two_domains() -> None:
    graph = checkerboard()
    in_a = graph.item_domain[graph.interactions.indices] == 0
    hidden = np.where(graph.interaction_users() < 60, ~in_a, in_a)
    hidden |= graph.interaction_users() < 10
    one_domain = hide_interactions(graph, hidden, half_life_days=365)
    interests = one_domain.user_interests.tolil()
    for user in range(10):
        interests[user, user % 2] = 0.9
    texts_only = dataclasses.replace(one_domain, user_interests=csr_array(interests))
    learned = train_edges(texts_only, TrainingConfig(edges_per_node=10)).edges
    assert len(learned.interest) == 2 * ITEMS
    assert all(weights.interest_alone > 0 for weights in learned.merge.values())
    for target in range(2):
        scores = score_users(texts_only, learned, target, np.arange(10), HistoryWeighting())
        best = np.argsort(-scores, axis=1)[:, :3]
        assert (best % 2 == (np.arange(10) % 2)[:, None]).all()
