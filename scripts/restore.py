"""`isthmus restore`: the graph from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Replace the graph that is there.")
@with_settings
def command(settings: Settings, file: Path, yes: bool) -> Output:
    """Put the graph that `isthmus backup` wrote to FILE in the place of the one that is there.

    It is loaded and tried out beside it first: where anything fails, the graph stays as it was.

    \b
    Examples:
      isthmus restore /backups/monday.dump
      isthmus restore /backups/monday.dump --yes
    """
    from isthmus.graph.operations.backup import restore

    kept = restore(settings, file, yes)
    size = f"{kept.bytes / 1e6:,.1f} MB"
    return Output(kept.document(), f"{kept.file} is restored: {size} in {kept.seconds:.0f} s")
