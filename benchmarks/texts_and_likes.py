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
from accuracy import Bench
from numpy.typing import NDArray
from page import write
from ways import rows, transfer_of

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.splits import without
from isthmus.gnn.evaluation.conditions import Hide
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.graph.generations.dataset_snapshot import pairs_and_texts, tables_without
from isthmus.graph.interests.derivation import interests_of_users
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]


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
    dataset, name = read_dataset(options.dataset), options.dataset.name
    silent = replace(dataset, texts=dataset.texts.clear())
    both = Bench(name, dataset, settings)
    ways = {
        "interactions and texts": (both, transfer_of(name)),
        "interactions": (Bench(f"{name}_likes", silent, settings), (TRANSFER,)),
        "texts": (OnlyTexts(f"{name}_texts", dataset, settings), (TRANSFER,)),
        "popularity": (both, ("popularity",)),
    }
    told = f"NDCG@10 of cold users of {name}, {len(options.folds)} folds pooled."
    page = rows(ways, options.folds)
    print(write(options.out, "What texts add to interactions", page, told))


if __name__ == "__main__":
    main()
