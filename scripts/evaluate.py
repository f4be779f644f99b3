"""`isthmus evaluate`: what the edges are worth for held-out users, beside the baselines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.errors import IsthmusError
    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.evaluation.conditions import Conditions
    from isthmus.graph.ingest.dataset import Dataset
    from isthmus.settings import Settings

FOLDS = 10


class Folds(click.ParamType[tuple[int, ...]]):
    """`all`, or numbers from 0 to 9 separated by commas."""

    name = "folds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The folds that are named, ascending, each once."""
        if isinstance(value, tuple):
            return value
        if value == "all":
            return tuple(range(FOLDS))
        words = [word.strip() for word in value.split(",")]
        if not all(word.isdecimal() and int(word) < FOLDS for word in words):
            self.fail(f"{value!r} is neither `all` nor numbers from 0 to 9 with commas.")
        return tuple(sorted({int(word) for word in words}))


@click.group()
def command() -> None:
    """Measure accuracy on a dataset of tables; your graph is neither read nor written."""


def _of_a_dataset(function: Callable[..., Any]) -> Callable[..., Any]:
    """The folder and the options that every protocol has."""
    for option in (
        click.option(
            "-o",
            "--out",
            type=click.Path(path_type=Path),
            help="Also write OUT.json, OUT.md and OUT.png.",
        ),
        click.option("--model", "models", multiple=True, help="Only these; all without it."),
        click.option("--parts", is_flag=True, help="Also transfer without each of its parts."),
        click.option(
            "--target", "targets", multiple=True, help="Domain to recommend; all without it."
        ),
        click.argument("folder", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


@command.command("cold-start")
@_of_a_dataset
@click.option("--fold", type=click.IntRange(0, FOLDS - 1), help="One fold of ten.  [default: 0]")
@click.option("--folds", type=Folds(), help="Several folds, pooled: `all`, or as in `0,1,2`.")
@click.option(
    "--through-graph", is_flag=True, help="Rank in a scratch Neo4j too; exit 1 unless it agrees."
)
@with_settings
def cold_start(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    out: Path | None,
    fold: int | None,
    folds: tuple[int, ...] | None,
    through_graph: bool,
) -> Output:
    """Hide what cold users did in a domain and rank all its items for them.

    \b
    Examples:
      isthmus evaluate cold-start data/ --target films
      isthmus evaluate cold-start data/ --folds all -o results/films
      isthmus evaluate cold-start data/ --model transfer --model popularity --json
      isthmus evaluate cold-start data/ --model transfer --parts
      isthmus evaluate cold-start data/ --target films --model transfer --through-graph
    """
    if through_graph and (folds or (models and "transfer" not in models)):
        raise click.UsageError(
            "--through-graph ranks one fold by transfer: use --fold, and --model transfer."
        )
    if folds and fold is not None:
        raise click.UsageError("--fold and --folds cannot be given together.")
    from isthmus.gnn.evaluation.cold_start import cold_start as one_fold
    from isthmus.gnn.evaluation.cold_start import cold_start_folds
    from isthmus.gnn.evaluation.harness import of_targets
    from isthmus.workflows.evaluate_through_graph import add_through_graph

    dataset, data, conditions = _prepared(settings, folder, models, parts, out)

    def measure(target: str) -> dict[str, Any]:
        if folds:
            return cold_start_folds(data, target, conditions, folds)
        return one_fold(data, target, conditions, fold=fold or 0)

    documents = of_targets(targets or data.domains, measure)
    failure = None
    if through_graph:
        failure = add_through_graph(documents, data, dataset, folder, fold or 0, settings)
    return _output(documents, out, failure)


@command.command("temporal")
@_of_a_dataset
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Hide what happened later, UTC; by default 80 % had happened.",
)
@with_settings
def temporal(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    out: Path | None,
    at: datetime | None,
) -> Output:
    """Hide what happened after an instant and rank what users had not met until then.

    \b
    Examples:
      isthmus evaluate temporal data/ --target films
      isthmus evaluate temporal data/ --at 2024-06-30 -o results/june
    """
    from isthmus.gnn.evaluation import temporal as protocol
    from isthmus.graph.generations.dataset_snapshot import first_times

    dataset, data, conditions = _prepared(settings, folder, models, parts, out)
    documents = protocol.temporal(
        data,
        first_times(dataset, data),
        targets or data.domains,
        conditions,
        at=at.replace(tzinfo=UTC).timestamp() if at else None,
    )
    return _output(documents, out)


@command.command("next-item")
@_of_a_dataset
@with_settings
def next_item(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    out: Path | None,
) -> Output:
    """Hide each user's last item and rank it among 999 of its domain drawn at random.

    \b
    Examples:
      isthmus evaluate next-item data/
      isthmus evaluate next-item data/ --model transfer --model popularity --json
    """
    from isthmus.gnn.evaluation import next_item as protocol

    _, data, conditions = _prepared(settings, folder, models, parts, out)
    return _output(protocol.next_item(data, targets or data.domains, conditions), out)


def _prepared(
    settings: Settings, folder: Path, models: tuple[str, ...], parts: bool, out: Path | None
) -> tuple[Dataset, InterestGraph, Conditions]:
    """The dataset, the same as arrays, and the conditions that the options and settings give."""
    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.evaluation.conditions import MODELS, Conditions
    from isthmus.gnn.evaluation.plots import check_plotting
    from isthmus.gnn.evaluation.results import VARIANTS
    from isthmus.graph.generations.dataset_snapshot import hiding, snapshot_of_tables, titles_of
    from isthmus.graph.sources import read_dataset

    if out:
        check_plotting()
    dataset = read_dataset(folder)
    data = snapshot_of_tables(dataset, settings)
    conditions = Conditions(
        models=(*(models or MODELS), *(VARIANTS if parts else ())),
        training=TrainingConfig.from_settings(settings),
        titles=titles_of(dataset, data),
        dataset=folder.name,
        fingerprint=dataset.fingerprint,
        hide=hiding(dataset, settings),
    )
    return dataset, data, conditions


def _output(
    documents: list[dict[str, Any]], out: Path | None, failure: IsthmusError | None = None
) -> Output:
    from isthmus.gnn.evaluation import report as tables

    if out:
        tables.write(out, documents)
    return Output(
        documents if len(documents) > 1 else documents[0], tables.plain(documents), failure
    )
