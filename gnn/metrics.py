"""What a ranking is worth: relevance, variety and how sure the figures are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

LISTED = 10
RESAMPLES = 1000


def ndcg(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """NDCG@10 of each user with binary relevance, (users,).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002.
    """
    discounts = 1 / np.log2(np.arange(LISTED) + 2)
    wanted = np.diff(relevant.indptr)
    ideal = np.concatenate([[0], np.cumsum(discounts)])[np.minimum(wanted, LISTED)]
    return expected_gains(scores, relevant, discounts) / np.where(wanted > 0, ideal, 1)


def recall(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """Recall@10 of each user: the share of the wanted items among the first ten, (users,)."""
    gains = expected_gains(scores, relevant, np.ones(LISTED))
    return gains / np.maximum(np.diff(relevant.indptr), 1)


def expected_gains(
    scores: NDArray[np.float32], relevant: csr_array, discounts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each user's sum of the discounts at the places of the relevant items, (users,).

    An item that shares its score with others may stand at any of their places alike, and gets the
    mean of what these places give.

    Args:
        scores: (users, items); -inf leaves an item out of the ranking.
        relevant: The items that the user wants, CSR (users, items).
        discounts: What the first places give; the places after them give nothing.
    """
    # cumulative[n] is what the first n places give together.
    cumulative = np.zeros(scores.shape[1] + 1)
    cumulative[1 : len(discounts) + 1] = np.cumsum(discounts)[: scores.shape[1]]
    cumulative[len(discounts) + 1 :] = cumulative[min(len(discounts), scores.shape[1])]
    gains = np.zeros(len(scores))
    for user, row in enumerate(scores):
        wanted = relevant.indices[relevant.indptr[user] : relevant.indptr[user + 1]]
        for score in row[wanted]:
            above = int(np.count_nonzero(row > score))
            tied = int(np.count_nonzero(row == score))
            gains[user] += (cumulative[above + tied] - cumulative[above]) / tied
    return gains


def hit_rate(
    scores: NDArray[np.float32], relevant: csr_array, first: int = LISTED
) -> NDArray[np.float64]:
    """HR@first: how likely the first places hold an item that the user wants, (users,)."""
    return _of_the_first(scores, relevant, lambda places: places <= first)


def reciprocal_rank(scores: NDArray[np.float32], relevant: csr_array) -> NDArray[np.float64]:
    """MRR before the mean: 1 over the place of the first item that the user wants, (users,)."""
    return _of_the_first(scores, relevant, lambda places: 1 / places)


def _of_the_first(
    scores: NDArray[np.float32],
    relevant: csr_array,
    worth: Callable[[NDArray[np.float64]], NDArray[np.floating | np.bool_]],
) -> NDArray[np.float64]:
    """The expected worth of the place where the first wanted item stands, (users,).

    Among `tied` items of one score, of which `wanted` are wanted, the first of these stands behind
    the place k with the likelihood C(tied - k, wanted) / C(tied, wanted).
    """
    gains = np.zeros(len(scores))
    for user, row in enumerate(scores):
        items = relevant.indices[relevant.indptr[user] : relevant.indptr[user + 1]]
        if not len(items):
            continue
        score = row[items].max()
        above = int(np.count_nonzero(row > score))
        tied = int(np.count_nonzero(row == score))
        wanted = int(np.count_nonzero(row[items] == score))
        before = np.arange(tied - wanted + 1)
        behind = np.cumprod(np.append(1.0, (tied - wanted - before) / (tied - before)))
        gains[user] = (-np.diff(behind) * worth((above + 1 + before).astype(np.float64))).sum()
    return gains


def rank_correlation(scores: NDArray[np.float32], rated: csr_array) -> NDArray[np.float64]:
    """Spearman's correlation of scores and true weights over the items a user rated, (users,).

    Equal values share their mean rank. A user for whom all scores are equal gets 0; one whose
    weights are all equal cannot be judged and gets NaN.

    Args:
        scores: (users, items).
        rated: Weights, CSR (users, items); a stored 0 is a weight too.
    """
    found = np.full(len(scores), np.nan)
    for user, row in enumerate(scores):
        start, end = rated.indptr[user : user + 2]
        true = rankdata(rated.data[start:end])
        said = rankdata(row[rated.indices[start:end]])
        if len(np.unique(true)) > 1:
            differ = len(np.unique(said)) > 1
            found[user] = np.corrcoef(true, said)[0, 1] if differ else 0.0
    return found


def best_items(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The ten items that each user would be shown, best first, ties by position, (users, 10)."""
    shown = min(LISTED, scores.shape[1])
    floor = -np.partition(-scores, shown - 1, axis=1)[:, shown - 1]
    lists = np.empty((len(scores), shown), np.int64)
    for user, row in enumerate(scores):
        candidates = np.flatnonzero(row >= floor[user])
        lists[user] = candidates[np.argsort(-row[candidates], kind="stable")[:shown]]
    return lists


def coverage(lists: NDArray[np.int64], items: int) -> float:
    """Share of all items that at least one user is shown."""
    return len(np.unique(lists)) / max(items, 1)


def diversity(lists: NDArray[np.int64], vectors: NDArray[np.float32]) -> float | None:
    """Mean distance (1 - cosine) between two items of one list; None where no item has text.

    Args:
        lists: Items shown, (users, listed).
        vectors: Embeddings of unit length, 0 where an item has none, (items, dimensions).
    """
    shown = vectors[lists]
    known = shown.any(axis=2).astype(np.float64)
    pairs = (known.sum(axis=1) ** 2 - known.sum(axis=1)) / 2
    # The squared length of a sum of unit vectors is their number plus twice all pair cosines.
    cosines = ((shown.sum(axis=1) ** 2).sum(axis=1) - known.sum(axis=1)) / 2
    some = pairs > 0
    return float((1 - cosines[some] / pairs[some]).mean()) if some.any() else None


def novelty(lists: NDArray[np.int64], likers: NDArray[np.int64], users: int) -> float:
    """Mean surprise of what is shown in bits: -log2 of the share of users who like it.

    Vargas and Castells, "Rank and relevance in novelty and diversity metrics", 2011; with one user
    more who likes everything.
    """
    surprise = -np.log2((1 + likers) / (1 + users))
    return float(surprise[lists].mean())


def interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Bootstrap 95 % interval of the mean over users."""
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
