"""How good cold-start recommendations are on all datasets, as one page of tables and pictures.

python benchmarks/accuracy.py ../shared/data/tables [--only food_kitchen ...] -o benchmarks/accuracy

Every fold of a target is saved under benchmarks/results/ as soon as it is measured. A run that was
interrupted goes on after it; what was measured with other code or other data is measured anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from functools import cache
from pathlib import Path

from gnn import tables
from gnn.data import InterestGraph
from gnn.evaluate import MODELS, cold_start_fold, pool
from gnn.exam import Conditions
from gnn.results import Result
from graph.records import Dataset
from graph.snapshot import snapshot_of_tables, titles_of
from graph.sources import read_dataset
from isthmus.errors import NothingToDo
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# By dataset: folds, and targets where not all domains are asked for.
PLAN: dict[str, tuple[range, tuple[str, ...]]] = {
    "young_people": (range(10), ("film", "hobby")),
    "rt_critics": (range(10), ()),
    "game_video": (range(3), ()),
    "food_kitchen": (range(3), ()),
}
# Modules that show results and do not make them.
SHOWING = ("tables.py", "plots.py", "demo.py", "retrain.py")

logger = logging.getLogger("isthmus")


def code() -> str:
    """SHA-256 of the modules that make the figures."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "gnn").glob("*.py")):
        if path.name not in SHOWING:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def measured(
    name: str, dataset: Dataset, models: tuple[str, ...], settings: Settings
) -> list[dict]:
    """The documents of a dataset, a target each, its folds pooled."""
    folds, targets = PLAN[name]
    wanted = {"fingerprint": dataset.fingerprint, "code": code(), "models": list(models)}

    @cache
    def graph() -> InterestGraph:
        return snapshot_of_tables(dataset, settings)

    def result(target: str, fold: int) -> Result:
        path = RESULTS / f"{name}-{target}-{fold}"
        if saved(path, wanted):
            return Result.load(path)
        logger.info("%s, %s, fold %d", name, target, fold)
        conditions = Conditions(
            models=models,
            threads=settings.threads,
            titles=titles_of(dataset, graph()),
            dataset=name,
            fingerprint=dataset.fingerprint,
        )
        found = cold_start_fold(graph(), target, fold, conditions)
        found.save(path)
        path.with_name(f"{path.name}.made.json").write_text(json.dumps(wanted))
        return found

    documents = []
    for target in targets or sorted(dataset.items["domain"].unique()):
        results = []
        for fold in folds:
            try:
                results.append(result(target, fold))
            except NothingToDo as error:
                logger.info("%s", error.message)
        if results:
            documents.append(pool(results).document())
    return documents


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
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "accuracy")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logger.setLevel(logging.INFO)
    settings = load_settings()
    documents: list[dict] = []
    for name in options.only:
        dataset = read_dataset(options.folder / name)
        documents += measured(name, dataset, tuple(options.models), settings)
        tables.write(options.out, documents, "Cold-start accuracy")
    print(tables.plain(documents))


if __name__ == "__main__":
    main()
