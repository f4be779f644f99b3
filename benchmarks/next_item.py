"""Next-item accuracy in the protocol of ABXI on its Amazon Food-Kitchen data, as one page.

python benchmarks/next_item.py FOLDER [--models ...] [-o benchmarks/next_item]

FOLDER holds afk_50_preprocessed.txt, map_item_50.txt and titles_joined.tsv of the ABXI repository
(github.com/DiMarzioBian/ABXI, data/afk); the last adds the item titles of Amazon.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import tempfile
from pathlib import Path

from shared.page import describe_measurement

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.evaluation import MODELS, EvaluationConfig, evaluate_next_item, report
from isthmus.graph.generations import build_snapshot, item_titles
from isthmus.graph.sources import read_dataset
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
DOMAINS = ("food", "kitchen")
# The figures that ABXI reports, means of five seeds, for comparison.
PUBLISHED = {
    "food": {"hr@5": 0.2519, "hr@10": 0.3243, "ndcg@10": 0.1971, "mrr": 0.1655},
    "kitchen": {"hr@5": 0.1745, "hr@10": 0.2438, "ndcg@10": 0.1427, "mrr": 0.1219},
}


def write_tables(source: Path, folder: Path) -> None:
    """Writes the sequences as tables that isthmus reads.

    Item ids are zero-padded so that items of equal time keep their order by number.
    """
    with open(source / "titles_joined.tsv", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        titles = {int(row["item_id"]): row["title"] for row in reader}
    domains_by_item = json.loads((source / "map_item_50.txt").read_text("utf-8"))
    with open(folder / "items.csv", "w", encoding="utf-8", newline="") as file:
        items = csv.writer(file)
        items.writerow(["item_id", "domain", "title"])
        for number, domain in domains_by_item.values():
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
    parser.add_argument("folder", type=Path, help="folder of the three files")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "next_item")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    settings = load_settings()
    with tempfile.TemporaryDirectory() as name:
        write_tables(options.folder, Path(name))
        dataset = read_dataset(Path(name))
    graph = build_snapshot(dataset, settings)
    documents = evaluate_next_item(
        graph,
        DOMAINS,
        EvaluationConfig(
            models=options.models,
            training=TrainingConfig(threads=settings.threads),
            titles=item_titles(dataset, graph),
            dataset="abxi_afk",
            fingerprint=dataset.fingerprint,
        ),
    )
    measurement = describe_measurement()
    for document in documents:
        document["measured"] = measurement
        document["published"] = {"ABXI": PUBLISHED[document["target"]]}
    report.write_report(options.out, documents, "Next item")
    print(report.render_text(documents))


if __name__ == "__main__":
    main()
