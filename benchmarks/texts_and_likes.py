"""Compares interactions and texts as the history of cold-start users, as one page.

python benchmarks/texts_and_likes.py ../shared/data/tables/rt_critics [--folds 0 1 ...]
    [--only VARIANT VARIANT] [-o OUT]

The same protocol, folds and users as in `accuracy.py`, four times: with interactions and texts,
with interactions where the tables have no texts, with the held-out users' texts only, and by
popularity. An interrupted run resumes, as that of `accuracy.py` does.
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
from shared.page import write
from variants import compare_variants, transfer_group

from isthmus.gnn.data import HideFunction, InterestGraph, hide_interactions
from isthmus.gnn.evaluation import TRANSFER
from isthmus.graph.generations import hide_from_tables, interaction_and_text_rows, item_titles
from isthmus.graph.interests import derive_interests_from_tables
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]


class TextsOnlyBench(Bench):
    """A dataset whose held-out users have texts only."""

    @property
    def hide(self) -> HideFunction:
        """Hides all interactions of the held-out users, and their texts about the target."""
        return self._hide_interactions

    def _hide_interactions(
        self, data: InterestGraph, target: int, users: NDArray[np.int64]
    ) -> InterestGraph:
        hidden = np.isin(data.interaction_users(), users)
        training_set = hide_interactions(data, hidden, half_life_days=self.settings.half_life_days)
        names = data.users[users].tolist()
        remaining = hide_from_tables(self.dataset, set(names), data.domains[target])
        pairs, texts = interaction_and_text_rows(remaining)
        pairs = pairs.filter(~pl.col("user_id").is_in(names))
        titles = item_titles(self.dataset, data)
        interests, written = derive_interests_from_tables(
            training_set, titles, pairs, texts, self.settings
        )
        return replace(training_set, user_interests=interests, written_interests=written)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("--folds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "texts_and_likes")
    parser.add_argument("--only", nargs="+", help="the variants to measure, at least two")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    dataset, name = read_dataset(options.dataset), options.dataset.name
    without_texts = replace(dataset, texts=dataset.texts.clear())
    both = Bench(name, dataset, settings)
    variants = {
        "interactions and texts": (both, transfer_group(name)),
        "interactions": (Bench(f"{name}_likes", without_texts, settings), (TRANSFER,)),
        "texts": (TextsOnlyBench(f"{name}_texts", dataset, settings), (TRANSFER,)),
        "popularity": (both, ("popularity",)),
    }
    if options.only:
        variants = {name: variants[name] for name in options.only}
    note = f"NDCG@10 of cold-start users of {name}, {len(options.folds)} folds pooled."
    rows = compare_variants(variants, options.folds)
    print(write(options.out, "Interactions with and without texts", rows, note))


if __name__ == "__main__":
    main()
