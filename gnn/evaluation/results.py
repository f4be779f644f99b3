"""From what a model was worth to each user to the result document, of one fold or of several."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.gnn.metrics import interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

HISTORY_LENGTHS = (("1-3", 1, 3), ("4-10", 4, 10), ("11-50", 11, 50), ("51-", 51, np.inf))
# The measures that come with an interval and are compared pairwise, where users have them.
COMPARED = ("ndcg@10", "rank_correlation", "hr@5", "hr@10", "mrr")
SAME_FOR_ALL = ("coverage@10", "diversity@10", "novelty@10", "fit_seconds", "peak_mb")
TRANSFER = "transfer"
# What is left of transfer without its parts, see `isthmus.gnn.evaluation.ablation`.
VARIANTS = (
    "unpruned",
    "without-network",
    "without-hops",
    "without-transfer",
    "without-interest",
    "without-collaborative",
    "without-popularity",
    "interest-alone",
)


@dataclass(frozen=True)
class Grades:
    """What one model was worth.

    Attributes:
        users: By measure, each user's value, NaN where a user cannot be judged by it, (users,).
            `ndcg@10 X` is that of one part X of the items.
        whole: What is measured on all users together, and what the model cost.
    """

    users: dict[str, NDArray[np.float64]]
    whole: dict[str, float | None]


@dataclass(frozen=True)
class Result:
    """What all models were worth to the same users.

    Attributes:
        head: What was measured: protocol, dataset, fingerprint, target, audits.
        lengths: Of the users' histories, (users,).
        grades: By model.
        seed: Of the bootstrap.
    """

    head: dict[str, Any]
    lengths: NDArray[np.int64]
    grades: dict[str, Grades]
    seed: int = 7

    def document(self) -> dict[str, Any]:
        """The result document, without what single users got."""
        models = {name: self._model(grades) for name, grades in self.grades.items()}
        if TRANSFER in self.grades:
            for name in self._others():
                models[name]["transfer_gain"] = self._gains(name)
        return (
            {key: value for key, value in self.head.items() if key != "folds"}
            | {"users": len(self.lengths), "models": models, "best_baseline": self._best()}
            | {key: value for key, value in self.head.items() if key == "folds"}
        )

    def _others(self) -> list[str]:
        return [name for name in self.grades if name != TRANSFER]

    def _model(self, grades: Grades) -> dict[str, Any]:
        users = grades.users
        report: dict[str, Any] = {}
        for measure, values in users.items():
            if " " in measure or (measure == "rank_correlation" and np.isnan(values).all()):
                continue
            report[measure] = _mean(values)
            if measure in COMPARED:
                report[f"{measure}_interval"] = _interval(values, self.seed)
            if measure == "rank_correlation":
                report["rank_correlation_users"] = int(np.count_nonzero(~np.isnan(values)))
        report |= grades.whole
        parts = {name.split(" ")[1]: _mean(users[name]) for name in users if " " in name}
        if parts:
            report["ndcg@10_by_popularity"] = parts
        report["ndcg@10_by_history"] = {
            name: _mean(users["ndcg@10"][which]) for name, which in self._by_history().items()
        }
        return report

    def _by_history(self) -> dict[str, NDArray[np.bool_]]:
        """Which users have a history of what length, where anybody has."""
        groups = {
            name: (self.lengths >= least) & (self.lengths <= most)
            for name, least, most in HISTORY_LENGTHS
        }
        return {name: which for name, which in groups.items() if which.any()}

    def _measures(self) -> list[str]:
        """Measures that models are compared by."""
        users = next(iter(self.grades.values())).users
        return [m for m in COMPARED if m in users and not np.isnan(users[m]).all()]

    def _gain(self, name: str, measure: str) -> NDArray[np.float64]:
        return self.grades[TRANSFER].users[measure] - self.grades[name].users[measure]

    def _gains(self, name: str) -> dict[str, Any]:
        """What transfer gains over another model, user by user."""
        gains: dict[str, Any] = {}
        for measure in self._measures():
            gain = self._gain(name, measure)
            key = "interval" if measure == "ndcg@10" else f"{measure}_interval"
            gains |= {measure: _mean(gain), key: _interval(gain, self.seed)}
        if "ndcg@10" in gains:
            parts = [m for m in self.grades[name].users if m.startswith("ndcg@10 ")]
            gain = self._gain(name, "ndcg@10")
            gains["ndcg@10_by_popularity"] = {
                measure.split(" ")[1]: self._with_interval(self._gain(name, measure))
                for measure in parts
                if not np.isnan(self._gain(name, measure)).all()
            }
            gains["ndcg@10_by_history"] = {
                group: self._with_interval(gain[which])
                for group, which in self._by_history().items()
            }
        return gains

    def _with_interval(self, values: NDArray[np.float64]) -> dict[str, Any]:
        return {"gain": _mean(values), "interval": _interval(values, self.seed)}

    def _best(self) -> dict[str, Any] | None:
        """By measure the best baseline, picked on these users, and transfer beside it."""
        baselines = [name for name in self._others() if name not in VARIANTS]
        if TRANSFER not in self.grades or not baselines:
            return None
        best = {}
        for measure in self._measures():
            means = {n: np.nanmean(self.grades[n].users[measure]) for n in baselines}
            name = max(means, key=lambda n: means[n])
            gain = self._gain(name, measure)
            mean = float(np.nanmean(self.grades[TRANSFER].users[measure]))
            best[measure] = {
                "name": name,
                "value": float(means[name]),
                "ratio": mean / float(means[name]) if means[name] > 0 else None,
                "gain": float(np.nanmean(gain)),
                "interval": _interval(gain, self.seed),
            }
        return best

    def save(self, path: Path) -> None:
        """Writes the document to PATH.json and what each user got to PATH.npz."""
        arrays = {
            f"{name}|{measure}": values
            for name, grades in self.grades.items()
            for measure, values in grades.users.items()
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(f"{path}.npz", lengths=self.lengths, seed=self.seed, **arrays)  # type: ignore[arg-type]
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(self.document(), indent=1) + "\n", encoding="utf-8")
        part.replace(f"{path}.json")

    @classmethod
    def load(cls, path: Path) -> Result:
        """Reads what `save` wrote."""
        with open(f"{path}.json", encoding="utf-8") as file:
            document = json.load(file)
        grades = {}
        with np.load(f"{path}.npz") as arrays:
            for name, model in document["models"].items():
                users = {
                    key.split("|")[1]: arrays[key]
                    for key in arrays.files
                    if key.split("|")[0] == name
                }
                grades[name] = Grades(users, {k: model[k] for k in SAME_FOR_ALL if k in model})
            lengths, seed = arrays["lengths"], int(arrays["seed"])
        made = ("users", "models", "best_baseline")
        head = {key: value for key, value in document.items() if key not in made}
        return cls(head, lengths, grades, seed)


def beside(results: Sequence[Result]) -> Result:
    """What several models were worth to the same users, each measured on its own, as one result."""
    first = results[0]
    grades = {name: grade for result in results for name, grade in result.grades.items()}
    return Result(first.head, first.lengths, grades, first.seed)


def over_targets(results: Sequence[Result]) -> Result:
    """The mean over several targets of one dataset, each counting alike, as one result.

    A user of a target with few of them counts more, so that the mean over all users, and its
    interval, is that of the targets' means.
    """
    first = results[0]
    users = [len(result.lengths) for result in results]
    weights = [sum(users) / (len(users) * some) for some in users]
    measures = [m for m in COMPARED if all(_known(result, m) for result in results)]
    grades = {
        name: Grades(
            {
                measure: np.concatenate(
                    [
                        weight * result.grades[name].users[measure]
                        for weight, result in zip(weights, results, strict=True)
                    ]
                )
                for measure in measures
            },
            {},
        )
        for name in first.grades
    }
    head = {key: first.head[key] for key in ("protocol", "dataset", "fingerprint")} | {
        "target": f"mean of {len(results)}"
    }
    return Result(head, np.zeros(sum(users), np.int64), grades, first.seed)


def _known(result: Result, measure: str) -> bool:
    """Whether every user can be judged by a measure."""
    users = next(iter(result.grades.values())).users
    return measure in users and not np.isnan(users[measure]).any()


def pooled(results: Sequence[Result], protocol: str) -> Result:
    """Several folds as one: users of all folds side by side, each of them tested once.

    Variety is the mean over the folds, `fit_seconds` too; `peak_mb` is the highest.
    """
    first = results[0]
    grades = {}
    for name in first.grades:
        parts = [result.grades[name] for result in results]
        grades[name] = Grades(
            users={
                measure: np.concatenate([part.users[measure] for part in parts])
                for measure in parts[0].users
            },
            whole={
                key: _of_folds(key, [part.whole[key] for part in parts]) for key in parts[0].whole
            },
        )
    head = {key: value for key, value in first.head.items() if key != "fold"} | {
        "protocol": protocol,
        "audits": _added([result.head["audits"] for result in results]),
        "twin_rows": _added([result.head["twin_rows"] for result in results]),
        "folds": [result.document() for result in results],
    }
    lengths = np.concatenate([result.lengths for result in results])
    return Result(head, lengths, grades, first.seed)


def _of_folds(key: str, values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return max(known) if key == "peak_mb" else float(np.mean(known))


def _added(parts: list[Any]) -> Any:
    """Numbers are added up, in mappings key by key; None stays."""
    if isinstance(parts[0], dict):
        return {key: _added([part[key] for part in parts]) for key in parts[0]}
    return None if None in parts else sum(parts)


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _interval(values: NDArray[np.float64], seed: int) -> list[float]:
    return list(interval(values[~np.isnan(values)], seed))
