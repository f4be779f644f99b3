"""Who judges a challenger, and what they decide."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import done_by
from isthmus.graph.generations.promotion_gate import (
    FEWEST,
    MOST_A_TARGET,
    SHARE,
    decide,
    held_out,
    to_learn_from,
)
from isthmus.settings import Settings
from tests.unit.checkerboard import ITEMS, USERS, checkerboard

TOLD = Settings(seed=7)


def times(copies: int) -> InterestGraph:
    """The checkerboard with more users of the same likes."""
    one = checkerboard()
    likes = csr_array(vstack([one.interactions] * copies, format="csr"))
    return dataclasses.replace(
        one,
        users=np.array([f"{copy} {user}" for copy in range(copies) for user in one.users]),
        interactions=likes,
        last_at=np.full(likes.nnz, np.nan),
        user_interests=csr_array(vstack([one.user_interests] * copies, format="csr")),
    )


def test_a_twentieth_is_held_out_in_each_domain_and_others_in_the_other() -> None:
    data = times(40)
    first, second = (set(users.tolist()) for users in held_out(data))
    for users in (first, second):
        assert len(users) == pytest.approx(SHARE * 40 * USERS, rel=0.25)
    assert len(first & second) < len(first) / 4


def test_nobody_comes_in_whom_a_training_has_seen_when_there_are_more_users() -> None:
    few, many = times(60), times(160)
    for before, after in zip(held_out(few), held_out(many), strict=True):
        assert len(after) == MOST_A_TARGET
        assert {user for user in after.tolist() if user < len(few.users)} <= set(before.tolist())


def test_somebody_with_a_history_in_one_domain_judges_nothing() -> None:
    data = times(40)
    users = held_out(data)[1]
    alone = to_learn_from(data, [np.zeros(0, np.int64), users], 365)
    assert not np.isin(users, np.concatenate(held_out(alone))).any()


def test_what_held_out_users_did_in_the_domain_is_not_learned_from_and_all_else_is() -> None:
    data = times(40)
    judges = held_out(data)
    known = to_learn_from(data, judges, 365)
    for target, users in enumerate(judges):
        assert not done_by(known, target, users).any()
    hidden = sum(done_by(data, target, users).sum() for target, users in enumerate(judges))
    assert hidden == 4 * sum(map(len, judges))
    assert known.interactions.nnz == data.interactions.nnz - hidden
    assert known.interactions.shape == (40 * USERS, 2 * ITEMS)


def test_a_significant_loss_is_refused_and_a_loss_by_chance_is_not() -> None:
    rng = np.random.default_rng(1)
    champion = rng.random(200)
    assert decide(champion, champion, TOLD)[0]
    assert decide(champion, champion + rng.normal(0, 0.1, 200), TOLD)[0]
    promoted, reason = decide(champion, champion - rng.random(200) / 10, TOLD)
    assert not promoted
    assert "NDCG@10 of 200 held-out users" in reason
    assert "a significant loss" in reason


def test_a_loss_by_chance_is_refused_where_it_is_more_than_is_tolerated() -> None:
    champion = np.full(100, 0.5)
    challenger = champion + np.tile([0.3, -0.32], 50)  # 2 % worse, within chance
    assert decide(champion, challenger, TOLD)[0]
    told = TOLD.model_copy(update={"tolerated_loss": 0.03})
    assert decide(champion, challenger, told)[0]
    told = TOLD.model_copy(update={"tolerated_loss": 0.01})
    promoted, reason = decide(champion, challenger, told)
    assert not promoted
    assert "more than 1.0%" in reason


def test_too_few_users_judge_nothing() -> None:
    champion = np.ones(FEWEST - 1)
    promoted, reason = decide(champion, np.zeros(FEWEST - 1), TOLD)
    assert promoted
    assert "nobody could judge" in reason
