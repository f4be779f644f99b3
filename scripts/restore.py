"""`isthmus restore`: replace the graph by a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Replace the present graph; required if there is one.")
@with_settings
def command(settings: Settings, file: Path, yes: bool) -> Output:
    """Replace the graph by the one that `isthmus backup` wrote to FILE.

    The backup is loaded and tested beside the present graph first. If anything fails, the graph
    stays as it was.

    \b
    Examples:
      isthmus restore /backups/monday.dump
      isthmus restore /backups/monday.dump --yes
    """
    from isthmus.graph.operations import restore_backup

    backup = restore_backup(settings, file, yes)
    size = f"{backup.bytes / 1e6:,.1f} MB"
    return Output(backup.document(), f"{backup.file} is restored: {size} in {backup.seconds:.0f} s")
