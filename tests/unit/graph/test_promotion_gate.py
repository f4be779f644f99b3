"""The held-out users of the promotion gate, and its decisions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import interactions_of_users
from isthmus.graph.generations.held_out_answers import HeldOutAnswers
from isthmus.graph.generations.promotion_gate import (
    HELD_OUT_SHARE,
    MAX_USERS_PER_TARGET,
    MIN_USERS,
    decide_promotion,
    held_out_users,
    hide_held_out,
    lost_breadth_or_speed,
    user_slices,
)
from isthmus.settings import Settings
from tests.unit.checkerboard import ITEMS, USERS, checkerboard

SETTINGS = Settings(seed=7)


def repeat_users(copies: int) -> InterestGraph:
    """The checkerboard with several copies of its users."""
    one = checkerboard()
    likes = csr_array(vstack([one.interactions] * copies, format="csr"))
    return dataclasses.replace(
        one,
        users=np.array([f"{copy} {user}" for copy in range(copies) for user in one.users]),
        interactions=likes,
        last_at=np.full(likes.nnz, np.nan),
        user_interests=csr_array(vstack([one.user_interests] * copies, format="csr")),
        written_interests=csr_array(vstack([one.written_interests] * copies, format="csr")),
    )


def test_a_twentieth_of_the_users_is_held_out_in_each_domain_different_users_in_each() -> None:
    data = repeat_users(40)
    first, second = (set(users.tolist()) for users in held_out_users(data))
    for users in (first, second):
        assert len(users) == pytest.approx(HELD_OUT_SHARE * 40 * USERS, rel=0.25)
    assert len(first & second) < len(first) / 4


def test_a_user_of_an_earlier_training_set_is_never_held_out_when_users_are_added() -> None:
    few, many = repeat_users(60), repeat_users(160)
    for before, after in zip(held_out_users(few), held_out_users(many), strict=True):
        assert len(after) == MAX_USERS_PER_TARGET
        assert {user for user in after.tolist() if user < len(few.users)} <= set(before.tolist())


def test_a_user_with_a_history_in_one_domain_is_not_held_out() -> None:
    data = repeat_users(40)
    users = held_out_users(data)[1]
    one_domain = hide_held_out(data, [np.zeros(0, np.int64), users], 365)
    assert not np.isin(users, np.concatenate(held_out_users(one_domain))).any()


def test_only_interactions_of_held_out_users_in_their_target_domain_are_hidden() -> None:
    data = repeat_users(40)
    held_out = held_out_users(data)
    visible = hide_held_out(data, held_out, 365)
    for target, users in enumerate(held_out):
        assert not interactions_of_users(visible, target, users).any()
    hidden = sum(
        interactions_of_users(data, target, users).sum() for target, users in enumerate(held_out)
    )
    assert hidden == 4 * sum(map(len, held_out))
    assert visible.interactions.nnz == data.interactions.nnz - hidden
    assert visible.interactions.shape == (40 * USERS, 2 * ITEMS)


def test_a_significant_loss_is_refused_and_an_insignificant_one_is_not() -> None:
    rng = np.random.default_rng(1)
    champion = rng.random(200)
    assert decide_promotion(champion, champion, SETTINGS)[0]
    assert decide_promotion(champion, champion + rng.normal(0, 0.1, 200), SETTINGS)[0]
    promoted, reason = decide_promotion(champion, champion - rng.random(200) / 10, SETTINGS)
    assert not promoted
    assert "NDCG@10 of 200 held-out users" in reason
    assert "a significant loss" in reason


def test_an_insignificant_loss_above_the_tolerated_loss_is_refused() -> None:
    champion = np.full(100, 0.5)
    challenger = champion + np.tile([0.3, -0.32], 50)  # 2 % worse, not significant
    assert decide_promotion(champion, challenger, SETTINGS)[0]
    settings = SETTINGS.model_copy(update={"tolerated_loss": 0.03})
    assert decide_promotion(champion, challenger, settings)[0]
    settings = SETTINGS.model_copy(update={"tolerated_loss": 0.01})
    promoted, reason = decide_promotion(champion, challenger, settings)
    assert not promoted
    assert "more than 1.0%" in reason


def test_too_few_held_out_users_cannot_refuse_a_challenger() -> None:
    champion = np.ones(MIN_USERS - 1)
    promoted, reason = decide_promotion(champion, np.zeros(MIN_USERS - 1), SETTINGS)
    assert promoted
    assert "too few to compare" in reason


def test_a_slice_that_falls_is_named_and_refused_though_all_users_gain() -> None:
    rng = np.random.default_rng(4)
    champion = rng.uniform(0.3, 0.6, 400)
    gain = rng.normal(0.05, 0.02, 400)
    gain[:60] = rng.normal(-0.1, 0.02, 60)
    slices = {"users of films": np.arange(400) >= 60, "users of books": np.arange(400) < 60}
    assert decide_promotion(champion, champion + gain, SETTINGS)[0]
    promoted, reason = decide_promotion(champion, champion + gain, SETTINGS, slices)
    assert not promoted
    assert "but of 60 users of books from" in reason
    assert "a significant loss there" in reason


def test_slices_refuse_an_equal_challenger_no_more_often_than_one_in_twenty() -> None:
    refused = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        champion = rng.random(600)
        challenger = champion + rng.normal(0, 0.1, 600)
        slices = {f"users of {k}": np.arange(600) % 10 == k for k in range(10)}
        alone = decide_promotion(champion, challenger, SETTINGS)[0]
        refused += alone and not decide_promotion(champion, challenger, SETTINGS, slices)[0]
    assert refused <= 5


def answers(coverage: float = 0.5, seconds: float = 0.01, users: int = 40) -> HeldOutAnswers:
    each = np.arange(users)
    return HeldOutAnswers(each, np.full(users, 0.4), each % 2, each * 2, coverage, seconds)


def test_narrower_lists_and_slower_answers_are_refused_with_the_numbers() -> None:
    assert lost_breadth_or_speed(answers(), answers(0.3, 0.09)) == ""
    assert "its lists hold 20.0% of the items" in lost_breadth_or_speed(answers(), answers(0.2))
    assert "takes 200 ms to answer" in lost_breadth_or_speed(answers(), answers(seconds=0.2))
    assert lost_breadth_or_speed(answers(users=10), answers(0.1, users=10)) == ""


def test_slices_are_domains_languages_and_histories_with_enough_users() -> None:
    languages = np.array(["zh"] * 40 + ["en"] * 58 + ["ja"] * 2)
    found = user_slices(answers(users=100), ["books", "films"], languages)
    assert {name: int(users.sum()) for name, users in found.items()} == {
        "users of books": 50,
        "users of films": 50,
        "users of titles in the language en": 58,
        "users of titles in the language zh": 40,
        "users with 50 interactions and more": 75,
    }
