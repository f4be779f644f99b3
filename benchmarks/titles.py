"""What titles are worth to those who are new in a domain, by several text models, as one page.

python benchmarks/titles.py ../shared/data/tables/food_kitchen MODEL [--folds 0] [-o OUT]

The same protocol, folds and users as in `accuracy.py`: with the model, with the encoder of the
settings, and without titles. A model that `isthmus encoder finetune --fold 0` made has not seen the
users of fold 0, but has seen those of the others. Below the table stands what its card says.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import polars as pl
from accuracy import Bench
from page import write
from ways import rows, transfer_of

from isthmus.encoders.text.model_files import model_here
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]


def card(model: str, settings: Settings) -> list[str]:
    """What a model's README says of how it was trained, where it has one."""
    here = model_here(model, settings.home)
    cards = [] if here is None else here.glob("README.md")
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
    other = settings.model_copy(update={"encoder": options.model})
    bare = replace(dataset, items=dataset.items.with_columns(title=pl.lit("")))
    ways = {
        options.model: (Bench(f"{name}_{options.model}", dataset, other), (TRANSFER,)),
        settings.encoder: (Bench(name, dataset, settings), transfer_of(name)),
        "no titles": (Bench(f"{name}_untitled", bare, settings), (TRANSFER,)),
    }
    told = f"NDCG@10 of cold users of {name}, folds {', '.join(map(str, options.folds))} pooled."
    said = card(options.model, settings)
    print(write(options.out, "What titles are worth", rows(ways, options.folds), told, *said))


if __name__ == "__main__":
    main()
