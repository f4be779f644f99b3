"""Kernel ridge regression: its leave-one-out is exact, and its edges give its predictions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.data.examples import build_examples
from isthmus.gnn.data.histories import HistoryWeighting
from isthmus.gnn.model.features import compute_features
from isthmus.gnn.model.kernel import (
    LIKES_POWER,
    MIN_TUNING_USERS,
    PRIOR,
    Kernel,
    KernelSolution,
    TrainingUsers,
    leave_one_out_ndcg,
    tune_kernel,
)
from isthmus.gnn.model.landmarks import LandmarkSolution
from isthmus.gnn.model.solved_kernel import Popularity, select_popularity_weight, solve_kernel
from isthmus.graph.ingest import MAX_WEIGHT
from tests.unit.checkerboard import checkerboard

KERNELS = (Kernel(), Kernel(spectrum=0, text=0), Kernel(hops=2, normalised=False))


@pytest.fixture
def users() -> TrainingUsers:
    """The training users of the second domain of a small graph with texts."""
    graph = checkerboard()
    weighting = HistoryWeighting()
    everybody = np.arange(len(graph.users))
    examples = build_examples(graph, 1, everybody, weighting, weighting)
    return TrainingUsers(examples.history, examples.liked, compute_features(graph, seed=7))


@pytest.mark.parametrize("kernel", KERNELS)
def test_scores_of_a_user_without_himself_are_those_of_a_solution_without_him(
    users: TrainingUsers, kernel: Kernel
) -> None:
    whole = KernelSolution(users, kernel)
    part = next(whole.leave_one_out(np.arange(len(users))))
    prior = whole.prior_scores(part)
    assert (part.liked != users.liked).nnz == 0
    # The scale of parts and penalty is a mean over all users, and stays what it was.
    gram = np.linalg.inv(whole.inverse.astype(np.float64))
    for left_out in (0, 7):
        rest = np.delete(np.arange(len(users)), left_out)
        alpha = np.linalg.solve(gram[np.ix_(rest, rest)], users.liked[rest].toarray())
        assert part.scores[left_out] == pytest.approx(gram[left_out, rest] @ alpha, abs=1e-3)
        assert prior[left_out] == pytest.approx(whole.prior * alpha.sum(axis=0), abs=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_edges_give_the_predictions_of_the_kernel(users: TrainingUsers, kernel: Kernel) -> None:
    solution = KernelSolution(users, kernel)
    alpha = solution.inverse @ users.liked.toarray()
    gram = np.linalg.inv(solution.inverse.astype(np.float64))
    likes = np.diff(users.liked.indptr) ** LIKES_POWER
    penalty = kernel.penalty * solution.prior / PRIOR * likes
    predictions = (gram - np.diag(penalty) - solution.prior) @ alpha
    scores = solution.edge_weights().scores(users.history) * solution.lengths(users)[:, None]
    assert scores == pytest.approx(predictions, abs=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_with_all_users_as_landmarks_the_solution_is_the_exact_one(
    users: TrainingUsers, kernel: Kernel
) -> None:
    everybody = np.arange(len(users))
    exact, landmarks = KernelSolution(users, kernel), LandmarkSolution(users, kernel, everybody)
    part, expected = (next(each.leave_one_out(everybody)) for each in (landmarks, exact))
    assert part.scores == pytest.approx(expected.scores, abs=5e-3)
    assert landmarks.prior_scores(part) == pytest.approx(exact.prior_scores(expected), abs=5e-3)
    scores, exact_scores = (x.edge_weights().scores(users.history) for x in (landmarks, exact))
    assert scores == pytest.approx(exact_scores, abs=5e-3)


def test_scores_of_a_user_without_himself_are_exact_for_the_landmarks(
    users: TrainingUsers,
) -> None:
    """The likes of the user left out count for nothing; as a landmark he stays."""
    landmarks = np.arange(0, len(users), 2)
    whole = LandmarkSolution(users, Kernel(), landmarks)
    part = next(whole.leave_one_out(np.arange(len(users))))
    exact = KernelSolution(users, Kernel())  # its K, on the scale of the landmarks
    likes = np.diff(users.liked.indptr) ** LIKES_POWER
    gram = np.linalg.inv(exact.inverse.astype(np.float64))
    gram = (gram - np.diag(Kernel().penalty * exact.mean * likes)) * whole.mean / exact.mean
    for left_out in (0, 7):
        rest = np.delete(np.arange(len(users)), left_out)
        cross = gram[np.ix_(landmarks, rest)] / (Kernel().penalty * whole.mean * likes[rest])
        inner = gram[np.ix_(landmarks, landmarks)] + cross @ gram[np.ix_(rest, landmarks)]
        alpha = np.linalg.solve(inner, cross @ users.liked[rest].toarray())
        expected = gram[left_out, landmarks] @ alpha
        assert part.scores[left_out] == pytest.approx(expected, abs=0.02)


def test_the_solution_is_on_the_scale_of_one_and_weighs_popularity(users: TrainingUsers) -> None:
    values = np.linspace(0, 1, users.liked.shape[1], dtype=np.float32)
    solved = solve_kernel(users, Kernel(), Popularity(values, values), seed=7, domain_count=2)
    assert 1 / solved.weights.unit_scale(users.history) == pytest.approx(1, abs=0.25)
    assert solved.popularity >= 0
    assert len(solved.user_ndcg) == len(users)


@pytest.mark.parametrize(
    ("mean_ndcg", "selected"),
    [
        ([0.62, 0.64, 0.66, 0.68, 0.709, 0.718], 5),
        ([0.857, 0.866, 0.876, 0.888, 0.901, 0.904], 4),
        ([0.260, 0.261, 0.257, 0.235, 0.180, 0.114], 0),
        ([0.240, 0.238, 0.233, 0.218, 0.183, 0.117], 0),
        ([0.0] * 6, 0),
    ],
)
def test_popularity_counts_less_where_that_costs_less_than_the_tolerance(
    mean_ndcg: list[float], selected: int
) -> None:
    assert select_popularity_weight(mean_ndcg) == selected


def test_popularity_does_not_count_for_predicting_the_only_like_of_an_item(
    users: TrainingUsers,
) -> None:
    items = users.liked.shape[1]
    once = csr_array(np.eye(len(users), items, dtype=np.float32))
    liked_once = Popularity(np.ones(items, np.float32), np.zeros(items, np.float32))
    alone = dataclasses.replace(users, liked=once)
    assert solve_kernel(alone, Kernel(), liked_once, 7, 2).user_ndcg.mean() < 0.5


def test_tuning_is_never_worse_than_where_it_begins_and_leaves_few_users_alone(
    users: TrainingUsers,
) -> None:
    before = leave_one_out_ndcg(users, Kernel()).mean()
    kernel, after = tune_kernel(users, Kernel())
    assert after.mean() >= before
    assert after.mean() == pytest.approx(leave_one_out_ndcg(users, kernel).mean(), abs=1e-6)
    few = users.select(np.arange(MIN_TUNING_USERS - 1))
    assert tune_kernel(few, Kernel())[0] == Kernel()
    nobody, values = tune_kernel(users.select(np.arange(0)), Kernel())
    assert (nobody, len(values)) == (Kernel(), 0)


def test_no_feature_of_a_source_holds_anything_of_the_target() -> None:
    graph = checkerboard()
    interactions = graph.interactions.copy()
    of_target = graph.item_domain[interactions.indices] == 1
    interactions.data[of_target] *= 2
    other = dataclasses.replace(graph, interactions=interactions)
    one, two = (compute_features(each, seed=7) for each in (graph, other))
    sources = graph.items_of(0)
    for first, second in (
        (one.importance, two.importance),
        (one.spectrum, two.spectrum),
        *zip(one.texts, two.texts, strict=True),
    ):
        assert np.array_equal(first[sources], second[sources])
        assert first[sources].any()


def test_the_largest_weights_do_not_stop_the_solution(users: TrainingUsers) -> None:
    history = users.history.copy()
    history.data[::7] *= np.float32(MAX_WEIGHT)
    values = leave_one_out_ndcg(dataclasses.replace(users, history=history), Kernel())
    assert values.shape == (len(users),)
    assert np.isfinite(values).all()


def test_histories_of_neutral_ratings_alone_say_nothing(users: TrainingUsers) -> None:
    history = users.history.copy()
    history.data[:] = 0
    neutral = dataclasses.replace(users, history=history)
    popularity = np.linspace(0, 1, users.liked.shape[1], dtype=np.float32)
    solved = solve_kernel(neutral, Kernel(), Popularity(popularity, popularity), 7, 2)
    assert not solved.weights.scores(history).any()
    assert np.isfinite(solved.popularity)
    assert np.isfinite(tune_kernel(neutral, Kernel())[1]).all()
