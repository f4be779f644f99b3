"""`isthmus encode`: embeddings of items, texts and interests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Batches encoded at once, each on a core of its own; all cores without it.",
)
@with_settings
def command(settings: Settings, workers: int | None) -> Output:
    """Give items and texts that have none their embedding, then find the interests.

    It is that of the encoder of the generation that answers; `isthmus retrain` changes to another.

    \b
    Examples:
      isthmus encode
      isthmus encode --workers 4
    """
    from isthmus.graph.database.session import connect
    from isthmus.graph.interests.encoder_versions import settings_of_answers
    from isthmus.graph.interests.find import encode_and_find

    if workers is not None:
        settings = settings.model_copy(update={"threads": workers})
    with connect(settings) as graph:
        settings = settings_of_answers(graph, settings)
        done, found = encode_and_find(graph, settings)
    document = done.document() | {"interests": found.interests}
    return Output(
        document,
        f"{done.encoded:,} encoded, {done.cached:,} from the cache, {found.interests:,} interests; "
        f"encoder version {done.version}",
    )
