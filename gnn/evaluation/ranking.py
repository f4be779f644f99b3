"""What a model's full rankings are worth to each held-out user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn import metrics
from isthmus.gnn.data.arrays import kept
from isthmus.gnn.evaluation.conditions import Conditions, Scores
from isthmus.gnn.evaluation.held_out import BLOCK, Exam, ranked
from isthmus.gnn.evaluation.results import Grades

if TYPE_CHECKING:
    from numpy.typing import NDArray


POPULARITY_THIRDS = ("lowest", "middle", "highest")


def graded(scores: Scores, exam: Exam) -> Grades:
    """What a model's full rankings of the target are worth."""
    thirds = _thirds(exam.likers)[exam.liked.indices]
    parts = {f"ndcg@10 {name}": thirds == k for k, name in enumerate(POPULARITY_THIRDS)}
    parts["ndcg@10_without_twins"] = ~exam.twins
    wanted = {name: kept(exam.liked, which) for name, which in parts.items()}
    users: dict[str, list[NDArray[np.float64]]] = {}
    lists = []
    for start in range(0, len(exam.users), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(exam.users)))
        block = ranked(scores, exam, rows)
        liked = csr_array(exam.liked[rows])
        found = {
            "ndcg@10": metrics.ndcg(block, liked),
            "recall@10": metrics.recall(block, liked),
            "rank_correlation": metrics.rank_correlation(block, csr_array(exam.rated[rows])),
        }
        found |= {name: _ndcg_of_some(block, part[rows]) for name, part in wanted.items()}
        for name, values in found.items():
            users.setdefault(name, []).append(values)
        lists.append(metrics.best_items(block))
    shown = np.concatenate(lists)
    return Grades(
        users={name: np.concatenate(values) for name, values in users.items()},
        whole={
            "coverage@10": metrics.coverage(shown, len(exam.likers)),
            "diversity@10": metrics.diversity(shown, exam.vectors),
            "novelty@10": metrics.novelty(shown, exam.likers, exam.seen_users),
        },
    )


def audits(exam: Exam, leak: dict[str, int], conditions: Conditions) -> dict[str, Any]:
    """What the audits found, as the result document says it."""
    looked = conditions.titles is not None
    twins = {"checked_rows": exam.liked.nnz, "found": int(exam.twins.sum())} if looked else None
    return {
        "audits": {"leak": leak, "twins": twins},
        "twin_rows": int(exam.twins.sum()) if looked else None,
    }


def _thirds(likers: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 or 2: the third of the items that each belongs to, by how many like it."""
    place = np.empty(len(likers), np.int64)
    place[np.argsort(likers, kind="stable")] = np.arange(len(likers))
    return 3 * place // max(len(likers), 1)


def _ndcg_of_some(scores: NDArray[np.float32], liked: csr_array) -> NDArray[np.float64]:
    """NDCG@10 by some of the likes; NaN for users who have none of them."""
    return np.where(np.diff(liked.indptr) > 0, metrics.ndcg(scores, liked), np.nan)
