"""Metrics of a model's full rankings for the held-out users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn import metrics
from isthmus.gnn.data import select_entries
from isthmus.gnn.evaluation.conditions import EvaluationConfig, ScoreFunction
from isthmus.gnn.evaluation.held_out import USER_BLOCK, HeldOutSet, rank_users
from isthmus.gnn.evaluation.results import ModelMetrics

if TYPE_CHECKING:
    from numpy.typing import NDArray


POPULARITY_THIRDS = ("lowest", "middle", "highest")


def evaluate_ranking(scores: ScoreFunction, held_out: HeldOutSet) -> ModelMetrics:
    """Computes the metrics of a model's full rankings of the target domain."""
    thirds = _popularity_thirds(held_out.like_counts)[held_out.liked.indices]
    subsets = {f"ndcg@10 {name}": thirds == k for k, name in enumerate(POPULARITY_THIRDS)}
    subsets["ndcg@10_without_twins"] = ~held_out.twins
    liked_subsets = {
        name: select_entries(held_out.liked, selected) for name, selected in subsets.items()
    }
    blocks: dict[str, list[NDArray[np.float64]]] = {}
    lists = []
    for start in range(0, len(held_out.users), USER_BLOCK):
        rows = np.arange(start, min(start + USER_BLOCK, len(held_out.users)))
        block = rank_users(scores, held_out, rows)
        liked = csr_array(held_out.liked[rows])
        per_user = {
            "ndcg@10": metrics.ndcg(block, liked),
            "recall@10": metrics.recall(block, liked),
            "rank_correlation": metrics.rank_correlation(block, csr_array(held_out.rated[rows])),
        }
        per_user |= {
            name: _subset_ndcg(block, subset[rows]) for name, subset in liked_subsets.items()
        }
        for name, values in per_user.items():
            blocks.setdefault(name, []).append(values)
        lists.append(metrics.top_items(block))
    recommended = np.concatenate(lists)
    return ModelMetrics(
        per_user={name: np.concatenate(values) for name, values in blocks.items()},
        overall={
            "coverage@10": metrics.coverage(recommended, len(held_out.like_counts)),
            "diversity@10": metrics.diversity(recommended, held_out.item_vectors),
            "novelty@10": metrics.novelty(
                recommended, held_out.like_counts, held_out.training_users
            ),
        },
    )


def leakage_summary(
    held_out: HeldOutSet, leakage: dict[str, int], config: EvaluationConfig
) -> dict[str, Any]:
    """Returns the results of the leakage check and of the search for twins, for the document."""
    searched = config.titles is not None
    found = int(held_out.twins.sum())
    twins = {"checked_rows": held_out.liked.nnz, "found": found} if searched else None
    return {
        "audits": {"leak": leakage, "twins": twins},
        "twin_rows": found if searched else None,
    }


def _popularity_thirds(like_counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the popularity third of each item: 0 for the least liked to 2 for the most liked."""
    rank = np.empty(len(like_counts), np.int64)
    rank[np.argsort(like_counts, kind="stable")] = np.arange(len(like_counts))
    return 3 * rank // max(len(like_counts), 1)


def _subset_ndcg(scores: NDArray[np.float32], liked: csr_array) -> NDArray[np.float64]:
    """Returns NDCG@10 by a subset of the likes, NaN for users without likes in it, (users,)."""
    return np.where(np.diff(liked.indptr) > 0, metrics.ndcg(scores, liked), np.nan)
