"""What held-out users are asked, and what a model's answers are worth to each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from gnn import audit, metrics
from gnn.baselines import BASELINES
from gnn.data import Reading, kept
from gnn.results import TRANSFER, VARIANTS, Grades
from gnn.splits import interactions_in
from gnn.tasks import likes_of
from isthmus.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnn.data import InterestGraph

MODELS = (TRANSFER, *BASELINES)
POPULARITY_THIRDS = ("lowest", "middle", "highest")
# Users that are ranked for at a time, so that scores of all items fit in memory.
BLOCK = 1000

Hide = Callable[["InterestGraph", int, "NDArray[np.int64]"], "InterestGraph"]
"""Takes what some users did and wrote in a domain out of a graph."""

Scores = Callable[["NDArray[np.int64]"], "NDArray[np.float32]"]
"""Scores of some users, (users, items of the target)."""


@dataclass(frozen=True)
class Conditions:
    """Under which conditions models are compared.

    Attributes:
        models: Names out of `MODELS` and `gnn.results.VARIANTS`.
        edges_per_node: Edges that leave a node, at most.
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions of a user that a query reads.
        seed: Of all that is random.
        threads: Threads at most; all cores without it.
        dense_items: Items on a side of a domain's border above which candidates are scored.
        titles: Of the items, to find twins by; without them twins are not looked for.
        dataset: Its name, for the result.
        fingerprint: Of the data, for the result.
        hide: Makes what the models see where users wrote texts; without it interactions are hidden
            by `gnn.splits.without`, which knows nothing of texts.
    """

    models: Sequence[str] = MODELS
    edges_per_node: int = 50
    half_life_days: float = 365
    history_limit: int = 200
    seed: int = 7
    threads: int | None = None
    dense_items: int = 20_000
    titles: Sequence[str] | None = None
    dataset: str = ""
    fingerprint: str = ""
    hide: Hide | None = None

    @property
    def reading(self) -> Reading:
        """How a query reads a history."""
        return Reading(self.half_life_days, self.history_limit)

    def head(self, protocol: str, target: str) -> dict[str, Any]:
        """How a result document begins."""
        return {
            "protocol": protocol,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "target": target,
        }

    def check(self, graph: InterestGraph, targets: Sequence[str]) -> None:
        """Refuses names that do not exist.

        Raises:
            InputError: There is no such domain or model; it names those that there are.
        """
        for kind, names, known in (
            ("domain", targets, graph.domains),
            ("model", self.models, (*MODELS, *VARIANTS)),
        ):
            for name in names:
                if name not in known:
                    raise InputError(
                        f"There is no {kind} {name!r}.", f"There are: {', '.join(known)}."
                    )


@dataclass(frozen=True)
class Exam:
    """The held-out users, and what a ranking for them is judged by.

    Attributes:
        target: The domain.
        users: Those with likes to find in the target.
        liked: What they like, hidden from all models, CSR (users, items of the target).
        rated: Hidden weights of those of them who like some items and dislike others, CSR (users,
            items of the target).
        met: What they have met, left out of the ranking, CSR (users, items of the target).
        twins: Which of these likes have a twin, see `gnn.audit`, aligned with `liked.data`.
        lengths: Of what is left of their histories.
        likers: Users who like each item, of those that the models see, (items of the target,).
        vectors: Embeddings of the items of the target.
        seen_users: Users that the models see.
    """

    target: int
    users: NDArray[np.int64]
    liked: csr_array
    rated: csr_array
    met: csr_array
    twins: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    likers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    seen_users: int


def exam_of(
    graph: InterestGraph,
    hidden: NDArray[np.bool_],
    seen: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    *,
    met: csr_array | None = None,
    titles: Sequence[str] | None = None,
) -> Exam:
    """Asks those of some users who like something of what is hidden in a domain.

    Args:
        graph: The whole graph.
        hidden: What these users are asked about, aligned with its interactions' data.
        seen: The graph that the models get.
        target: The domain.
        users: Held-out users.
        met: What all users of the graph have met, left out of the ranking; nothing without it.
        titles: Of all items, to find twins by.
    """
    items = graph.items_of(target)
    asked = hidden & interactions_in(graph, target)
    weights = csr_array(kept(graph.interactions, asked)[users][:, items])
    liked = kept(weights, weights.data > 0)
    some = np.flatnonzero(np.diff(liked.indptr))
    users, liked, weights = users[some], csr_array(liked[some]), csr_array(weights[some])
    liked.data = np.ones_like(liked.data)
    dislikes = np.diff(kept(weights, weights.data < 0).indptr)
    everyone = likes_of(seen, target, np.arange(len(seen.users)))
    return Exam(
        target=target,
        users=users,
        liked=liked,
        rated=kept(weights, np.repeat(dislikes > 0, np.diff(weights.indptr))),
        met=csr_array(liked.shape) if met is None else csr_array(met[users][:, items]),
        twins=audit.twins(seen, target, users, liked, titles),
        lengths=np.diff(seen.interactions.indptr)[users],
        likers=np.bincount(everyone.indices, minlength=len(items)),
        vectors=graph.item_vectors[items],
        seen_users=len(seen.users),
    )


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


def ranked(scores: Scores, exam: Exam, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Scores of some of an exam's users, -inf for what they have met."""
    block = np.array(scores(exam.users[rows]), dtype=np.float32)
    block[exam.met[rows].nonzero()] = -np.inf
    return block


def _thirds(likers: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 or 2: the third of the items that each belongs to, by how many like it."""
    place = np.empty(len(likers), np.int64)
    place[np.argsort(likers, kind="stable")] = np.arange(len(likers))
    return 3 * place // max(len(likers), 1)


def _ndcg_of_some(scores: NDArray[np.float32], liked: csr_array) -> NDArray[np.float64]:
    """NDCG@10 by some of the likes; NaN for users who have none of them."""
    return np.where(np.diff(liked.indptr) > 0, metrics.ndcg(scores, liked), np.nan)
