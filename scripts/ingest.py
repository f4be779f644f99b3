"""`isthmus ingest`: tables into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@with_settings
def command(settings: Settings, folder: Path) -> Output:
    """Load the tables of FOLDER: items, interactions, texts, follows, accounts.

    Each is a CSV, JSON Lines or Parquet file, also gzipped. Folders of MovieLens and of Amazon
    Reviews 2023 are read as they are published. Loading twice changes nothing.

    \b
    Examples:
      isthmus ingest data/
      isthmus ingest ml-latest-small/ --json
    """
    from graph.connection import connect
    from graph.ingest import ingest
    from graph.sources import read_dataset

    dataset = read_dataset(folder)
    with connect(settings) as graph:
        loaded = ingest(graph, dataset, folder, settings)
    text = (
        f"{loaded.users:,} users, {loaded.items:,} items, {loaded.interactions:,} interactions, "
        f"{loaded.texts:,} texts in {loaded.seconds:.1f} s"
    )
    if loaded.rejected:
        text += f"\n{loaded.rejected:,} rows were wrong: {loaded.quarantine}"
    return Output(loaded.document(), text)
