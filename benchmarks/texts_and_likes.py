"""What texts add to interactions, for users who are new in a domain, as one page.

python benchmarks/texts_and_likes.py ../shared/data/tables/rt_critics [--folds 0 1 ...] [-o OUT]

The same protocol, folds and users as in `accuracy.py`, four times: by interactions and texts, by
interactions where the tables have no texts, by what the asked users wrote alone, and by popularity.
Goes on where it stopped, as `accuracy.py` does.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from accuracy import PLAN, Bench, together
from numpy.typing import NDArray
from page import write

from gnn.data import InterestGraph
from gnn.exam import Hide
from gnn.metrics import interval
from gnn.results import TRANSFER
from gnn.splits import without
from graph.interests import interests_of_users
from graph.snapshot import pairs_and_texts, tables_without
from graph.sources import read_dataset
from isthmus.errors import NothingToDo
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("interactions and texts", "interactions", "texts", "popularity")


class OnlyTexts(Bench):
    """A dataset whose held-out users have only written."""

    @property
    def hide(self) -> Hide:
        """Hides all that they did, and what they wrote about the target."""
        return self._only_texts

    def _only_texts(
        self, data: InterestGraph, target: int, users: NDArray[np.int64]
    ) -> InterestGraph:
        done = np.isin(data.owners(), users)
        seen = without(data, done, half_life_days=self.settings.half_life_days)
        names = data.users[users].tolist()
        left = tables_without(self.dataset, set(names), data.domains[target])
        pairs, texts = pairs_and_texts(left)
        pairs = pairs.filter(~pl.col("user_id").is_in(names))
        interests = interests_of_users(seen, pairs, texts, self.settings)
        return replace(seen, user_interests=interests)


def ndcg_of(
    folder: Path, folds: list[int], settings: Settings
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """By target and way NDCG@10 of each held-out user of the folds, the same ones for all ways."""
    dataset, name = read_dataset(folder), folder.name
    # What `accuracy.py` measures at once is one result.
    shared = together(name)[0] if name in PLAN else (TRANSFER,)
    benches = {
        WAYS[0]: (Bench(name, dataset, settings), shared),
        WAYS[1]: (
            Bench(f"{name}_likes", replace(dataset, texts=dataset.texts.clear()), settings),
            (TRANSFER,),
        ),
        WAYS[2]: (OnlyTexts(f"{name}_texts", dataset, settings), (TRANSFER,)),
        WAYS[3]: (Bench(name, dataset, settings), ("popularity",)),
    }
    found: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
    for fold in folds:
        for target in sorted(dataset.items["domain"].unique()):
            for way, (bench, models) in benches.items():
                try:
                    grades = bench.result(target, fold, models).grades[models[0]]
                except NothingToDo:
                    continue
                found.setdefault(target, {}).setdefault(way, []).append(grades.users["ndcg@10"])
    return {
        target: {way: np.concatenate(parts) for way, parts in of_target.items()}
        for target, of_target in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("--folds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "texts_and_likes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    rows = []
    for target, by_way in ndcg_of(options.dataset, options.folds, settings).items():
        means = {way: float(values.mean()) for way, values in by_way.items()}
        low, high = interval(by_way[WAYS[0]] - by_way[WAYS[1]], settings.seed)
        rows.append(
            {"target": target, "users": len(by_way[WAYS[0]])}
            | {way: f"{mean:.4f}" for way, mean in means.items()}
            | {
                "both over interactions": f"{means[WAYS[0]] / means[WAYS[1]]:.3f}",
                "difference, 95 %": f"{low:+.4f} to {high:+.4f}",
            }
        )
    told = f"NDCG@10 of cold users of {options.dataset.name}, {len(options.folds)} folds pooled."
    print(write(options.out, "What texts add to interactions", rows, told))


if __name__ == "__main__":
    main()
