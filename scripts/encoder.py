"""`isthmus encoder`: trains text encoders and lists encoder versions."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from isthmus.encoders.training import TrainedModel, TrainingPlan
    from isthmus.settings import Settings


@click.group("encoder")
def command() -> None:
    """Train text encoders, and list the encoder versions of the graph.

    \b
    Example:
      isthmus encoder pretrain --name ours
      ISTHMUS_ENCODER=ours isthmus retrain
    """


def with_plan(rate: float) -> Callable[[Callable[..., Output]], Callable[..., Output]]:
    """Adds the options of a training, which the command receives as `plan` and `out`.

    Args:
        rate: The default learning rate, the best one measured for this kind of training.
    """

    def decorate(function: Callable[..., Output]) -> Callable[..., Output]:
        @click.option("--name", required=True, help="Name of the trained model, stored in HOME.")
        @click.option(
            "--epochs",
            default=1,
            show_default=True,
            type=click.IntRange(1),
            help="Maximum number of epochs.",
        )
        @click.option(
            "--minutes",
            default=20.0,
            show_default=True,
            type=click.FloatRange(0),
            help="Maximum training time in minutes.",
        )
        @click.option(
            "--learning-rate",
            default=rate,
            show_default=True,
            type=click.FloatRange(0, min_open=True),
            help="Learning rate after the warm-up.",
        )
        @functools.wraps(function)
        def run(settings: Settings, *, name: str, **options: Any) -> Output:
            from isthmus.encoders.text import model_folder
            from isthmus.encoders.training import TrainingPlan

            fields = ("epochs", "minutes", "learning_rate")
            plan = TrainingPlan(
                seed=settings.seed, **{field: options.pop(field) for field in fields}
            )
            return function(settings, plan=plan, out=model_folder(name, settings.home), **options)

        return run

    return decorate


@command.command("pretrain")
@click.option(
    "--tables",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Train on the texts of these tables instead of the graph's; repeatable.",
)
@with_settings
@with_plan(3e-6)
def pretrain(settings: Settings, plan: TrainingPlan, out: Path, tables: tuple[Path, ...]) -> Output:
    """Continue the pre-training of the encoder on titles and users' texts, without labels.

    After an interruption, the same command resumes the training.

    \b
    Examples:
      isthmus encoder pretrain --name ours
      isthmus encoder pretrain --tables data/ --name ours --epochs 3 --minutes 60
    """
    from isthmus.encoders.text import load_local_encoder
    from isthmus.encoders.training import pretrain_encoder as run
    from isthmus.graph.database import connect
    from isthmus.graph.interests import texts_of_graph, texts_of_tables

    if tables:
        texts = [text for folder in tables for text in texts_of_tables(folder)]
    else:
        with connect(settings) as graph:
            texts = texts_of_graph(graph)
    encoder = load_local_encoder(settings.encoder, settings.home, settings.threads, settings)
    return _format_result(run(encoder, texts, plan, out))


@command.command("finetune")
@click.argument("tables", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--wants/--no-wants",
    default=True,
    show_default=True,
    help="Add the bundled pairs of sentence and title, Chinese and English, to the training set.",
)
@click.option(
    "--fold",
    default=0,
    show_default=True,
    type=click.IntRange(0, 9),
    help="Exclude the cold-start users of this fold of `isthmus evaluate cold-start`.",
)
@with_settings
@with_plan(2e-5)
def finetune(
    settings: Settings,
    plan: TrainingPlan,
    out: Path,
    tables: Path | None,
    *,
    wants: bool,
    fold: int,
) -> Output:
    """Fine-tune the encoder on user behaviour: texts and liked titles against liked items.

    Without tables, on the bundled pairs only. After an interruption, the same command resumes the
    training.

    \b
    Examples:
      isthmus encoder finetune data/ --name ours
      isthmus encoder finetune --name bilingual
      ISTHMUS_ENCODER=pretrained isthmus encoder finetune data/ --name ours --epochs 2
    """
    from isthmus.encoders.text import load_local_encoder
    from isthmus.encoders.training import EMPTY_BEHAVIOUR, check_example_count, with_bundled_pairs
    from isthmus.encoders.training import finetune_encoder as run
    from isthmus.graph.sources import read_dataset
    from isthmus.workflows.finetuning_data import build_behaviour

    behaviour = EMPTY_BEHAVIOUR
    if tables is not None:
        behaviour = build_behaviour(read_dataset(tables), fold)
        check_example_count(behaviour)  # before the bundled pairs hide that the tables have too few
    if wants:
        behaviour = with_bundled_pairs(behaviour)
    encoder = load_local_encoder(settings.encoder, settings.home, settings.threads, settings)
    return _format_result(run(encoder, behaviour, plan, out))


@command.command("list")
@with_settings
def list_versions(settings: Settings) -> Output:
    """List the encoder versions of the graph, newest first.

    \b
    Example:
      isthmus encoder list
    """
    from isthmus.graph.database import connect
    from isthmus.graph.interests import list_versions

    with connect(settings) as graph:
        rows = list_versions(graph)
    lines = [
        f"{row['version']:>4}  {row['state']:<9}  {row['created_at'][:19]}  "
        f"{row['dimensions']:>5}  {row['name']}"
        for row in rows
    ]
    return Output(
        rows, "\n".join(lines) or "The graph has no encoder version yet. Run `isthmus encode`."
    )


def _format_result(trained: TrainedModel) -> Output:
    name = trained.folder.name
    return Output(
        {"name": name, **trained.document()},
        f"{trained.folder}\n"
        f"{trained.steps:,} steps in {trained.seconds:,.0f} s; mean reciprocal rank on held-out "
        f"examples {trained.after:.3f}, {trained.before:.3f} before training.\n"
        f"To use the model: ISTHMUS_ENCODER={name} isthmus retrain",
    )
