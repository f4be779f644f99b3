"""Cold-start accuracy on all datasets, as one page of tables and plots.

python benchmarks/accuracy.py ../shared/data/tables [--only food_kitchen ...] -o benchmarks/accuracy

The result of each model, target and fold is saved under benchmarks/results/ as soon as it is
measured, so that an interrupted run resumes. Results of other code or other data are measured
again. Datasets that are not selected by --only stay on the page unchanged.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shared.page import describe_measurement

from isthmus.errors import NothingToDo
from isthmus.gnn.baselines import BASELINES
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import HideFunction, InterestGraph
from isthmus.gnn.evaluation import report
from isthmus.gnn.evaluation.cold_start import evaluate_fold, pool
from isthmus.gnn.evaluation.conditions import MODELS, EvaluationConfig
from isthmus.gnn.evaluation.results import VARIANTS, EvaluationResult, average_targets, join_models
from isthmus.graph.generations import build_snapshot, hide_function, item_titles
from isthmus.graph.ingest import Dataset
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# The variants that matter for cold-start users and need no training of their own.
SIGNAL_VARIANTS = ("without-transfer", "without-interest", "without-popularity", "interest-alone")
# By dataset: folds, targets (none for all domains), and variants. game_video and lastfm have no
# interests.
PLAN: dict[str, tuple[range, tuple[str, ...], tuple[str, ...]]] = {
    "young_people": (range(10), ("film", "hobby"), ("unpruned", *SIGNAL_VARIANTS)),
    "rt_critics": (range(10), (), ("unpruned", *SIGNAL_VARIANTS)),
    "game_video": (range(3), (), ("unpruned", "without-transfer", "without-popularity")),
    "lastfm": (range(3), (), ("unpruned", "without-popularity")),
    "food_kitchen": (range(3), (), ("unpruned", *SIGNAL_VARIANTS)),
}
# Modules that influence none of these figures.
UNRELATED_MODULES = (
    "evaluation/next_item.py",
    "evaluation/plots.py",
    "evaluation/report.py",
    "evaluation/temporal.py",
)
# Modules that influence the figures of transfer only.
TRANSFER_MODULES = (
    "edges/",
    "model/batches.py",
    "model/domain_popularity.py",
    "model/edge_decoder.py",
    "model/features.py",
    "model/interest_edges.py",
    "model/item_",
    "model/kernel.py",
    "model/landmarks.py",
    "model/own_items.py",
    "model/solved_kernel.py",
    "model/transfer_model.py",
    "training/",
    "scoring.py",
    "selection.py",
)

logger = logging.getLogger("isthmus")


def code_digest(model: str) -> str:
    """Returns the SHA-256 of the modules that influence the figures of a model."""
    digest = hashlib.sha256()
    skipped = UNRELATED_MODULES
    if model in BASELINES:
        skipped += TRANSFER_MODULES
    for path in sorted((ROOT / "gnn").rglob("*.py")):
        if not path.relative_to(ROOT / "gnn").as_posix().startswith(skipped):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def model_groups(name: str, models: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Returns groups of models to measure together: variants share the training of transfer."""
    models = models or (*MODELS, *PLAN[name][2])
    baselines = [(model,) for model in models if model in BASELINES]
    return [tuple(model for model in models if model not in BASELINES), *baselines]


@dataclass(frozen=True)
class Bench:
    """One dataset, whose results are saved as soon as they are measured.

    Attributes:
        name: Name of the dataset, for files and documents.
        dataset: Its tables.
        settings: Settings to build the snapshot with.
    """

    name: str
    dataset: Dataset
    settings: Settings

    @cached_property
    def graph(self) -> InterestGraph:
        """The snapshot, built on first use."""
        return build_snapshot(self.dataset, self.settings)

    @cached_property
    def hide(self) -> HideFunction | None:
        """Hides interactions and texts of held-out users; None if there are no texts."""
        hide = hide_function(self.dataset, self.settings)
        return None if hide is None else remember_last(hide)

    def result(
        self, target: str, fold: int, models: tuple[str, ...], variant: str = "", **overrides: int
    ) -> EvaluationResult:
        """Returns the result of models in a fold of a target, loaded if it was saved before.

        Args:
            target: The target domain.
            fold: The fold.
            models: The models to measure together.
            variant: Name of a changed model, whose result is saved apart.
            overrides: Fields of the training configuration that differ from the default.
        """
        suffix = "".join(f"-{key}-{value}" for key, value in overrides.items())
        suffix += f"-{variant.replace('/', '_')}" if variant else ""
        path = RESULTS / f"{self.name}-{target}-{fold}-{models[0]}{suffix}"
        key = {
            "data": self.dataset.fingerprint,
            "code": code_digest(models[0]),
            "models": list(models),
        }
        if is_saved(path, key):
            return EvaluationResult.load(path)
        logger.info("%s, fold %d", self.name, fold)
        config = EvaluationConfig(
            models=models,
            training=TrainingConfig(threads=self.settings.threads, **overrides),
            titles=item_titles(self.dataset, self.graph),
            dataset=self.name,
            fingerprint=self.dataset.fingerprint,
            hide=self.hide,
        )
        result = evaluate_fold(self.graph, target, fold, config)
        result.save(path)
        _key_path(path).write_text(json.dumps(key))
        return result


def remember_last(hide: HideFunction) -> HideFunction:
    """Keeps the last training set: the models of a fold, measured one by one, share it."""
    known: dict[tuple[int, bytes], InterestGraph] = {}

    def remembered(graph: InterestGraph, target: int, users: NDArray[np.int64]) -> InterestGraph:
        key = (target, users.tobytes())
        if key not in known:
            known.clear()
            known[key] = hide(graph, target, users)
        return known[key]

    return remembered


def is_saved(path: Path, key: dict) -> bool:
    """Whether a result was saved with this code, on these data, for these models."""
    saved = _key_path(path)
    return saved.exists() and json.loads(saved.read_text("utf-8")) == key


def _key_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.made.json")


def measure_dataset(
    name: str, dataset: Dataset, models: tuple[str, ...], settings: Settings
) -> list[dict]:
    """Returns a dataset's documents: one per target with pooled folds, then their mean."""
    bench, (folds, targets, _) = Bench(name, dataset, settings), PLAN[name]
    groups = [group for group in model_groups(name, models) if group]
    pooled = []
    for target in targets or sorted(dataset.items["domain"].unique()):
        results = []
        for fold in folds:
            try:
                parts = [bench.result(target, fold, group) for group in groups]
                results.append(join_models(parts))
            except NothingToDo as error:
                logger.info("%s", error.message)
        if results:
            pooled.append(pool(results))
    if len(pooled) > 1:
        pooled.append(average_targets(pooled))
    measurement = describe_measurement()
    return [result.document() | {"measured": measurement} for result in pooled]


def read_page(out: Path) -> dict[str, list[dict]]:
    """Returns the documents of an existing page by dataset."""
    documents: dict[str, list[dict]] = {}
    path = out.with_suffix(".json")
    for document in json.loads(path.read_text("utf-8")) if path.exists() else []:
        documents.setdefault(document["dataset"], []).append(document)
    return documents


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of dataset folders")
    parser.add_argument("--only", nargs="+", choices=PLAN, default=list(PLAN))
    parser.add_argument("--models", nargs="+", choices=(*MODELS, *VARIANTS))
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "accuracy")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logger.setLevel(logging.INFO)
    settings = load_settings()
    models = tuple(options.models or ())
    by_dataset = read_page(options.out)
    for name in options.only:
        dataset = read_dataset(options.folder / name)
        by_dataset[name] = measure_dataset(name, dataset, models, settings)
        documents = [document for known in PLAN for document in by_dataset.get(known, [])]
        report.write_report(options.out, documents, "Cold-start accuracy")
    print(report.render_text(documents))


if __name__ == "__main__":
    main()
