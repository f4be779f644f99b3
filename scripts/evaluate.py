"""`isthmus evaluate`: what the edges are worth for held-out users, beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.group()
def command() -> None:
    """Measure accuracy on a dataset of tables; no graph is read or written."""


@command.command("cold-start")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, help="Domain to recommend; all without it.")
@click.option("--fold", default=0, type=click.IntRange(0, 9), show_default=True)
@click.option("--model", "models", multiple=True, help="Only these; all without it.")
@with_settings
def cold_start(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    fold: int,
    models: tuple[str, ...],
) -> Output:
    """Hide what cold users did in a domain and rank all its items for them.

    \b
    Examples:
      isthmus evaluate cold-start data/ --target films
      isthmus evaluate cold-start data/ --model transfer --model popularity --json
    """
    from gnn import evaluate
    from graph.snapshot import snapshot_of_tables, titles_of
    from graph.sources import read_dataset

    dataset = read_dataset(folder)
    data = snapshot_of_tables(dataset, settings)
    documents = [
        evaluate.cold_start(
            data,
            target,
            fold=fold,
            models=models or evaluate.MODELS,
            edges_per_node=settings.edges_per_node,
            half_life_days=settings.half_life_days,
            history_limit=settings.history_limit,
            seed=settings.seed,
            threads=settings.threads,
            titles=titles_of(dataset, data),
            dataset=folder.name,
            fingerprint=dataset.fingerprint,
        )
        for target in targets or data.domains
    ]
    lines = []
    for document in documents:
        lines.append(f"{document['target']}: {document['users']} cold users, NDCG@10 (95 %)")
        for name, result in document["models"].items():
            low, high = result["ndcg@10_interval"]
            lines.append(f"  {name:<16} {result['ndcg@10']:.4f}  ({low:.4f} to {high:.4f})")
    return Output(documents if len(documents) > 1 else documents[0], "\n".join(lines))
