"""How well the next item is found, in the protocol of ABXI on its Amazon Food-Kitchen data.

python benchmarks/next_item.py FOLDER [--models ...] [-o benchmarks/next_item]

FOLDER holds afk_50_preprocessed.txt, map_item_50.txt and titles_joined.tsv of the ABXI repository
(github.com/DiMarzioBian/ABXI, data/afk), the last joined from item titles of Amazon.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import tempfile
from pathlib import Path

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.evaluation import report as tables
from isthmus.gnn.evaluation.conditions import MODELS, Conditions
from isthmus.gnn.evaluation.next_item import next_item
from isthmus.graph.generations.dataset_snapshot import snapshot_of_tables, titles_of
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
DOMAINS = ("food", "kitchen")
# What ABXI reports, the mean of five seeds, for the reader's eye.
PUBLISHED = {
    "food": {"hr@5": 0.2519, "hr@10": 0.3243, "ndcg@10": 0.1971, "mrr": 0.1655},
    "kitchen": {"hr@5": 0.1745, "hr@10": 0.2438, "ndcg@10": 0.1427, "mrr": 0.1219},
}


def write_tables(source: Path, folder: Path) -> None:
    """Writes the sequences as tables that isthmus reads.

    Item ids are padded so that items of one time, which come sorted by number, stay in that order.
    """
    with open(source / "titles_joined.tsv", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        titles = {int(row["item_id"]): row["title"] for row in rows}
    known = json.loads((source / "map_item_50.txt").read_text("utf-8"))
    with open(folder / "items.csv", "w", encoding="utf-8", newline="") as file:
        items = csv.writer(file)
        items.writerow(["item_id", "domain", "title"])
        for number, domain in known.values():
            items.writerow([f"{number:05}", DOMAINS[domain], titles.get(number, "")])
    with open(folder / "interactions.csv", "w", encoding="utf-8", newline="") as file:
        interactions = csv.writer(file)
        interactions.writerow(["user_id", "item_id", "timestamp"])
        for line in (source / "afk_50_preprocessed.txt").read_text("utf-8").splitlines():
            user, *events = line.split()
            for event in events:
                number, at = event.split("|")
                interactions.writerow([user, f"{int(number):05}", at])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "next_item")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    with tempfile.TemporaryDirectory() as name:
        write_tables(options.folder, Path(name))
        dataset = read_dataset(Path(name))
    graph = snapshot_of_tables(dataset, settings)
    documents = next_item(
        graph,
        DOMAINS,
        Conditions(
            models=options.models,
            training=TrainingConfig(threads=settings.threads),
            titles=titles_of(dataset, graph),
            dataset="abxi_afk",
            fingerprint=dataset.fingerprint,
        ),
    )
    for document in documents:
        document["published"] = {"ABXI": PUBLISHED[document["target"]]}
    tables.write(options.out, documents, "Next item")
    print(tables.plain(documents))


if __name__ == "__main__":
    main()
