"""`isthmus encoder`: models of one's own, trained on one's own texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.group("encoder")
def command() -> None:
    r"""Train a text model on the texts of the graph.

    \b
    Example:
      isthmus encoder pretrain --name ours
      ISTHMUS_ENCODER=ours isthmus encode --again
    """


@command.command("pretrain")
@click.option(
    "--tables",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Tables whose texts to learn from, in place of the graph's; several times for several.",
)
@click.option("--name", required=True, help="What to call the model; it is kept under HOME.")
@click.option("--epochs", default=1, show_default=True, type=click.IntRange(1))
@click.option(
    "--minutes", default=20.0, show_default=True, type=click.FloatRange(0), help="Time at most."
)
@click.option(
    "--learning-rate", default=2e-5, show_default=True, type=click.FloatRange(0, min_open=True)
)
@with_settings
def pretrain(
    settings: Settings,
    tables: tuple[Path, ...],
    name: str,
    epochs: int,
    minutes: float,
    learning_rate: float,
) -> Output:
    r"""Go on training the encoder on titles and on what people wrote, without labels.

    Killed, the same command goes on where it stopped.

    \b
    Examples:
      isthmus encoder pretrain --name ours
      isthmus encoder pretrain --tables data/ --name ours --epochs 3 --minutes 60
    """
    from encoders.find import kept_folder
    from encoders.pretrain import pretrain as run
    from encoders.text import load_encoder
    from encoders.training import Plan
    from graph.connection import connect
    from graph.corpus import texts_of_graph, texts_of_tables

    out = kept_folder(name, settings.home)
    if tables:
        texts = [text for folder in tables for text in texts_of_tables(folder)]
    else:
        with connect(settings) as graph:
            texts = texts_of_graph(graph)
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    plan = Plan(epochs=epochs, minutes=minutes, learning_rate=learning_rate, seed=settings.seed)
    trained = run(encoder, texts, plan, out)
    return Output(
        {"name": name, **trained.document()},
        f"{trained.folder}\n"
        f"{trained.steps:,} steps in {trained.seconds:,.0f} s; held-out texts find their other "
        f"half with a mean reciprocal rank of {trained.after:.3f}, before {trained.before:.3f}.\n"
        f"Use it: ISTHMUS_ENCODER={name} isthmus encode --again",
    )
