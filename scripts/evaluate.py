"""`isthmus evaluate`: what the edges are worth for held-out users, beside the baselines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.group()
def command() -> None:
    """Measure accuracy on a dataset of tables; your graph is neither read nor written."""


@command.command("cold-start")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, help="Domain to recommend; all without it.")
@click.option("--fold", default=0, type=click.IntRange(0, 9), show_default=True)
@click.option("--model", "models", multiple=True, help="Only these; all without it.")
@click.option(
    "--through-graph", is_flag=True, help="Rank in a scratch Neo4j too; exit 1 unless it agrees."
)
@with_settings
def cold_start(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    fold: int,
    models: tuple[str, ...],
    through_graph: bool,
) -> Output:
    """Hide what cold users did in a domain and rank all its items for them.

    \b
    Examples:
      isthmus evaluate cold-start data/ --target films
      isthmus evaluate cold-start data/ --model transfer --model popularity --json
      isthmus evaluate cold-start data/ --target films --model transfer --through-graph
    """
    from gnn import evaluate
    from gnn.through_graph import add_through_graph
    from graph.snapshot import snapshot_of_tables, snapshot_without, titles_of
    from graph.sources import read_dataset

    if through_graph and models and evaluate.TRANSFER not in models:
        raise click.UsageError("--through-graph ranks by the model transfer: add --model transfer.")
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
            hide=partial(snapshot_without, dataset=dataset, settings=settings),
        )
        for target in targets or data.domains
    ]
    failure = None
    if through_graph:
        failure = add_through_graph(documents, data, dataset, folder, fold, settings)
    lines = []
    for document in documents:
        lines.append(f"{document['target']}: {document['users']} cold users, NDCG@10 (95 %)")
        for name, result in document["models"].items():
            low, high = result["ndcg@10_interval"]
            lines.append(f"  {name:<16} {result['ndcg@10']:.4f}  ({low:.4f} to {high:.4f})")
        if compared := document["models"].get(evaluate.TRANSFER, {}).get("through_graph"):
            lines.append(f"  through the graph {compared['ndcg@10']:.4f}")
    return Output(documents if len(documents) > 1 else documents[0], "\n".join(lines), failure)
