"""`isthmus encode`: embeddings of items, texts and interests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--again", is_flag=True, help="Encode everything anew, for a new encoder.")
@with_settings
def command(settings: Settings, again: bool) -> Output:
    """Give items and texts that have none their embedding, then find the interests.

    \b
    Examples:
      isthmus encode
      ISTHMUS_ENCODER=BAAI/bge-m3 isthmus encode --again
    """
    from graph.connection import connect
    from graph.embeddings import encode
    from graph.interests import find_interests

    with connect(settings) as graph:
        done = encode(graph, settings, again)
        found = find_interests(graph, settings)
    document = done.document() | {"interests": found.interests}
    return Output(
        document,
        f"{done.encoded:,} encoded, {done.cached:,} from the cache, {found.interests:,} interests",
    )
