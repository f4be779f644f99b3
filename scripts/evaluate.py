"""`isthmus evaluate`: compares the edges with the baselines on held-out users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.scripts.command import WEIGHTS, Output, with_settings

if TYPE_CHECKING:
    from isthmus.errors import IsthmusError
    from isthmus.gnn.data import InterestGraph
    from isthmus.gnn.evaluation import EvaluationConfig
    from isthmus.graph.ingest import Dataset
    from isthmus.settings import Settings

FOLDS = 10


class Folds(click.ParamType[tuple[int, ...]]):
    """The option type of `--folds`: `all`, or numbers from 0 to 9 separated by commas."""

    name = "folds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Returns the folds in ascending order without duplicates."""
        if isinstance(value, tuple):
            return value
        if value == "all":
            return tuple(range(FOLDS))
        words = [word.strip() for word in value.split(",")]
        if not all(word.isdecimal() and int(word) < FOLDS for word in words):
            self.fail(f"{value!r} is neither `all` nor numbers from 0 to 9 separated by commas.")
        return tuple(sorted({int(word) for word in words}))


@click.group()
def command() -> None:
    """Measure accuracy on a dataset of tables, without reading or writing your graph."""


def _with_dataset_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the folder argument and the options that all protocols share."""
    for option in (
        click.option(
            "-o",
            "--out",
            type=click.Path(path_type=Path),
            help="Also write OUT.json, OUT.md and OUT.png.",
        ),
        click.option(
            "--model",
            "models",
            multiple=True,
            help="Restrict to this model; repeatable.  [default: all]",
        ),
        click.option("--parts", is_flag=True, help="Add an ablation study of transfer."),
        click.option(
            "--target",
            "targets",
            multiple=True,
            help="Restrict to this target domain; repeatable.  [default: all]",
        ),
        click.option(
            "--weights",
            type=click.Choice(WEIGHTS),
            help="How ratings or counts become weights, as at `isthmus ingest`.  [default: auto]",
        ),
        click.argument("folder", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


@command.command("cold-start")
@_with_dataset_options
@click.option(
    "--fold", type=click.IntRange(0, FOLDS - 1), help="Evaluate one fold of ten.  [default: 0]"
)
@click.option("--folds", type=Folds(), help="Pool several folds: `all`, or e.g. `0,1,2`.")
@click.option(
    "--through-graph",
    is_flag=True,
    help="Also rank in a temporary Neo4j; exit 1 if its rankings differ.",
)
@with_settings
def cold_start(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    weights: str | None,
    out: Path | None,
    fold: int | None,
    folds: tuple[int, ...] | None,
    through_graph: bool,
) -> Output:
    """Hide the history of cold-start users in a domain and rank all its items for them.

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
            "--through-graph evaluates transfer on one fold: use --fold and --model transfer."
        )
    if folds and fold is not None:
        raise click.UsageError("--fold and --folds cannot be given together.")
    from isthmus.gnn.evaluation import evaluate_cold_start, evaluate_folds, evaluate_targets
    from isthmus.workflows.evaluate_through_graph import evaluate_through_graph

    dataset, data, config = _prepare(settings, folder, models, parts, weights, out)

    def evaluate(target: str) -> dict[str, Any]:
        if folds:
            return evaluate_folds(data, target, config, folds)
        return evaluate_cold_start(data, target, config, fold=fold or 0)

    documents = evaluate_targets(targets or data.domains, evaluate)
    failure = None
    if through_graph:
        failure = evaluate_through_graph(documents, data, dataset, folder, fold or 0, settings)
    return _output(documents, out, failure)


@command.command("temporal")
@_with_dataset_options
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Instant of the split, UTC.  [default: 80 % of the interactions are before it]",
)
@with_settings
def temporal(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    weights: str | None,
    out: Path | None,
    at: datetime | None,
) -> Output:
    """Hide all interactions after an instant and rank the items that were new to each user.

    \b
    Examples:
      isthmus evaluate temporal data/ --target films
      isthmus evaluate temporal data/ --at 2024-06-30 -o results/june
    """
    from isthmus.gnn.evaluation import evaluate_temporal
    from isthmus.graph.generations import first_interaction_times

    dataset, data, config = _prepare(settings, folder, models, parts, weights, out)
    documents = evaluate_temporal(
        data,
        first_interaction_times(dataset, data),
        targets or data.domains,
        config,
        at=at.replace(tzinfo=UTC).timestamp() if at else None,
    )
    return _output(documents, out)


@command.command("next-item")
@_with_dataset_options
@with_settings
def next_item(
    settings: Settings,
    folder: Path,
    targets: tuple[str, ...],
    models: tuple[str, ...],
    parts: bool,
    weights: str | None,
    out: Path | None,
) -> Output:
    """Hide each user's last item and rank it among 999 random items of its domain.

    \b
    Examples:
      isthmus evaluate next-item data/
      isthmus evaluate next-item data/ --model transfer --model popularity --json
    """
    from isthmus.gnn.evaluation import evaluate_next_item

    _, data, config = _prepare(settings, folder, models, parts, weights, out)
    return _output(evaluate_next_item(data, targets or data.domains, config), out)


def _prepare(
    settings: Settings,
    folder: Path,
    models: tuple[str, ...],
    parts: bool,
    weights: str | None,
    out: Path | None,
) -> tuple[Dataset, InterestGraph, EvaluationConfig]:
    """Returns the dataset, its snapshot and the evaluation configuration."""
    from isthmus.gnn.baselines import own_baselines
    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.evaluation import MODELS, VARIANTS, EvaluationConfig, check_plotting
    from isthmus.graph.generations import build_snapshot, hide_function, item_titles
    from isthmus.graph.sources import read_dataset

    if out:
        check_plotting()
    dataset = read_dataset(folder, weights)
    data = build_snapshot(dataset, settings)
    config = EvaluationConfig(
        models=(*(models or MODELS), *(VARIANTS if parts else ())),
        training=TrainingConfig.from_settings(settings),
        titles=item_titles(dataset, data),
        dataset=folder.name,
        fingerprint=dataset.fingerprint,
        hide=hide_function(dataset, settings),
        own=own_baselines(models),
    )
    return dataset, data, config


def _output(
    documents: list[dict[str, Any]], out: Path | None, failure: IsthmusError | None = None
) -> Output:
    from isthmus.gnn.evaluation import render_text, write_report

    if out:
        write_report(out, documents)
    return Output(
        documents if len(documents) > 1 else documents[0], render_text(documents), failure
    )
