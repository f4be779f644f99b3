"""Tuned parameters of one training are reused by a later training of about the same graph."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from isthmus.gnn.training.train import train_edges
from isthmus.gnn.training.tuned_parameters import TunedParameters
from tests.unit.checkerboard import checkerboard


def test_a_training_reuses_the_tuned_parameters_of_an_earlier_one() -> None:
    first = train_edges(checkerboard())
    tuned = TunedParameters.from_document(json.loads(json.dumps(first.tuned.document())))
    assert tuned == first.tuned
    second, third = (train_edges(checkerboard(), tuned=tuned).edges for _ in range(2))
    learned = first.edges
    assert (second.merge, second.metrics) == (learned.merge, learned.metrics)
    assert len(second.transfer) == len(learned.transfer)
    for one, other in ((second.transfer, third.transfer), (second.co_liked, learned.co_liked)):
        assert np.array_equal(one.targets, other.targets)
        assert np.array_equal(one.weights, other.weights)


def test_a_document_of_another_release_is_not_read() -> None:
    document = train_edges(checkerboard()).tuned.document()
    assert TunedParameters.from_document({}) is None
    kernel = document["targets"]["a"]["kernel"] | {"window": 3}
    targets = document["targets"] | {"a": document["targets"]["a"] | {"kernel": kernel}}
    assert TunedParameters.from_document(document | {"targets": targets}) is None
    without_half_lives = {
        name: value for name, value in document.items() if name != "popularity_half_life_days"
    }
    assert TunedParameters.from_document(without_half_lives) is None


def test_tuned_parameters_are_valid_while_the_graph_is_about_the_same() -> None:
    graph = checkerboard()
    tuned = train_edges(graph).tuned
    assert tuned.interactions == graph.interactions.nnz
    assert tuned.still_valid(graph, 0.1)
    assert not tuned.still_valid(graph, 0)
    fewer = dataclasses.replace(tuned, interactions=round(graph.interactions.nnz * 0.8))
    assert not fewer.still_valid(graph, 0.1)
    other_domain = dataclasses.replace(tuned, merge={"elsewhere": tuned.merge["a"]})
    assert not other_domain.still_valid(graph, 0.1)
