"""Edges from interests in closed form, and what they count for those who have only written."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.examples import Task, across
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import done_by, without
from isthmus.gnn.determinism import reproducible
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.gnn.model.domain_popularity import liked_by_all
from isthmus.gnn.model.ensemble import Mix
from isthmus.gnn.model.kernel_ridge import INTEREST_RIDGE, closed_form_of_interests
from isthmus.gnn.scoring import served_scores
from isthmus.gnn.training.merge_weights import ALONE_TRIED, NEWCOMER_LEADS, alone_merge, cold_merge
from isthmus.gnn.training.train import Trainer
from isthmus.gnn.training.tuned_parameters import Choices
from tests.unit.checkerboard import ITEMS, checkerboard

USERS = np.arange(20)


def test_the_edges_are_the_ridge_regression_of_likes_on_interests() -> None:
    told = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], np.float32)
    liked = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    lesson = Task(0, np.arange(3), [], csr_array(told), csr_array(liked))
    squared = (1 + 4 + 2) / 3
    likes = liked / np.array([[1], [1], [2**0.25]])
    shared = told.T @ told + INTEREST_RIDGE * squared * np.eye(2)
    expected = np.linalg.solve(shared, told.T @ likes)
    found = closed_form_of_interests(lesson, seed=7).scores(csr_array(np.eye(2, dtype=np.float32)))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def asked() -> tuple[InterestGraph, LearnedEdges, Task]:
    """Edges of a closed form alone, and users whose likes in b they were learned without."""
    whole = checkerboard()
    known = without(whole, done_by(whole, 1, USERS), half_life_days=365)
    with reproducible(7, 1):
        trainer = Trainer(TrainingConfig(edges_per_node=10))
        memory = dict.fromkeys(known.domains, 365.0)
        chosen = Choices(Reading(), memory, epochs=1, mix=Mix(closed_share=1))
        taught, _ = trainer.taught(known, chosen)
        learned = trainer.learned(taught, trainer.before_merge(taught, chosen))
    return known, learned, across(known, 1, USERS, Reading(), Reading(), answers=whole)


def test_what_interests_count_alone_begins_below_what_all_like_and_all_targets_choose_it(
    asked: tuple[InterestGraph, LearnedEdges, Task],
) -> None:
    known, learned, exam = asked
    merge = alone_merge(known, learned, [exam], {"b": learned.merge["b"]})["b"]
    edges = np.zeros((2, len(known.items)), np.float32)
    edges[learned.interest.sources, learned.interest.targets] = learned.interest.weights
    interest = exam.interests @ edges[:, known.items_of(1)]
    newcomer = liked_by_all(known, 365)[known.items_of(1)]
    apart = newcomer.std() / (merge.interest_alone * interest.std())
    assert any(apart == pytest.approx(NEWCOMER_LEADS / one) for one in (1, *ALONE_TRIED))
    # Of their colour is all that they like, so interests must count more than at first.
    assert apart < NEWCOMER_LEADS


def test_writers_alone_are_led_to_their_colour_where_validation_leaves_the_network_out(
    asked: tuple[InterestGraph, LearnedEdges, Task],
) -> None:
    whole, (known, learned, exam) = checkerboard(), asked
    merge, _ = cold_merge(known, learned, exam, learned.merge["b"], Reading())
    merge = alone_merge(known, learned, [exam], {"b": merge})["b"]
    silent = without(whole, np.isin(whole.owners(), USERS), half_life_days=365)
    interested = silent.user_interests.tolil()
    for user in USERS:
        interested[user, user % 2] = 0.5
    wrote = vars(silent) | {"user_interests": csr_array(interested)}
    scores = served_scores(type(silent)(**wrote), _merged(learned, merge), 1, USERS, Reading())
    best = np.argmax(scores, axis=1)
    assert (best % 2).tolist() == (USERS % 2).tolist()
    assert scores.shape == (len(USERS), ITEMS)


def _merged(learned: LearnedEdges, merge: MergeWeights) -> LearnedEdges:
    return dataclasses.replace(learned, merge={"b": merge})
