"""`isthmus retrain`: learn the edges anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import NothingToDo
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--force", is_flag=True, help="Learn all anew, although nothing changed.")
@with_settings
def command(settings: Settings, force: bool) -> Output:
    """Learn the edges between domains from the graph and publish them as a generation.

    Readers go on with the generation before until the new one is whole, and after that where users
    who were held out from both are served worse by the new one: it is then deleted, with exit code
    3. Where the encoder is another one than theirs, everything is encoded with it first, beside
    what answers. Where the graph grew by less than a tenth (setting choose_again), what validation
    users chose for the generation before is kept, so that it learns once and not twice. One
    retraining of a graph runs at a time, on whichever machine.

    \b
    Examples:
      isthmus retrain
      ISTHMUS_LOG_FORMAT=json isthmus retrain --force --json 2>retrain.log
      ISTHMUS_ENCODER=ours isthmus retrain
    """
    from isthmus.graph.database.session import connect
    from isthmus.workflows.retrain import retrain

    with connect(settings) as graph:
        result = retrain(graph, settings, force)
    text = (
        f"Generation {result['generation']} answers with {result['edges']:,} edges, "
        f"after {result['seconds']:.0f} s."
    )
    failure = None
    if not result["promoted"]:
        failure = NothingToDo(
            f"The new generation was refused: {result['reason']}",
            "Look at what was loaded since; the next retraining tries again.",
        )
    return Output(result, f"{text} {result['reason']}" if failure is None else text, failure)
