"""`isthmus backup`: the graph to a file."""

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
    """Write the graph of our own Neo4j to FILE, which must not exist yet.

    Neo4j is stopped meanwhile, and started again: commands that come wait for it, those at work
    fail. While a retraining runs, nothing is stopped or written (exit code 75). FILE holds the
    whole graph and no password; encoders that you have trained are folders below encoders/ in the
    home.

    \b
    Examples:
      isthmus backup /backups/monday.dump
      isthmus backup /backups/monday.dump --json
    """
    from isthmus.graph.operations.backup import backup

    kept = backup(settings, file)
    size = f"{kept.bytes / 1e6:,.1f} MB"
    return Output(kept.document(), f"{kept.file}: {size} in {kept.seconds:.0f} s")
