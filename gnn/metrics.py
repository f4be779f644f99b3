"""Metrics of rankings: relevance, coverage, diversity, novelty and confidence intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

LIST_LENGTH = 10
BOOTSTRAP_RESAMPLES = 1000


def ndcg(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """Computes NDCG@10 of each user with binary relevance, (users,).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002.
    """
    discounts = 1 / np.log2(np.arange(LIST_LENGTH) + 2)
    counts = np.diff(relevant.indptr)
    ideal = np.concatenate([[0], np.cumsum(discounts)])[np.minimum(counts, LIST_LENGTH)]
    return expected_gains(scores, relevant, discounts) / np.where(counts > 0, ideal, 1)


def recall(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """Computes Recall@10 of each user, the share of relevant items in the top ten, (users,)."""
    gains = expected_gains(scores, relevant, np.ones(LIST_LENGTH))
    return gains / np.maximum(np.diff(relevant.indptr), 1)


def expected_gains(
    scores: NDArray[np.float32], relevant: csr_array, discounts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sums the discounts at the ranks of each user's relevant items, (users,).

    Items with equal scores may be ranked in any order with the same probability, so each gets the
    mean of the discounts at their ranks.

    Args:
        scores: (users, items); -inf excludes an item from the ranking.
        relevant: Relevant items, CSR (users, items).
        discounts: Discounts of the first ranks; all further ones are 0.
    """
    import torch

    # cumulative[n] is the sum of the discounts of the first n ranks.
    cumulative = np.zeros(scores.shape[1] + 1)
    cumulative[1 : len(discounts) + 1] = np.cumsum(discounts)[: scores.shape[1]]
    cumulative[len(discounts) + 1 :] = cumulative[min(len(discounts), scores.shape[1])]
    gains = np.zeros(len(scores))
    if not scores.size:
        return gains
    users = np.repeat(np.arange(len(scores)), np.diff(relevant.indptr))
    values = scores[users, relevant.indices]
    # Below the last rank with a discount there is no gain, and most relevant items are there.
    ranks = min(len(discounts), scores.shape[1])
    lowest = torch.topk(torch.from_numpy(np.ascontiguousarray(scores)), ranks).values[:, -1]
    counted = values >= lowest.numpy()[users]
    for user, score in zip(users[counted].tolist(), values[counted], strict=True):
        row = scores[user]
        above = int(np.count_nonzero(row > score))
        tied = int(np.count_nonzero(row == score))
        gains[user] += (cumulative[above + tied] - cumulative[above]) / tied
    return gains


def hit_rate(
    scores: NDArray[np.float32], relevant: csr_array, length: int = LIST_LENGTH
) -> NDArray[np.float64]:
    """Computes HR@length, the probability of a relevant item in the top `length`, (users,)."""
    return _expected_first_gain(scores, relevant, lambda ranks: ranks <= length)


def reciprocal_rank(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """Computes 1 over the rank of each user's first relevant item, (users,); its mean is MRR."""
    return _expected_first_gain(scores, relevant, lambda ranks: 1 / ranks)


def _expected_first_gain(
    scores: NDArray[np.float32],
    relevant: csr_array,
    gain: Callable[[NDArray[np.float64]], NDArray[np.floating | np.bool_]],
) -> NDArray[np.float64]:
    """Computes the expected gain at the rank of each user's first relevant item, (users,).

    Of `tied` items with equal scores, `hits` of them relevant, the first relevant one is after the
    k-th with the probability C(tied - k, hits) / C(tied, hits).
    """
    gains = np.zeros(len(scores))
    for user, row in enumerate(scores):
        items = relevant.indices[relevant.indptr[user] : relevant.indptr[user + 1]]
        if not len(items):
            continue
        score = row[items].max()
        above = int(np.count_nonzero(row > score))
        tied = int(np.count_nonzero(row == score))
        hits = int(np.count_nonzero(row[items] == score))
        before = np.arange(tied - hits + 1)
        survival = np.cumprod(np.append(1.0, (tied - hits - before) / (tied - before)))
        gains[user] = (-np.diff(survival) * gain((above + 1 + before).astype(np.float64))).sum()
    return gains


def rank_correlation(scores: NDArray[np.float32], rated: csr_array) -> NDArray[np.float64]:
    """Computes Spearman's correlation of scores and weights over each user's items, (users,).

    Equal values get their mean rank. A user whose scores are all equal gets 0. For a user whose
    weights are all equal, the correlation is undefined and NaN.

    Args:
        scores: (users, items).
        rated: Weights of the interactions, CSR (users, items); a stored 0 is a weight too.
    """
    correlations = np.full(len(scores), np.nan)
    for user, row in enumerate(scores):
        start, end = rated.indptr[user : user + 2]
        true_ranks = rankdata(rated.data[start:end])
        score_ranks = rankdata(row[rated.indices[start:end]])
        if len(np.unique(true_ranks)) > 1:
            differ = len(np.unique(score_ranks)) > 1
            correlations[user] = np.corrcoef(true_ranks, score_ranks)[0, 1] if differ else 0.0
    return correlations


def top_items(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Returns the top ten items of each user, best first, ties by index, (users, 10)."""
    length = min(LIST_LENGTH, scores.shape[1])
    threshold = -np.partition(-scores, length - 1, axis=1)[:, length - 1]
    lists = np.empty((len(scores), length), np.int64)
    for user, row in enumerate(scores):
        candidates = np.flatnonzero(row >= threshold[user])
        lists[user] = candidates[np.argsort(-row[candidates], kind="stable")[:length]]
    return lists


def coverage(lists: NDArray[np.int64], items: int) -> float:
    """Returns the share of all items that are in at least one list."""
    return len(np.unique(lists)) / max(items, 1)


def diversity(lists: NDArray[np.int64], vectors: NDArray[np.float32]) -> float | None:
    """Returns the mean distance (1 - cosine) of two items in a list.

    None where no list has two items with an embedding.

    Args:
        lists: Recommended items, (users, length of a list).
        vectors: Embeddings of unit length, 0 where an item has none, (items, dimensions).
    """
    listed = vectors[lists]
    embedded = listed.any(axis=2).astype(np.float64)
    pairs = (embedded.sum(axis=1) ** 2 - embedded.sum(axis=1)) / 2
    # The squared length of a sum of unit vectors is their number plus twice all pair cosines.
    cosines = ((listed.sum(axis=1) ** 2).sum(axis=1) - embedded.sum(axis=1)) / 2
    defined = pairs > 0
    return float((1 - cosines[defined] / pairs[defined]).mean()) if defined.any() else None


def novelty(lists: NDArray[np.int64], likers: NDArray[np.int64], users: int) -> float:
    """Returns the mean of -log2 of the share of users who like a listed item, in bits.

    Vargas and Castells, "Rank and relevance in novelty and diversity metrics", 2011; smoothed by
    one more user who likes every item.

    Args:
        lists: Recommended items, (users, length of a list).
        likers: Number of users who like each item, (items,).
        users: Number of all users.
    """
    information = -np.log2((1 + likers) / (1 + users))
    return float(information[lists].mean())


def bootstrap_interval(
    values: NDArray[np.float64], seed: int, error: float = 0.05
) -> tuple[float, float]:
    """Computes the bootstrap interval of the mean over users.

    Args:
        values: One value for each user, (users,).
        seed: Seed of the resampling.
        error: Probability that the mean lies outside, half of it on either side.
    """
    rng = np.random.default_rng(seed)
    means = [
        values[rng.integers(0, len(values), len(values))].mean() for _ in range(BOOTSTRAP_RESAMPLES)
    ]
    low, high = np.quantile(means, [error / 2, 1 - error / 2])
    return float(low), float(high)
