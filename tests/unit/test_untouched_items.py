"""Items that nobody has touched yet are led to by their text."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.blend import Mix, Taught
from gnn.choices import Choices
from gnn.data import InterestGraph, Reading
from gnn.splits import without
from gnn.train import Trainer, reproducible
from tests.unit.checkerboard import ITEMS, checkerboard

EVEN, ODD = ITEMS, ITEMS + 1


@pytest.fixture(scope="module")
def graph() -> InterestGraph:
    whole = checkerboard()
    hidden = np.isin(whole.interactions.indices, (EVEN, ODD))
    return without(whole, hidden, half_life_days=365)


@pytest.fixture(scope="module")
def taught(graph: InterestGraph) -> Taught:
    trainer = Trainer(10, Reading(), 20_000, 7, "")
    with reproducible(7, 1):
        return trainer.taught(graph, Choices(Reading(), 20, Mix(closed_share=0)))[0]


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
