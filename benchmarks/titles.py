"""Compares text encoders of item titles with items without titles, as one page.

python benchmarks/titles.py ../shared/data/tables/food_kitchen MODEL [--folds 0] [-o OUT]

The same protocol, folds and users as in `accuracy.py`: with the model, with the encoder of the
settings, and without titles. A model of `isthmus encoder finetune --fold 0` was trained without the
held-out users of fold 0, but with those of the other folds. The model's card follows the table.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import polars as pl
from accuracy import Bench
from shared.page import write
from variants import compare_variants, transfer_group

from isthmus.encoders.text import find_local_model
from isthmus.gnn.evaluation import TRANSFER
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]


def model_card(model: str, settings: Settings) -> list[str]:
    """Returns a local model's README as a section of the page, or nothing if it has none."""
    folder = find_local_model(model, settings.home)
    cards = [] if folder is None else folder.glob("README.md")
    return [path.read_text("utf-8").replace("# ", "## ", 1).strip() for path in cards]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder of a dataset")
    parser.add_argument("model", help="text model to compare with the encoder of the settings")
    parser.add_argument("--folds", nargs="+", type=int, default=[0])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "titles")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    dataset, name = read_dataset(options.dataset), options.dataset.name
    with_model = settings.model_copy(update={"encoder": options.model})
    without_titles = replace(dataset, items=dataset.items.with_columns(title=pl.lit("")))
    variants = {
        options.model: (Bench(f"{name}_{options.model}", dataset, with_model), (TRANSFER,)),
        settings.encoder: (Bench(name, dataset, settings), transfer_group(name)),
        "no titles": (Bench(f"{name}_untitled", without_titles, settings), (TRANSFER,)),
    }
    folds = ", ".join(map(str, options.folds))
    note = f"NDCG@10 of cold-start users of {name}, folds {folds} pooled."
    rows = compare_variants(variants, options.folds)
    card = model_card(options.model, settings)
    print(write(options.out, "Item titles by text encoder", rows, note, *card))


if __name__ == "__main__":
    main()
