"""`isthmus retrain`: learn the edges anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Learn the edges between domains from the graph and publish them as a generation.

    Readers go on with the generation before until the new one is whole. Where the encoder is
    another one than theirs, everything is encoded with it first, beside what answers.

    \b
    Examples:
      isthmus retrain
      ISTHMUS_ENCODER=ours isthmus retrain
    """
    from gnn.retrain import retrain
    from graph.connection import connect

    with connect(settings) as graph:
        result = retrain(graph, settings)
    return Output(
        result,
        f"Generation {result['generation']} answers with {result['edges']:,} edges, "
        f"after {result['seconds']:.0f} s.",
    )
