"""What comes next: the last item of each user among items drawn at random.

The protocol under which ABXI reports (Bian et al., "ABXI: invariant interest adaptation for
task-guided cross-domain sequential recommendation", 2025): the last item of the merged sequence of
all domains is the test, the last but one the validation, the history is cut to its last 50, and the
item is ranked among 999 of its own domain that the user never met.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.errors import NothingToDo
from isthmus.gnn import metrics
from isthmus.gnn.baselines.registry import BASELINES
from isthmus.gnn.data.splits import instant_of, without
from isthmus.gnn.evaluation import leakage as audit
from isthmus.gnn.evaluation.ablation import scores_of
from isthmus.gnn.evaluation.conditions import Conditions, Scores
from isthmus.gnn.evaluation.harness import best_baseline, compared, measured, of_targets
from isthmus.gnn.evaluation.held_out import BLOCK
from isthmus.gnn.evaluation.results import TRANSFER, Grades, Result
from isthmus.gnn.training.train import TrainingResult, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

HISTORY = 50
NEGATIVES = 999
VALIDATION_USERS = 1000
NOBODY = -1


@dataclass(frozen=True)
class Sequences:
    """The order in which each user met items, and which of them are asked for.

    Attributes:
        rank: Place of each interaction in its user's sequence, aligned with the interactions'
            data; what has no date stands after the rest.
        test: Where each user's last like stands in the interactions' data, -1 for users who are
            not asked, (users,).
        validation: Likewise the like before it.
    """

    rank: NDArray[np.int64]
    test: NDArray[np.int64]
    validation: NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """Users, and the items among which the one that is asked for is ranked.

    Attributes:
        users: Indices, (users,).
        candidates: Places within the target's items, the one asked for first, -1 where the domain
            has no more, (users, 1 + negatives).
    """

    users: NDArray[np.int64]
    candidates: NDArray[np.int64]


def sequences(graph: InterestGraph) -> Sequences:
    """Orders interactions by time, those of one time by item, and picks the last two likes.

    Asked are users who met something before these two.
    """
    owners, users = graph.owners(), len(graph.users)
    order = np.lexsort((graph.interactions.indices, graph.last_at, owners))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - graph.interactions.indptr[owners[order]]
    liked = (graph.interactions.data > 0) & ~np.isnan(graph.last_at)
    test, validation = np.full(users, NOBODY), np.full(users, NOBODY)
    for place in order[liked[order]]:
        # What was the last like so far becomes the last but one.
        validation[owners[place]], test[owners[place]] = test[owners[place]], place
    asked = (validation != NOBODY) & (rank[validation] > 0)
    return Sequences(rank, np.where(asked, test, NOBODY), np.where(asked, validation, NOBODY))


def before(graph: InterestGraph, order: Sequences, asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which interactions a model may see before an item is asked for.

    Of users who are asked the last 50 before it; of the others all; of nobody what has no date.

    Args:
        graph: The whole graph.
        order: Of its interactions.
        asked: Where the item stands that each user is asked for, -1 for none, (users,).
    """
    owners = graph.owners()
    end = np.where(asked == NOBODY, np.iinfo(np.int64).max, order.rank[asked])[owners]
    recent = (asked[owners] == NOBODY) | (order.rank >= end - HISTORY)
    visible: NDArray[np.bool_] = (order.rank < end) & recent & ~np.isnan(graph.last_at)
    return visible


def drawn(
    graph: InterestGraph, asked: NDArray[np.int64], target: int, seed: int, most: int | None = None
) -> Draw:
    """The users whose item is of a domain, and items of it that they never met, not even later.

    Args:
        graph: The whole graph.
        asked: Where the item stands that each user is asked for, -1 for none, (users,).
        target: The domain.
        seed: Of the draw.
        most: Users at most.
    """
    rng = np.random.default_rng(seed)
    items = graph.items_of(target)
    place = np.full(len(graph.items), NOBODY)
    place[items] = np.arange(len(items))
    wanted = np.where(asked == NOBODY, NOBODY, place[graph.interactions.indices[asked]])
    users = np.flatnonzero(wanted != NOBODY)[:most]
    candidates = np.full((len(users), 1 + NEGATIVES), NOBODY)
    candidates[:, 0] = wanted[users]
    for row, user in enumerate(users):
        start, end = graph.interactions.indptr[user : user + 2]
        met = place[graph.interactions.indices[start:end]]
        unmet = np.setdiff1d(np.arange(len(items)), met, assume_unique=True)
        some = rng.choice(unmet, min(NEGATIVES, len(unmet)), replace=False)
        candidates[row, 1 : 1 + len(some)] = some
    return Draw(users, candidates)


def placed(scores: Scores, draw: Draw) -> Grades:
    """How far up the item that is asked for stands among its candidates."""
    users: dict[str, list[NDArray[np.float64]]] = {}
    for start in range(0, len(draw.users), BLOCK):
        rows = slice(start, start + BLOCK)
        candidates = draw.candidates[rows]
        block = np.take_along_axis(scores(draw.users[rows]), np.maximum(candidates, 0), axis=1)
        block[candidates == NOBODY] = -np.inf
        first = np.zeros(len(block), np.int64)
        wanted = csr_array(
            (np.ones(len(block)), first, np.arange(len(block) + 1)), shape=block.shape
        )
        for name, values in (
            ("hr@5", metrics.hit_rate(block, wanted, 5)),
            ("hr@10", metrics.hit_rate(block, wanted, 10)),
            ("ndcg@10", metrics.ndcg(block, wanted)),
            ("mrr", metrics.reciprocal_rank(block, wanted)),
        ):
            users.setdefault(name, []).append(values)
    return Grades({name: np.concatenate(values) for name, values in users.items()}, {})


def next_item(
    graph: InterestGraph, targets: Sequence[str], conditions: Conditions | None = None
) -> list[dict[str, Any]]:
    """Hides each user's last like and ranks it among items of its domain drawn at random.

    Models see what happened before it in the user's own sequence; other users' later interactions
    are not hidden, as the protocol has it. Baselines are tuned on the like before the last one.

    Args:
        graph: The whole graph.
        targets: Names of domains; users are judged in that of their last like.
        conditions: What is compared, and how; the default where it is None.

    Returns:
        A result document for each domain in which somebody is asked.

    Raises:
        InputError: There is no such domain or model, or no interaction is dated.
        NothingToDo: Nobody has a sequence of three.
        LeakError: The models would see what is hidden.
    """
    given = conditions or Conditions()
    given.check(graph, targets)
    instant_of(graph, 1)  # Refuses a graph without dates.
    order = sequences(graph)
    visible, half_life = before(graph, order, order.test), given.training.half_life_days
    seen = without(graph, ~visible, half_life_days=half_life)
    known = without(graph, ~before(graph, order, order.validation), half_life_days=half_life)
    checked = _leaks(graph, seen, order.test, int((~visible).sum()), half_life)
    cost: dict[str, float] = {}

    @cache
    def trained_without(part: str) -> TrainingResult:
        return train(seen, given.training, ablated=part)

    if TRANSFER in given.models and (order.test != NOBODY).any():
        with measured() as cost:
            trained_without("")

    def measure(target: str) -> dict[str, Any]:
        t = graph.domains.index(target)
        draw = drawn(graph, order.test, t, given.training.seed)
        earlier = drawn(graph, order.validation, t, given.training.seed + 1, VALIDATION_USERS)
        if not len(draw.users):
            raise NothingToDo(
                f"Nobody's last like is in {target} with two interactions before it.",
                "Take a dataset with longer histories.",
            )

        def worth(scores: Scores) -> float:
            return (
                float(placed(scores, earlier).users["ndcg@10"].mean()) if earlier.users.size else 0
            )

        def fit(name: str) -> Scores:
            if name not in BASELINES:
                return scores_of(name, trained_without, seen, t, given)
            return best_baseline(name, known, seen, t, worth, given)

        grades = compared(target, given, fit, lambda scores: placed(scores, draw), cost)
        protocol = f"next-item, 1 and {NEGATIVES} unmet items of the domain, last {HISTORY}"
        head = given.head(protocol, target) | {"audits": {"leak": checked, "twins": None}}
        lengths = np.diff(seen.interactions.indptr)[draw.users]
        return Result(head, lengths, grades, given.training.seed).document()

    return of_targets(targets, measure)


def _leaks(
    graph: InterestGraph,
    seen: InterestGraph,
    test: NDArray[np.int64],
    hidden_rows: int,
    half_life_days: float,
) -> dict[str, int]:
    """Checks that nobody's item, nor anything later of theirs, is visible."""
    owners = seen.owners()
    nobody = test == NOBODY
    item = np.where(nobody, NOBODY, graph.interactions.indices[test])
    at = np.where(nobody, np.inf, graph.last_at[test])
    visible = (seen.interactions.indices == item[owners]) | ~(seen.last_at <= at[owners])
    hidden_of = np.diff(graph.interactions.indptr) > np.diff(seen.interactions.indptr)
    return audit.leaks(seen, visible, np.flatnonzero(hidden_of), hidden_rows, half_life_days)
