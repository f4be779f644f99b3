"""What validation users chose serves a later training of about the same graph."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from isthmus.gnn.training.train import train
from isthmus.gnn.training.tuned_parameters import Choices
from tests.unit.checkerboard import checkerboard


def test_a_training_goes_on_with_the_choices_of_an_earlier_one() -> None:
    first = train(checkerboard())
    told = Choices.of(json.loads(json.dumps(first.choices.document())))
    assert told == first.choices
    again, once_more = (train(checkerboard(), choices=told).edges for _ in range(2))
    learned = first.edges
    assert (again.merge, again.metrics) == (learned.merge, learned.metrics)
    assert len(again.transfer) == len(learned.transfer)
    for one, other in ((again.transfer, once_more.transfer), (again.co_liked, learned.co_liked)):
        assert np.array_equal(one.targets, other.targets)
        assert np.array_equal(one.weights, other.weights)


def test_choices_of_another_release_are_none() -> None:
    choices = train(checkerboard()).choices
    told = choices.document()
    assert Choices.of({}) is None
    assert Choices.of(told | {"reading": told["reading"] | {"window": 3}}) is None
    assert Choices.of({name: what for name, what in told.items() if name != "epochs"}) is None


def test_choices_hold_while_a_graph_is_about_the_same() -> None:
    graph = checkerboard()
    choices = train(graph).choices
    assert choices.interactions == graph.interactions.nnz
    assert choices.still_hold(graph, 0.1)
    assert not choices.still_hold(graph, 0)
    fewer = dataclasses.replace(choices, interactions=round(graph.interactions.nnz * 0.8))
    assert not fewer.still_hold(graph, 0.1)
    others = dataclasses.replace(choices, merge={"elsewhere": choices.merge["a"]})
    assert not others.still_hold(graph, 0.1)
