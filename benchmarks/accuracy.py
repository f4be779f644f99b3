"""How good cold-start recommendations are on all datasets, as one page of tables and pictures.

python benchmarks/accuracy.py ../shared/data/tables [--only food_kitchen ...] -o benchmarks/accuracy

What a model is worth in a fold of a target is saved under benchmarks/results/ as soon as it is
measured. A run that was interrupted goes on after it; what was measured with other code or other
data is measured anew. Datasets that are not asked for stay on the page as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isthmus.errors import NothingToDo
from isthmus.gnn.baselines.registry import BASELINES
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.evaluation import report as tables
from isthmus.gnn.evaluation.cold_start import MODELS, cold_start_fold, pool
from isthmus.gnn.evaluation.conditions import Conditions, Hide
from isthmus.gnn.evaluation.results import VARIANTS, Result, beside, over_targets
from isthmus.graph.generations.dataset_snapshot import hiding, snapshot_of_tables, titles_of
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# Of the variants those that say something of cold users and take no training of their own.
SIGNALS = ("without-transfer", "without-interest", "without-popularity", "interest-alone")
RETRAINED = "without-network"
# By dataset: folds, targets where not all domains are asked for, and variants. game_video has no
# interests; on rt_critics validation seldom takes the network in, so there is little to leave out.
PLAN: dict[str, tuple[range, tuple[str, ...], tuple[str, ...]]] = {
    "young_people": (range(10), ("film", "hobby"), ("unpruned", RETRAINED, *SIGNALS)),
    "rt_critics": (range(10), (), ("unpruned", *SIGNALS)),
    "game_video": (range(3), (), ("unpruned", "without-transfer", "without-popularity")),
    "food_kitchen": (range(3), (), ("unpruned", RETRAINED, *SIGNALS)),
}
# Modules that make none of these figures.
SHOWING = (
    "evaluation/next_item.py",
    "evaluation/plots.py",
    "evaluation/report.py",
    "evaluation/temporal.py",
)
# What makes the figures of transfer alone.
OF_TRANSFER = ("edges/", "model/", "training/", "scoring.py", "selection.py")

logger = logging.getLogger("isthmus")


def code(model: str) -> str:
    """SHA-256 of the modules that make the figures of a model."""
    digest = hashlib.sha256()
    without = (*SHOWING, *OF_TRANSFER) if model in BASELINES else SHOWING
    for path in sorted((ROOT / "gnn").rglob("*.py")):
        if not path.relative_to(ROOT / "gnn").as_posix().startswith(without):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def together(name: str, models: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Models that are measured at once: variants share the training of transfer."""
    models = models or (*MODELS, *PLAN[name][2])
    baselines = [(model,) for model in models if model in BASELINES]
    return [tuple(model for model in models if model not in BASELINES), *baselines]


@dataclass(frozen=True)
class Bench:
    """One dataset, whose figures are saved as soon as they are measured.

    Attributes:
        name: Of the dataset.
        dataset: Its tables.
        settings: How they are read.
    """

    name: str
    dataset: Dataset
    settings: Settings

    @cached_property
    def graph(self) -> InterestGraph:
        """The snapshot, made when something has to be measured."""
        return snapshot_of_tables(self.dataset, self.settings)

    @property
    def hide(self) -> Hide | None:
        """How it is hidden what users did and wrote."""
        return hiding(self.dataset, self.settings)

    def result(self, target: str, fold: int, models: tuple[str, ...], **other: int) -> Result:
        """What models are worth in a fold of a target, loaded where it was measured before.

        Args:
            target: The domain.
            fold: The fold.
            models: Those measured at once.
            other: Fields of the training configuration that are not the default ones.
        """
        ending = "".join(f"-{key}-{value}" for key, value in other.items())
        path = RESULTS / f"{self.name}-{target}-{fold}-{models[0]}{ending}"
        wanted = {"data": self.dataset.fingerprint, "code": code(models[0]), "models": list(models)}
        if saved(path, wanted):
            return Result.load(path)
        logger.info("%s, fold %d", self.name, fold)
        conditions = Conditions(
            models=models,
            training=TrainingConfig(threads=self.settings.threads, **other),
            titles=titles_of(self.dataset, self.graph),
            dataset=self.name,
            fingerprint=self.dataset.fingerprint,
            hide=self.hide,
        )
        found = cold_start_fold(self.graph, target, fold, conditions)
        found.save(path)
        path.with_name(f"{path.name}.made.json").write_text(json.dumps(wanted))
        return found


def measured(
    name: str, dataset: Dataset, models: tuple[str, ...], settings: Settings
) -> list[dict]:
    """The documents of a dataset, a target each, its folds pooled."""
    bench, (folds, targets, _) = Bench(name, dataset, settings), PLAN[name]
    groups = [group for group in together(name, models) if group]
    pooled = []
    for target in targets or sorted(dataset.items["domain"].unique()):
        results = []
        for fold in folds:
            try:
                of_fold = [bench.result(target, fold, group) for group in groups]
                results.append(beside(of_fold))
            except NothingToDo as error:
                logger.info("%s", error.message)
        if results:
            pooled.append(pool(results))
    if len(pooled) > 1:
        pooled.append(over_targets(pooled))
    said = f"{tables.machine()[:-1]}, commit {commit()}."
    return [result.document() | {"measured": said} for result in pooled]


def commit() -> str:
    """The one that is checked out."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        asked, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def before(out: Path) -> dict[str, list[dict]]:
    """The documents of a page that was made before, by dataset."""
    found: dict[str, list[dict]] = {}
    path = out.with_suffix(".json")
    for document in json.loads(path.read_text("utf-8")) if path.exists() else []:
        found.setdefault(document["dataset"], []).append(document)
    return found


def saved(path: Path, wanted: dict) -> bool:
    """Whether this was measured with this code on these data."""
    made = path.with_name(f"{path.name}.made.json")
    return made.exists() and json.loads(made.read_text("utf-8")) == wanted


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
    of_dataset = before(options.out)
    for name in options.only:
        dataset = read_dataset(options.folder / name)
        of_dataset[name] = measured(name, dataset, models, settings)
        documents = [document for known in PLAN for document in of_dataset.get(known, [])]
        tables.write(options.out, documents, "Cold-start accuracy")
    print(tables.plain(documents))


if __name__ == "__main__":
    main()
