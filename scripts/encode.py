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
@click.option(
    "--dry-run",
    is_flag=True,
    help="Count what would be encoded, its tokens and cost; send and write nothing.",
)
@with_settings
def command(settings: Settings, workers: int | None, *, dry_run: bool) -> Output:
    """Embed the items and texts without an embedding, then find the interests.

    Uses the active encoder version; `isthmus retrain` activates another encoder.

    \b
    Examples:
      isthmus encode
      isthmus encode --workers 4
      isthmus encode --dry-run
    """
    from isthmus.encoders.text import load_encoder
    from isthmus.graph.database import connect
    from isthmus.graph.interests import (
        encode_and_find_interests,
        estimate_encoding,
        report_usage,
        settings_for_active_encoder,
    )

    if workers is not None:
        settings = settings.model_copy(update={"threads": workers})
    with connect(settings) as graph:
        settings = settings_for_active_encoder(graph, settings)
        if dry_run:
            estimate = estimate_encoding(graph, settings)
            return Output(estimate.document(), estimate.text())
        encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
        encoding, summary = encode_and_find_interests(graph, settings, encoder)
    usage = report_usage(encoder, settings)
    document = encoding.document() | {"interests": summary.interests} | usage
    return Output(
        document,
        f"{encoding.encoded:,} encoded, {encoding.cached:,} from the cache, "
        f"{summary.interests:,} interests; encoder version {encoding.version}",
    )
