"""Scores become probabilities by shares of likes, and their error is measured on other writers."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.graph.serving.calibration import MIN_PAIRS, calibration_error, fit_calibration


def draw(
    size: int, slope: float, offset: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, likes of the probability 1 / (1 + exp(-(slope * score + offset))), and writers."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.5, 1.5, size)
    likes = rng.random(size) < 1 / (1 + np.exp(-(slope * scores + offset)))
    return scores, likes, np.array([f"u{k // 10}" for k in range(size)])


@pytest.mark.parametrize(("slope", "offset"), [(1.5, -1.0), (0.4, 0.3), (3.0, 0.0)])
def test_the_probabilities_of_a_known_logistic_are_found(slope: float, offset: float) -> None:
    calibration = fit_calibration(*draw(4_000, slope, offset))
    assert calibration is not None
    scores = np.array(calibration.scores)
    assert (np.diff(scores) > 0).all()
    assert (np.diff(calibration.probabilities) >= 0).all()
    # Two standard errors of a group of 333 pairs, and the curvature within it.
    truth = 1 / (1 + np.exp(-(slope * scores + offset)))
    assert np.abs(calibration.probabilities - truth).max() < 0.09
    assert 0 <= calibration.error < 0.05
    assert calibration.pairs == 4_000


def test_scores_of_no_use_give_nothing_or_probabilities_near_a_half() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        scores, likes = rng.normal(size=1_000), np.arange(1_000) % 2 == 0
        found = fit_calibration(scores, likes, np.array([f"u{k // 10}" for k in range(1_000)]))
        if found is not None:
            probabilities = np.interp(scores, found.scores, found.probabilities)
            assert np.abs(probabilities - 0.5).mean() < 0.1
            assert found.error < 0.1


def test_scores_that_are_lower_for_liked_items_give_nothing() -> None:
    scores, likes, writers = draw(1_000, 1.5, 0.0)
    assert fit_calibration(-scores, likes, writers) is None


def test_with_few_pairs_nothing_is_calibrated() -> None:
    scores, likes, writers = draw(MIN_PAIRS, 1.5, 0.0)
    assert fit_calibration(scores[1:], likes[1:], writers[1:]) is None
    assert fit_calibration(scores[:0], likes[:0], writers[:0]) is None
    found = fit_calibration(scores, likes, writers)
    assert found is not None
    assert found.pairs == MIN_PAIRS


def test_the_error_is_measured_on_writers_that_were_held_out() -> None:
    # Each writer has 100 items with the score 1 and 100 with -1. u0 likes 80 and 20 of them,
    # u1 likes 60 and 40. Either is predicted to like as many as the other: the gap is .2.
    counts = {"u0": (80, 20), "u1": (60, 40)}
    scores = np.concatenate([np.repeat([1.0, -1.0], 100)] * 2)
    likes = np.concatenate([np.arange(100) < n for pair in counts.values() for n in pair])
    found = fit_calibration(scores, likes, np.repeat([*counts], 200))
    assert found is not None
    assert found.error == pytest.approx(0.2, abs=0.01)
    # The result is fitted to both: 70 and 30 of 100.
    fitted = np.interp([-1.0, 1.0], found.scores, found.probabilities)
    assert fitted == pytest.approx([0.3, 0.7], abs=0.01)


def test_one_writer_cannot_be_held_out_from_himself() -> None:
    scores, likes, writers = draw(MIN_PAIRS, 1.5, 0.0)
    assert fit_calibration(scores, likes, np.full_like(writers, "u0")) is None


@pytest.mark.parametrize("liked", [True, False])
def test_pairs_that_are_all_liked_or_all_not_are_not_calibrated(liked: bool) -> None:
    scores, _, writers = draw(MIN_PAIRS, 1.5, 0.0)
    assert fit_calibration(scores, np.full(MIN_PAIRS, liked), writers) is None


def test_the_calibration_error_is_the_mean_gap_of_bins_of_equal_width() -> None:
    # From .2: two of .25, one liked: |.5 - 1|. From .8: .8 and .85, one liked: |1.65 - 1|.
    # From .9, where 1 belongs too: .95 and 1, both liked: |1.95 - 2|.
    probabilities = np.array([0.25, 0.25, 0.8, 0.85, 0.95, 1.0])
    likes = np.array([True, False, True, False, True, True])
    expected = (0.5 + 0.65 + 0.05) / 6
    assert calibration_error(probabilities, likes) == pytest.approx(expected)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0
    assert calibration_error(np.array([0.0, 1.0]), np.array([True, False])) == 1
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0
