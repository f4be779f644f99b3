"""How good cold-start recommendations are on a dataset of tables, as Markdown and JSON.

python benchmarks/accuracy.py FOLDER [--folds 0 1 2] [--targets ...] [--models ...] [-o OUT]
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from gnn.evaluate import MODELS, cold_start
from graph.snapshot import snapshot_of_tables, titles_of
from graph.sources import read_dataset
from isthmus.settings import load_settings

LIBRARIES = ("torch", "torch-geometric", "implicit", "sentence-transformers", "numpy")


def markdown(documents: list[dict]) -> str:
    """The results as tables, one a target and fold, and where they were measured."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        "# Cold-start accuracy",
        "",
        f"{date.today()}, {platform.machine()}, Python {platform.python_version()}, {libraries}.",
        "",
    ]
    for document in documents:
        lines += [
            f"## {document['dataset']}, target {document['target']}",
            "",
            f"{document['protocol']}, {document['users']} users, "
            f"{document['twin_rows']} rows with a twin.",
            "",
            "| model | NDCG@10 | 95 % | Recall@10 | transfer's gain, 95 % | lowest / middle / "
            "highest third | history 1-3 / 4-10 / 11-50 / 51- | coverage | diversity | novelty | "
            "seconds | MB |",
            "|" + "---|" * 12,
        ]
        lines += [_row(name, model) for name, model in document["models"].items()]
        lines.append("")
    return "\n".join(lines)


def _row(name: str, model: dict) -> str:
    def figures(values) -> str:
        return " / ".join("–" if value is None else f"{value:.4f}" for value in values)

    gain = model.get("transfer_gain")
    cells = [
        name,
        f"{model['ndcg@10']:.4f}",
        figures(model["ndcg@10_interval"]),
        f"{model['recall@10']:.4f}",
        f"{gain['ndcg@10']:+.4f} ({figures(gain['interval'])})" if gain else "",
        figures(model["ndcg@10_by_popularity"].values()),
        figures(model["ndcg@10_by_history"].values()),
        f"{model['coverage@10']:.3f}",
        "–" if model["diversity@10"] is None else f"{model['diversity@10']:.3f}",
        f"{model['novelty@10']:.2f}",
        f"{model['fit_seconds']:.0f}",
        f"{model['peak_mb']:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=[0])
    parser.add_argument("--targets", nargs="+")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("-o", "--out", type=Path, help="OUT.json and OUT.md are written")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = load_settings()
    dataset = read_dataset(options.folder)
    graph = snapshot_of_tables(dataset, settings)
    documents = [
        cold_start(
            graph,
            target,
            fold=fold,
            models=options.models,
            threads=settings.threads,
            titles=titles_of(dataset, graph),
            dataset=options.folder.name,
            fingerprint=dataset.fingerprint,
        )
        for target in options.targets or graph.domains
        for fold in options.folds
    ]
    print(markdown(documents))
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(documents, indent=1) + "\n")
        options.out.with_suffix(".md").write_text(markdown(documents))


if __name__ == "__main__":
    main()
