"""`isthmus migrate`: constraints and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Create the constraints and indexes that are missing.

    Every command that writes does this first; run it by itself to see what is done.

    \b
    Example:
      isthmus migrate
    """
    from isthmus.graph.database.migrations import migrate
    from isthmus.graph.database.session import connect

    with connect(settings, migrated=False) as graph:
        applied = migrate(graph)
    return Output({"applied": applied}, "\n".join(applied) or "Nothing to migrate.")
