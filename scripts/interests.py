"""`isthmus interests`: finds the interests of items, texts and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Rebuild the interests from categories and from clusters of embeddings.

    \b
    Example:
      isthmus interests
    """
    from isthmus.graph.database import connect
    from isthmus.graph.interests import (
        find_interests,
        largest_interests,
        settings_for_active_encoder,
    )

    with connect(settings) as graph:
        summary = find_interests(graph, settings_for_active_encoder(graph, settings))
        largest = largest_interests(graph)
    return Output(summary.document(largest), summary.text(largest))
