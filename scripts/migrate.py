"""`isthmus migrate`: create constraints and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Create missing constraints and indexes.

    Every command that connects does this first; run it alone to see what is applied.

    \b
    Example:
      isthmus migrate
    """
    from isthmus.graph.database import connect, migrate

    with connect(settings, migrated=False) as graph:
        applied = migrate(graph)
    return Output({"applied": applied}, "\n".join(applied) or "Nothing to migrate.")
