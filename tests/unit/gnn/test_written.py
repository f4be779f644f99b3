"""What a user wrote counts beside a history: the signal, what is hidden of it, and its weight."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions
from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training.train import train_edges
from isthmus.gnn.training.written import WRITTEN_SPREAD, weight_written, written_unit
from tests.unit.checkerboard import ITEMS, USERS, checkerboard

WEIGHTING = HistoryWeighting()


def with_texts(users: np.ndarray, weight: float, opposite: bool = False) -> InterestGraph:
    """The checkerboard, in which some users wrote about their colour or the other one."""
    graph = checkerboard()
    colours = (users + opposite) % 2
    entries = (np.full(len(users), weight, np.float32), (users, colours))
    return dataclasses.replace(graph, written_interests=csr_array(entries, shape=(USERS, 2)))


def interest_edges() -> LearnedEdges:
    """Edges from the interest of each colour to its first item in b: 2 to item 0, 3 to item 1."""
    interest = EdgeList(
        np.array([0, 1]), np.array([ITEMS, ITEMS + 1]), np.array([2, 3], np.float32)
    )
    weights = MergeWeights(
        transfer=1, interest=0, collaborative=0, popularity=0.1, interest_alone=7, written=10
    )
    return LearnedEdges(EMPTY_EDGES, interest, EMPTY_EDGES, {"a": weights, "b": weights})


def test_what_users_wrote_is_added_to_the_score_of_users_with_a_history() -> None:
    graph, learned = with_texts(np.array([0, 3]), 0.5), interest_edges()
    scores = score_users(graph, learned, 1, np.array([0, 1, 3]), WEIGHTING)
    popularity = 0.1 * graph.popularity(WEIGHTING.half_life_days)[graph.items_of(1)]
    added = scores - popularity
    expected = np.zeros((3, ITEMS))
    expected[0, 0] = 10 * 0.5 * 2
    expected[2, 1] = 10 * 0.5 * 3
    assert added == pytest.approx(expected, abs=1e-5)


def test_what_users_without_a_history_wrote_counts_by_interest_alone() -> None:
    graph, learned = with_texts(np.array([0]), 0.5), interest_edges()
    hidden = graph.interaction_users() == 0
    texts_only = hide_interactions(graph, hidden, half_life_days=365)
    interests = csr_array(([np.float32(0.5)], ([0], [0])), shape=(USERS, 2))
    texts_only = dataclasses.replace(texts_only, user_interests=interests)
    scores = score_users(texts_only, learned, 1, np.array([0]), WEIGHTING)
    assert scores[0, 0] - scores[0, 2] == pytest.approx(7 * 0.5 * 2, abs=0.01)


def test_hidden_interactions_leave_written_interests_unchanged() -> None:
    graph = with_texts(np.arange(10), 0.5)
    hidden = np.isin(graph.interaction_users(), np.arange(10))
    visible = hide_interactions(graph, hidden, half_life_days=365)
    assert (visible.written_interests != graph.written_interests).nnz == 0
    assert visible.user_interests[:10].nnz == 0


def test_the_unit_gives_one_text_the_spread_of_the_rest_of_the_score() -> None:
    graph, learned = checkerboard(), interest_edges()
    popularity = 0.1 * graph.popularity(WEIGHTING.half_life_days)[graph.items_of(1)]
    rows = np.zeros((2, ITEMS))
    rows[0, 0], rows[1, 1] = 2, 3
    expected = popularity.std() / rows.std(axis=1).mean()
    unit = written_unit(graph, learned, 1, learned.merge["b"], WEIGHTING)
    assert unit == pytest.approx(expected, rel=1e-5)
    weighted = weight_written(graph, learned, learned.merge, WEIGHTING)
    assert weighted["b"].written == pytest.approx(WRITTEN_SPREAD * expected, rel=1e-5)
    assert weighted["a"].written == 0  # no interest leads into a


def test_without_texts_the_weight_is_the_default_and_the_training_is_the_same() -> None:
    config = TrainingConfig(edges_per_node=6)
    first, second = (train_edges(checkerboard(), config) for _ in range(2))
    assert first.tuned == second.tuned
    for weights in first.tuned.merge.values():
        assert weights.written > 0
