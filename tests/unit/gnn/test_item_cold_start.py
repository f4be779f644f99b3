"""Items that nobody has touched yet are led to by their text."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import without
from isthmus.gnn.determinism import reproducible
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.model.ensemble import Mix, Taught
from isthmus.gnn.model.item_cold_start import borrowed, stand_ins
from isthmus.gnn.training.train import Trainer
from isthmus.gnn.training.tuned_parameters import Choices
from tests.unit.checkerboard import ITEMS, checkerboard

EVEN, ODD = ITEMS, ITEMS + 1


@pytest.fixture(scope="module")
def graph() -> InterestGraph:
    whole = checkerboard()
    hidden = np.isin(whole.interactions.indices, (EVEN, ODD))
    return without(whole, hidden, half_life_days=365)


@pytest.fixture(scope="module", params=[0, 1], ids=["network", "closed form"])
def taught(graph: InterestGraph, request: pytest.FixtureRequest) -> Taught:
    trainer = Trainer(TrainingConfig(edges_per_node=10))
    memory, mix = dict.fromkeys(graph.domains, 365.0), Mix(closed_share=request.param)
    with reproducible(7, 1):
        return trainer.taught(graph, Choices(Reading(), memory, epochs=20, mix=mix))[0]


def test_each_source_leads_to_the_untouched_item_of_its_colour(taught: Taught) -> None:
    edges = taught.transfer(10, 20_000)
    towards = {item: sorted(edges.sources[edges.targets == item].tolist()) for item in (EVEN, ODD)}
    assert towards == {EVEN: list(range(0, ITEMS, 2)), ODD: list(range(1, ITEMS, 2))}


def test_each_interest_leads_to_the_untouched_item_that_is_about_it(taught: Taught) -> None:
    edges = taught.interest(10)
    for interest, item in enumerate((EVEN, ODD)):
        assert item in edges.targets[edges.sources == interest]


def test_no_more_edges_leave_a_node_for_it(taught: Taught) -> None:
    assert np.bincount(taught.transfer(10, 20_000).sources).max() <= 10


def test_nearer_texts_count_more_and_all_of_them_one(graph: InterestGraph) -> None:
    new = graph.likes(365) <= 0
    found = stand_ins(graph, 1, new).toarray()
    new = new[graph.items_of(1)]
    assert found[:, new].sum(axis=0) == pytest.approx(1)
    assert not found[:, ~new].any()
    assert not found[new].any()
    of_even = found[:, np.flatnonzero(new)[0]][~new]
    assert of_even[::2].min() > of_even[1::2].max()


def test_an_item_without_text_is_placed_by_its_interests(graph: InterestGraph) -> None:
    vectors = graph.item_vectors.copy()
    vectors[EVEN] = 0
    new = graph.likes(365) <= 0
    found = stand_ins(dataclasses.replace(graph, item_vectors=vectors), 1, new).toarray()
    new = new[graph.items_of(1)]
    of_even = found[:, np.flatnonzero(new)[0]][~new]
    assert of_even[::2].sum() > of_even[1::2].sum()


def test_without_any_words_nobody_stands_in(graph: InterestGraph) -> None:
    nothing = dataclasses.replace(
        graph,
        item_vectors=np.zeros_like(graph.item_vectors),
        interest_vectors=np.zeros_like(graph.interest_vectors),
    )
    new = graph.likes(365) <= 0
    found = stand_ins(nothing, 1, new)
    assert found.nnz == 0
    assert not len(borrowed(Edges(np.arange(2), np.arange(2), np.ones(2)), found, 5))
