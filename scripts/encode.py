"""`isthmus encode`: embeds items and texts, and finds interests."""

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
    help="Batches to encode in parallel, one core each.  [default: all cores]",
)
@with_settings
def command(settings: Settings, workers: int | None) -> Output:
    """Embed the items and texts without an embedding, then find the interests.

    Uses the active encoder version; `isthmus retrain` activates another encoder.

    \b
    Examples:
      isthmus encode
      isthmus encode --workers 4
    """
    from isthmus.graph.database import connect
    from isthmus.graph.interests import encode_and_find_interests, settings_for_active_encoder

    if workers is not None:
        settings = settings.model_copy(update={"threads": workers})
    with connect(settings) as graph:
        settings = settings_for_active_encoder(graph, settings)
        encoding, summary = encode_and_find_interests(graph, settings)
    document = encoding.document() | {"interests": summary.interests}
    return Output(
        document,
        f"{encoding.encoded:,} encoded, {encoding.cached:,} from the cache, "
        f"{summary.interests:,} interests; encoder version {encoding.version}",
    )
