"""What the edges are worth for what users do next: everybody's future hidden at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import NothingToDo
from isthmus.gnn import metrics
from isthmus.gnn.baselines.registry import BASELINES
from isthmus.gnn.data.arrays import kept
from isthmus.gnn.data.splits import instant_of, without
from isthmus.gnn.evaluation import leakage as audit
from isthmus.gnn.evaluation.ablation import scores_of
from isthmus.gnn.evaluation.conditions import Conditions, Scores
from isthmus.gnn.evaluation.harness import best_baseline, compared, measured, of_targets
from isthmus.gnn.evaluation.held_out import Exam, exam_of, ranked
from isthmus.gnn.evaluation.ranking import audits, graded
from isthmus.gnn.evaluation.results import TRANSFER, Result
from isthmus.gnn.training.train import TrainingResult, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

SHARE_BEFORE = 0.8
# Of what happened before the instant, the part that baselines are fitted on to be tuned on the
# rest: 70 % of all.
SHARE_TO_TUNE = 0.7 / 0.8
VALIDATION_USERS = 1000


@dataclass(frozen=True)
class Moment:
    """The graph as it was at an instant, and what happened later.

    Attributes:
        at: Seconds since 1970; what happened later is hidden.
        graph: All that is known by the end, to ask about.
        first_at: When each of its interactions happened first, aligned with their data.
        hidden: Which of them are hidden, aligned likewise: the later ones and those without date.
        seen: The graph that models get.
    """

    at: float
    graph: InterestGraph
    first_at: NDArray[np.float64]
    hidden: NDArray[np.bool_]
    seen: InterestGraph

    @classmethod
    def of(
        cls, graph: InterestGraph, first_at: NDArray[np.float64], at: float, half_life_days: float
    ) -> Moment:
        """Hides what happened after an instant."""
        hidden = ~(graph.last_at <= at)
        return cls(
            at, graph, first_at, hidden, without(graph, hidden, half_life_days=half_life_days)
        )

    def exam(self, target: int, titles: Sequence[str] | None) -> Exam:
        """Asks users with a history for later likes of items that they had not met."""
        with_history = np.flatnonzero(np.diff(self.seen.interactions.indptr))
        met = kept(self.graph.interactions, self.first_at <= self.at)
        met.data = np.ones_like(met.data)
        later = self.first_at > self.at
        return exam_of(self.graph, later, self.seen, target, with_history, met=met, titles=titles)

    def leaks(self, half_life_days: float) -> dict[str, int]:
        """Checks that nothing later is visible, see `isthmus.gnn.evaluation.leakage`."""
        visible = ~(self.seen.last_at <= self.at)
        users = np.unique(self.graph.owners()[self.hidden])
        rows = int(self.hidden.sum())
        return audit.leaks(self.seen, visible, users, rows, half_life_days)


def temporal(
    graph: InterestGraph,
    first_at: NDArray[np.float64],
    targets: Sequence[str],
    conditions: Conditions | None = None,
    *,
    at: float | None = None,
) -> list[dict[str, Any]]:
    """Hides all that happened after an instant, and ranks what users had not met until then.

    Asked are users with something before the instant who like an item of the target after it that
    they had not met. An interaction without date is hidden altogether; so is one that happened both
    before and after, of which the graph keeps the last time only, and its item is not asked for.

    Args:
        graph: The whole graph.
        first_at: When each interaction happened first, aligned with the interactions' data.
        targets: Names of domains.
        conditions: What is compared, and how; the default where it is None.
        at: The instant in seconds since 1970; by default 80 % had happened by then.

    Returns:
        A result document for each target in which somebody can be asked.

    Raises:
        InputError: There is no such domain or model, or no interaction is dated.
        NothingToDo: Nobody can be asked.
        LeakError: The models would see what is hidden.
    """
    given = conditions or Conditions()
    given.check(graph, targets)
    at = instant_of(graph, SHARE_BEFORE) if at is None else at
    earlier = instant_of(graph, SHARE_TO_TUNE, until=at)
    now = Moment.of(graph, first_at, at, given.training.half_life_days)
    checked = now.leaks(given.training.half_life_days)
    past = Moment.of(now.seen, first_at[~now.hidden], earlier, given.training.half_life_days)
    exams = {t: now.exam(graph.domains.index(t), given.titles) for t in targets}
    cost: dict[str, float] = {}

    @cache
    def trained_without(part: str) -> TrainingResult:
        return train(now.seen, given.training, ablated=part)

    if TRANSFER in given.models and any(len(exam.users) for exam in exams.values()):
        with measured() as cost:
            trained_without("")

    def measure(target: str) -> dict[str, Any]:
        exam = exams[target]
        if not len(exam.users):
            raise NothingToDo(
                f"Nobody with a history likes something new in {target} after {_date(at)}.",
                "Choose another instant with --at, or a larger dataset.",
            )

        def fit(name: str) -> Scores:
            if name not in BASELINES:
                return scores_of(name, trained_without, now.seen, exam.target, given)
            return _tuned(name, past, now.seen, exam.target, given)

        grades = compared(target, given, fit, lambda scores: graded(scores, exam), cost)
        protocol = f"temporal, at {_date(at)}, full ranking of items not met before"
        head = given.head(protocol, target) | {"split": _split(now, earlier)}
        head |= audits(exam, checked, given)
        return Result(head, exam.lengths, grades, given.training.seed).document()

    return of_targets(targets, measure)


def _tuned(
    name: str, past: Moment, seen: InterestGraph, target: int, conditions: Conditions
) -> Scores:
    """A baseline, its settings chosen on what happened between an earlier instant and this one."""
    exam = past.exam(target, None)
    rows = np.arange(min(len(exam.users), VALIDATION_USERS))

    def worth(scores: Scores) -> float:
        if not len(rows):
            return 0.0
        return float(metrics.ndcg(ranked(scores, exam, rows), exam.liked[rows]).mean())

    return best_baseline(name, past.seen, seen, target, worth, conditions)


def _split(now: Moment, earlier: float) -> dict[str, Any]:
    both = (now.first_at <= now.at) & (now.graph.last_at > now.at)
    return {
        "at": _date(now.at),
        "tuned_at": _date(earlier),
        "before": int((~now.hidden).sum()),
        "after": int((now.graph.last_at > now.at).sum()),
        "before_and_after": int(both.sum()),
        "undated": int(np.isnan(now.graph.last_at).sum()),
    }


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
