"""Item cold start: items without interactions get edges by their text."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.data.splits import hide_interactions
from isthmus.gnn.determinism import reproducible
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.gnn.model.item_cold_start import nearest_liked_items
from isthmus.gnn.model.kernel import Kernel
from isthmus.gnn.training.train import Trainer
from isthmus.gnn.training.tuned_parameters import TargetParameters, TunedParameters
from tests.unit.checkerboard import ITEMS, checkerboard

EVEN, ODD = ITEMS, ITEMS + 1


@pytest.fixture(scope="module")
def graph() -> InterestGraph:
    whole = checkerboard()
    hidden = np.isin(whole.interactions.indices, (EVEN, ODD))
    return hide_interactions(whole, hidden, half_life_days=365)


@pytest.fixture(scope="module", params=[0.0, 1.0], ids=["kernel", "with network"])
def edges(graph: InterestGraph, request: pytest.FixtureRequest) -> LearnedEdges:
    targets = dict.fromkeys(graph.domains, TargetParameters(HistoryWeighting(), Kernel()))
    tuned = TunedParameters(
        targets, dict.fromkeys(graph.domains, 365.0), network_share=request.param
    )
    with reproducible(7, 1):
        trainer = Trainer(TrainingConfig(edges_per_node=10))
        examples = trainer.examples(graph, targets)
        model = trainer.train(graph, trainer.features(graph), examples, tuned)
        return trainer.build_edges(graph, examples, model, tuned)


def test_each_source_has_an_edge_to_the_cold_item_of_its_colour(edges: LearnedEdges) -> None:
    transfer = edges.transfer
    sources = {
        item: sorted(transfer.sources[transfer.targets == item].tolist()) for item in (EVEN, ODD)
    }
    assert sources == {EVEN: list(range(0, ITEMS, 2)), ODD: list(range(1, ITEMS, 2))}


def test_each_interest_has_an_edge_to_the_cold_item_that_is_about_it(edges: LearnedEdges) -> None:
    for interest, item in enumerate((EVEN, ODD)):
        assert item in edges.interest.targets[edges.interest.sources == interest]


def test_edges_to_cold_items_do_not_raise_the_edges_per_node(edges: LearnedEdges) -> None:
    assert np.bincount(edges.transfer.sources).max() <= 10


def test_neighbours_are_weighted_by_similarity_and_sum_to_one(graph: InterestGraph) -> None:
    cold = graph.like_counts(365) <= 0
    weights = nearest_liked_items(graph, 1, cold).toarray()
    cold = cold[graph.items_of(1)]
    assert weights[:, cold].sum(axis=0) == pytest.approx(1)
    assert not weights[:, ~cold].any()
    assert not weights[cold].any()
    even_item = weights[:, np.flatnonzero(cold)[0]][~cold]
    assert even_item[::2].min() > even_item[1::2].max()


def test_an_item_without_text_gets_its_neighbours_by_interests(graph: InterestGraph) -> None:
    vectors = graph.item_vectors.copy()
    vectors[EVEN] = 0
    cold = graph.like_counts(365) <= 0
    weights = nearest_liked_items(
        dataclasses.replace(graph, item_vectors=vectors), 1, cold
    ).toarray()
    cold = cold[graph.items_of(1)]
    even_item = weights[:, np.flatnonzero(cold)[0]][~cold]
    assert even_item[::2].sum() > even_item[1::2].sum()


def test_without_text_and_interests_a_cold_item_has_no_neighbours(graph: InterestGraph) -> None:
    no_text = dataclasses.replace(
        graph,
        item_vectors=np.zeros_like(graph.item_vectors),
        interest_vectors=np.zeros_like(graph.interest_vectors),
    )
    cold = graph.like_counts(365) <= 0
    weights = nearest_liked_items(no_text, 1, cold)
    assert weights.nnz == 0
