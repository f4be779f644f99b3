"""The metrics against ranx, and with ties against values computed by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.gnn.metrics import (
    bootstrap_interval,
    coverage,
    diversity,
    hit_rate,
    ndcg,
    novelty,
    rank_correlation,
    recall,
    reciprocal_rank,
    top_items,
)

# ranx warns at import, so it runs in a separate process.
RANX = """
import json, sys, ranx
scores, relevant = json.load(sys.stdin)
qrels = ranx.Qrels({str(u): {str(i): 1 for i in items} for u, items in enumerate(relevant)})
run = ranx.Run({str(u): {str(i): s for i, s in enumerate(row)} for u, row in enumerate(scores)})
values = ranx.evaluate(qrels, run, ["ndcg@10", "recall@10", "hit_rate@5", "mrr"])
print(json.dumps({name: float(value) for name, value in values.items()}))
"""


def test_ndcg_recall_hit_rate_and_reciprocal_rank_equal_those_of_ranx() -> None:
    rng = np.random.default_rng(3)
    scores = rng.permuted(np.tile(np.arange(60.0), (30, 1)), axis=1).astype(np.float32)
    lists = [sorted(rng.choice(60, rng.integers(1, 15), replace=False).tolist()) for _ in scores]
    rows = np.repeat(np.arange(30), [len(items) for items in lists])
    relevant = csr_array((np.ones(len(rows)), (rows, np.concatenate(lists))), shape=scores.shape)
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RANX],
        input=json.dumps([scores.tolist(), lists]),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},  # compiling takes half a minute
    )
    expected = json.loads(process.stdout.splitlines()[-1])
    assert ndcg(scores, relevant).mean() == pytest.approx(expected["ndcg@10"])
    assert recall(scores, relevant).mean() == pytest.approx(expected["recall@10"])
    assert hit_rate(scores, relevant, 5).mean() == pytest.approx(expected["hit_rate@5"])
    assert reciprocal_rank(scores, relevant).mean() == pytest.approx(expected["mrr"])


def test_a_relevant_item_in_a_tie_gets_the_mean_gain_of_the_tied_ranks() -> None:
    scores = np.zeros((1, 20), np.float32)
    relevant = csr_array(([1.0], ([0], [7])), shape=(1, 20))
    assert recall(scores, relevant)[0] == pytest.approx(10 / 20)
    discounts = 1 / np.log2(np.arange(10) + 2)
    assert ndcg(scores, relevant)[0] == pytest.approx(discounts.sum() / 20)


def test_the_first_relevant_item_of_a_tie_gets_its_expected_gain() -> None:
    # After one better item, two of four tied items are relevant: the first of them has rank 2, 3
    # or 4 in 3, 2 and 1 of the 6 orders.
    scores = np.array([[9, 5, 5, 5, 5, 1]], np.float32)
    relevant = csr_array(([1.0, 1.0], ([0, 0], [2, 3])), shape=(1, 6))
    assert reciprocal_rank(scores, relevant)[0] == pytest.approx((3 / 2 + 2 / 3 + 1 / 4) / 6)
    assert hit_rate(scores, relevant, 1)[0] == 0
    assert hit_rate(scores, relevant, 3)[0] == pytest.approx(5 / 6)
    assert hit_rate(scores, relevant, 4)[0] == pytest.approx(1)


def test_rank_correlation_equals_the_value_by_hand() -> None:
    # True weights rank 1, 2.5, 2.5, 4; scores rank them 1, 2, 3, 4.
    weights = csr_array(np.array([[-2, 1, 1, 2, 0]], np.float32))
    scores = np.array([[0.1, 0.2, 0.3, 0.4, 9]], np.float32)
    assert rank_correlation(scores, weights)[0] == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert rank_correlation(-scores, weights)[0] == pytest.approx(-4.5 / np.sqrt(4.5 * 5))


def test_rank_correlation_is_0_for_equal_scores_and_nan_for_equal_weights() -> None:
    weights = csr_array(np.array([[1, -1], [1, 1], [0, 0]], np.float32))
    correlations = rank_correlation(np.ones((3, 2), np.float32), weights)
    assert correlations[0] == 0
    assert np.isnan(correlations[1:]).all()


def test_rank_correlation_includes_a_stored_zero() -> None:
    weights = csr_array((np.array([0.0, 2.0]), ([0, 0], [0, 1])), shape=(1, 3))
    assert rank_correlation(np.array([[1, 2, 3]], np.float32), weights)[0] == pytest.approx(1)


def test_coverage_diversity_and_novelty_equal_the_values_by_hand() -> None:
    lists = top_items(np.array([[3, 2, 1], [3, 2, 1]], np.float32))
    assert lists.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert coverage(lists[:, :2], 4) == 0.5
    vectors = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    assert diversity(lists, vectors) == pytest.approx(2 / 3)
    assert novelty(lists[:, :1], np.array([1, 0, 0]), 3) == pytest.approx(1)


def test_the_bootstrap_interval_contains_the_mean() -> None:
    low, high = bootstrap_interval(np.arange(100.0), seed=1)
    assert low < 49.5 < high
