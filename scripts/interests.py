"""`isthmus interests`: what items and texts are about, what users are interested in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Find interests anew, from categories or from clusters of embeddings.

    \b
    Example:
      isthmus interests
    """
    from isthmus.graph.database.session import connect
    from isthmus.graph.interests.encoder_versions import settings_of_answers
    from isthmus.graph.interests.find import find_interests, largest_interests

    with connect(settings) as graph:
        found = find_interests(graph, settings_of_answers(graph, settings))
        largest = largest_interests(graph)
    return Output(found.document(largest), found.text(largest))
