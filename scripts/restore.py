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

    FILE is checked, loaded and opened beside the present graph, which goes on answering; then the
    server is stopped for some seconds. A damaged file, or one of a newer version, stops nothing. If
    anything fails, the graph stays as it was. What is written while FILE is loaded is replaced,
    too.

    \b
    Examples:
      isthmus restore /backups/monday.dump
      isthmus restore /backups/monday.dump --yes
    """
    from isthmus.graph.operations import restore_backup

    restored = restore_backup(settings, file, yes)
    text = (
        f"{restored.backup}, restored in {restored.backup.seconds:.0f} s, "
        f"{restored.seconds_offline:.0f} s of them without a server"
    )
    return Output(restored.document(), text)
