"""`isthmus encoder`: models of one's own, trained on one's own texts."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from isthmus.encoders.training.train import Plan, Trained
    from isthmus.settings import Settings


@click.group("encoder")
def command() -> None:
    """Train a text model on the texts of the graph, and list those that it was encoded with.

    \b
    Example:
      isthmus encoder pretrain --name ours
      ISTHMUS_ENCODER=ours isthmus retrain
    """


def with_plan(rate: float) -> Callable[[Callable[..., Output]], Callable[..., Output]]:
    """Gives a training its `--name`, and a plan of its `--epochs`, `--minutes` and so on.

    Args:
        rate: The learning rate that is measured to serve it best.
    """

    def given(function: Callable[..., Output]) -> Callable[..., Output]:
        @click.option("--name", required=True, help="What to call the model; it is kept in HOME.")
        @click.option("--epochs", default=1, show_default=True, type=click.IntRange(1))
        @click.option(
            "--minutes", default=20.0, show_default=True, type=click.FloatRange(0), help="At most."
        )
        @click.option(
            "--learning-rate",
            default=rate,
            show_default=True,
            type=click.FloatRange(0, min_open=True),
        )
        @functools.wraps(function)
        def run(settings: Settings, *, name: str, **told: Any) -> Output:
            from isthmus.encoders.text.model_files import kept_folder
            from isthmus.encoders.training.train import Plan

            fields = ("epochs", "minutes", "learning_rate")
            plan = Plan(seed=settings.seed, **{field: told.pop(field) for field in fields})
            return function(settings, plan=plan, out=kept_folder(name, settings.home), **told)

        return run

    return given


@command.command("pretrain")
@click.option(
    "--tables",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Tables whose texts to learn from, in place of the graph's; several times for several.",
)
@with_settings
@with_plan(3e-6)
def pretrain(settings: Settings, plan: Plan, out: Path, tables: tuple[Path, ...]) -> Output:
    """Go on training the encoder on titles and on what people wrote, without labels.

    Killed, the same command goes on where it stopped.

    \b
    Examples:
      isthmus encoder pretrain --name ours
      isthmus encoder pretrain --tables data/ --name ours --epochs 3 --minutes 60
    """
    from isthmus.encoders.text.encoder import load_encoder
    from isthmus.encoders.training.pretrain import pretrain as run
    from isthmus.graph.database.session import connect
    from isthmus.graph.interests.corpus import texts_of_graph, texts_of_tables

    if tables:
        texts = [text for folder in tables for text in texts_of_tables(folder)]
    else:
        with connect(settings) as graph:
            texts = texts_of_graph(graph)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    return _said(run(encoder, texts, plan, out))


@command.command("finetune")
@click.argument("tables", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--wants/--no-wants",
    default=True,
    show_default=True,
    help="Also learn from bundled sentences and the things that answer them, Chinese and English.",
)
@click.option(
    "--fold",
    default=0,
    show_default=True,
    type=click.IntRange(0, 9),
    help="Fold of `isthmus evaluate cold-start` whose cold users are not learned from.",
)
@with_settings
@with_plan(2e-5)
def finetune(
    settings: Settings, plan: Plan, out: Path, tables: Path | None, *, wants: bool, fold: int
) -> Output:
    """Train the encoder on what users did: what they wrote and liked against what they like.

    Without tables, on what is bundled alone. Killed, the same command goes on where it stopped.

    \b
    Examples:
      isthmus encoder finetune data/ --name ours
      isthmus encoder finetune --name bilingual
      ISTHMUS_ENCODER=pretrained isthmus encoder finetune data/ --name ours --epochs 2
    """
    from isthmus.encoders.text.encoder import load_encoder
    from isthmus.encoders.training.finetune import NOTHING_DONE, check_enough
    from isthmus.encoders.training.finetune import finetune as run
    from isthmus.encoders.training.wants import with_wants
    from isthmus.graph.sources import read_dataset
    from isthmus.workflows.finetuning_data import behaviour_of

    behaviour = NOTHING_DONE
    if tables is not None:
        behaviour = behaviour_of(read_dataset(tables), fold)
        check_enough(behaviour)  # or what is bundled would hide that the tables teach nothing
    if wants:
        behaviour = with_wants(behaviour)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    return _said(run(encoder, behaviour, plan, out))


@command.command("list")
@with_settings
def list_versions(settings: Settings) -> Output:
    """List the versions of the encoder that the graph has vectors of, newest first.

    \b
    Example:
      isthmus encoder list
    """
    from isthmus.graph.database.session import connect
    from isthmus.graph.interests.encoder_versions import versions

    with connect(settings) as graph:
        rows = versions(graph)
    lines = [
        f"{row['version']:>4}  {row['state']:<9}  {row['created_at'][:19]}  "
        f"{row['dimensions']:>5}  {row['name']}"
        for row in rows
    ]
    return Output(rows, "\n".join(lines) or "Nothing is encoded yet. Run `isthmus encode`.")


def _said(trained: Trained) -> Output:
    name = trained.folder.name
    return Output(
        {"name": name, **trained.document()},
        f"{trained.folder}\n"
        f"{trained.steps:,} steps in {trained.seconds:,.0f} s; held-out texts find what belongs to "
        f"them with a mean reciprocal rank of {trained.after:.3f}, before {trained.before:.3f}.\n"
        f"Use it: ISTHMUS_ENCODER={name} isthmus retrain",
    )
