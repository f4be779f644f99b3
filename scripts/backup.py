"""`isthmus backup`: write the graph to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_settings
def command(settings: Settings, file: Path) -> Output:
    """Write the graph of the Neo4j server that isthmus runs to FILE, which must not exist.

    The server is stopped during the backup and started again. Commands started meanwhile wait;
    commands already running fail. While a retraining runs, nothing is stopped and the exit code is
    75. FILE holds the whole graph and no password. Trained encoders are not part of it: copy the
    folder encoders/ of the home.

    \b
    Examples:
      isthmus backup /backups/monday.dump
      isthmus backup /backups/monday.dump --json
    """
    from isthmus.graph.operations import create_backup

    backup = create_backup(settings, file)
    size = f"{backup.bytes / 1e6:,.1f} MB"
    return Output(backup.document(), f"{backup.file}: {size} in {backup.seconds:.0f} s")
