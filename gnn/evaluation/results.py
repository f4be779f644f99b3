"""Per-user metrics of the models, and the result documents of one fold or of several."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.files import new_file, write_file
from isthmus.gnn.metrics import bootstrap_interval
from isthmus.output import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Groups of users by the length of their history: name, minimum and maximum.
HISTORY_LENGTH_GROUPS = (("1-3", 1, 3), ("4-10", 4, 10), ("11-50", 11, 50), ("51-", 51, np.inf))
# The measures with a bootstrap interval, by which models are compared user by user.
COMPARED_MEASURES = ("ndcg@10", "rank_correlation", "hr@5", "hr@10", "mrr")
OVERALL_MEASURES = ("coverage@10", "diversity@10", "novelty@10", "fit_seconds", "peak_mb")
TRANSFER = "transfer"
# Transfer with an ablation, see `isthmus.gnn.evaluation.ablation`.
VARIANTS = (
    "unpruned",
    "without-network",
    "without-hops",
    "without-transfer",
    "without-interest",
    "without-collaborative",
    "without-popularity",
    "without-written",
    "interest-alone",
)


@dataclass(frozen=True)
class ModelMetrics:
    """The metrics of one model.

    Attributes:
        per_user: Per-user values by measure, NaN where a measure is undefined for a user, (users,).
            `ndcg@10 X` counts only the likes of items in popularity third X.
        overall: Measures over all users together, and the cost of the model.
    """

    per_user: dict[str, NDArray[np.float64]]
    overall: dict[str, float | None]


@dataclass(frozen=True)
class EvaluationResult:
    """The metrics of all models for the same users.

    Attributes:
        head: First keys of the document: protocol, dataset, fingerprint, target, leakage check.
        history_lengths: Length of each user's history, (users,).
        model_metrics: Metrics by model name.
        seed: Seed of the bootstrap.
    """

    head: dict[str, Any]
    history_lengths: NDArray[np.int64]
    model_metrics: dict[str, ModelMetrics]
    seed: int = 7

    def document(self) -> dict[str, Any]:
        """Returns the result document, which holds no per-user values."""
        models = {name: self._model_entry(metrics) for name, metrics in self.model_metrics.items()}
        if TRANSFER in self.model_metrics:
            for name in self._other_models():
                models[name]["transfer_gain"] = self._transfer_gain(name)
        return (
            {key: value for key, value in self.head.items() if key != "folds"}
            | {
                "users": len(self.history_lengths),
                "models": models,
                "best_baseline": self._best_baseline(),
            }
            | {key: value for key, value in self.head.items() if key == "folds"}
        )

    def _other_models(self) -> list[str]:
        return [name for name in self.model_metrics if name != TRANSFER]

    def _model_entry(self, metrics: ModelMetrics) -> dict[str, Any]:
        per_user = metrics.per_user
        entry: dict[str, Any] = {}
        for measure, values in per_user.items():
            if " " in measure or (measure == "rank_correlation" and np.isnan(values).all()):
                continue
            entry[measure] = _mean(values)
            if measure in COMPARED_MEASURES:
                entry[f"{measure}_interval"] = _interval(values, self.seed)
            if measure == "rank_correlation":
                entry["rank_correlation_users"] = int(np.count_nonzero(~np.isnan(values)))
        entry |= metrics.overall
        thirds = {name.split(" ")[1]: _mean(per_user[name]) for name in per_user if " " in name}
        if thirds:
            entry["ndcg@10_by_popularity"] = thirds
        entry["ndcg@10_by_history"] = {
            name: _mean(per_user["ndcg@10"][members])
            for name, members in self._history_groups().items()
        }
        return entry

    def _history_groups(self) -> dict[str, NDArray[np.bool_]]:
        """Returns which users belong to each group of history lengths, for groups with users."""
        groups = {
            name: (self.history_lengths >= low) & (self.history_lengths <= high)
            for name, low, high in HISTORY_LENGTH_GROUPS
        }
        return {name: members for name, members in groups.items() if members.any()}

    def _compared_measures(self) -> list[str]:
        per_user = next(iter(self.model_metrics.values())).per_user
        return [m for m in COMPARED_MEASURES if m in per_user and not np.isnan(per_user[m]).all()]

    def _per_user_gain(self, name: str, measure: str) -> NDArray[np.float64]:
        transfer, other = self.model_metrics[TRANSFER], self.model_metrics[name]
        return transfer.per_user[measure] - other.per_user[measure]

    def _transfer_gain(self, name: str) -> dict[str, Any]:
        """Returns the gain of transfer over another model, paired by user."""
        entry: dict[str, Any] = {}
        for measure in self._compared_measures():
            gain = self._per_user_gain(name, measure)
            key = "interval" if measure == "ndcg@10" else f"{measure}_interval"
            entry |= {measure: _mean(gain), key: _interval(gain, self.seed)}
        if "ndcg@10" in entry:
            thirds = [m for m in self.model_metrics[name].per_user if m.startswith("ndcg@10 ")]
            gain = self._per_user_gain(name, "ndcg@10")
            entry["ndcg@10_by_popularity"] = {
                measure.split(" ")[1]: self._mean_gain(self._per_user_gain(name, measure))
                for measure in thirds
                if not np.isnan(self._per_user_gain(name, measure)).all()
            }
            entry["ndcg@10_by_history"] = {
                group: self._mean_gain(gain[members])
                for group, members in self._history_groups().items()
            }
        return entry

    def _mean_gain(self, values: NDArray[np.float64]) -> dict[str, Any]:
        return {"gain": _mean(values), "interval": _interval(values, self.seed)}

    def _best_baseline(self) -> dict[str, Any] | None:
        """Returns the best baseline on these users by measure, compared with transfer."""
        baselines = [name for name in self._other_models() if name not in VARIANTS]
        if TRANSFER not in self.model_metrics or not baselines:
            return None
        best = {}
        for measure in self._compared_measures():
            means = {n: np.nanmean(self.model_metrics[n].per_user[measure]) for n in baselines}
            name = max(means, key=lambda n: means[n])
            gain = self._per_user_gain(name, measure)
            mean = float(np.nanmean(self.model_metrics[TRANSFER].per_user[measure]))
            best[measure] = {
                "name": name,
                "value": float(means[name]),
                "ratio": mean / float(means[name]) if means[name] > 0 else None,
                "gain": float(np.nanmean(gain)),
                "interval": _interval(gain, self.seed),
            }
        return best

    def save(self, path: Path) -> None:
        """Writes the document to PATH.json and the per-user values to PATH.npz."""
        arrays = {
            f"{name}|{measure}": values
            for name, metrics in self.model_metrics.items()
            for measure, values in metrics.per_user.items()
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(Path(f"{path}.npz"), private=False) as file:
            np.savez_compressed(
                file,
                lengths=self.history_lengths,
                seed=self.seed,
                **arrays,  # type: ignore[arg-type]
            )
        document = json_text(self.document(), indent=1) + "\n"
        write_file(Path(f"{path}.json"), document, private=False)

    @classmethod
    def load(cls, path: Path) -> EvaluationResult:
        """Reads a result that `save` wrote."""
        with open(f"{path}.json", encoding="utf-8") as file:
            document = json.load(file)
        model_metrics = {}
        with np.load(f"{path}.npz") as arrays:
            for name, entry in document["models"].items():
                per_user = {
                    key.split("|")[1]: arrays[key]
                    for key in arrays.files
                    if key.split("|")[0] == name
                }
                overall = {key: entry[key] for key in OVERALL_MEASURES if key in entry}
                model_metrics[name] = ModelMetrics(per_user, overall)
            history_lengths, seed = arrays["lengths"], int(arrays["seed"])
        derived_keys = ("users", "models", "best_baseline")
        head = {key: value for key, value in document.items() if key not in derived_keys}
        return cls(head, history_lengths, model_metrics, seed)


def join_models(results: Sequence[EvaluationResult]) -> EvaluationResult:
    """Joins the results of different models for the same users into one."""
    first = results[0]
    model_metrics = {
        name: metrics for result in results for name, metrics in result.model_metrics.items()
    }
    return EvaluationResult(first.head, first.history_lengths, model_metrics, first.seed)


def average_targets(results: Sequence[EvaluationResult]) -> EvaluationResult:
    """Averages several targets of one dataset with equal weight per target.

    Users are weighted by the inverse of their target's number of users, so that the mean over all
    users, and its interval, is the mean of the targets' means.
    """
    first = results[0]
    users = [len(result.history_lengths) for result in results]
    weights = [sum(users) / (len(users) * count) for count in users]
    measures = [
        m for m in COMPARED_MEASURES if all(_defined_for_all(result, m) for result in results)
    ]
    model_metrics = {
        name: ModelMetrics(
            {
                measure: np.concatenate(
                    [
                        weight * result.model_metrics[name].per_user[measure]
                        for weight, result in zip(weights, results, strict=True)
                    ]
                )
                for measure in measures
            },
            {},
        )
        for name in first.model_metrics
    }
    head = {key: first.head[key] for key in ("protocol", "dataset", "fingerprint")} | {
        "target": f"mean of {len(results)}"
    }
    return EvaluationResult(head, np.zeros(sum(users), np.int64), model_metrics, first.seed)


def _defined_for_all(result: EvaluationResult, measure: str) -> bool:
    per_user = next(iter(result.model_metrics.values())).per_user
    return measure in per_user and not np.isnan(per_user[measure]).any()


def pool_folds(results: Sequence[EvaluationResult], protocol: str) -> EvaluationResult:
    """Pools several folds into one result; each user is a test user of one fold.

    Coverage, diversity, novelty and `fit_seconds` are means over the folds; `peak_mb` is the
    maximum.
    """
    first = results[0]
    model_metrics = {}
    for name in first.model_metrics:
        parts = [result.model_metrics[name] for result in results]
        model_metrics[name] = ModelMetrics(
            per_user={
                measure: np.concatenate([part.per_user[measure] for part in parts])
                for measure in parts[0].per_user
            },
            overall={
                key: _pool_values(key, [part.overall[key] for part in parts])
                for key in parts[0].overall
            },
        )
    head = {key: value for key, value in first.head.items() if key != "fold"} | {
        "protocol": protocol,
        "audits": _sum_counts([result.head["audits"] for result in results]),
        "twin_rows": _sum_counts([result.head["twin_rows"] for result in results]),
        "folds": [result.document() for result in results],
    }
    history_lengths = np.concatenate([result.history_lengths for result in results])
    return EvaluationResult(head, history_lengths, model_metrics, first.seed)


def _pool_values(key: str, values: list[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    if not defined:
        return None
    return max(defined) if key == "peak_mb" else float(np.mean(defined))


def _sum_counts(parts: list[Any]) -> Any:
    """Adds up numbers, in dictionaries key by key; None if any part is None."""
    if isinstance(parts[0], dict):
        return {key: _sum_counts([part[key] for part in parts]) for key in parts[0]}
    return None if None in parts else sum(parts)


def _mean(values: NDArray[np.float64]) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None


def _interval(values: NDArray[np.float64], seed: int) -> list[float]:
    return list(bootstrap_interval(values[~np.isnan(values)], seed))
