"""`isthmus ingest`: tables into the graph."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--bulk", is_flag=True, help="Load an empty graph through Neo4j's importer.")
@click.option("--follow", is_flag=True, help="Read a stream of interactions from standard input.")
@with_settings
def command(
    settings: Settings, folder: Path | None, bulk: bool, follow: bool
) -> Output | Iterator[Output]:
    """Load the tables of FOLDER: items, interactions, texts, and others.

    Tables are CSV, JSON Lines or Parquet files, optionally gzipped. Folders of MovieLens and of
    Amazon Reviews 2023 are read as published. Loading the same tables twice changes nothing.

    With --bulk the graph must be empty. The result is the same graph; use it for millions of
    interactions. The server that isthmus runs is restarted. For a server of yours (NEO4J_URI) the
    import files are written and the import command is printed.

    With --follow, each line of standard input is a JSON object with user_id, item_id and
    optionally domain, weight, timestamp (default: now), kind, platform and event_id. After each
    commit, a line on standard output reports how many events are safe; after a crash, send the
    rest again. An event_id is an idempotency key: it counts once. Without one, an event that is
    not newer than the last of the same user and item is skipped. Invalid lines are appended to
    rejected.jsonl. The end of the input and Ctrl-C end the command with exit code 0.

    \b
    Examples:
      isthmus ingest data/
      isthmus ingest data/ --bulk
      isthmus ingest ml-latest-small/ --json
      tail -F events.jsonl | isthmus ingest --follow --json
    """
    if follow and bulk:
        raise click.UsageError("--bulk loads a FOLDER; it cannot be combined with --follow.")
    if follow == (folder is not None):
        raise click.UsageError("Give one of FOLDER and --follow.")
    return _follow(settings) if folder is None else _load(settings, folder, bulk)


def _load(settings: Settings, folder: Path, bulk: bool) -> Output:
    from isthmus.graph.database import connect
    from isthmus.graph.ingest import bulk_load, ingest_dataset
    from isthmus.graph.sources import read_dataset

    dataset = read_dataset(folder)
    if bulk:
        loaded = bulk_load(dataset, folder, settings)
    else:
        with connect(settings) as graph:
            loaded = ingest_dataset(graph, dataset, folder, settings)
    text = (
        f"{loaded.users:,} users, {loaded.items:,} items, {loaded.interactions:,} interactions, "
        f"{loaded.texts:,} texts in {loaded.seconds:.1f} s"
    )
    if loaded.rejected:
        text += f"\n{loaded.rejected:,} rows were rejected: {loaded.quarantine}"
    if loaded.command:
        text += f"\nStop the server, run this on its machine, and start it:\n{loaded.command}"
    return Output(loaded.document(), text)


def _follow(settings: Settings) -> Iterator[Output]:
    from isthmus.graph.database import connect
    from isthmus.graph.events import follow_stream

    with connect(settings) as graph:
        for acknowledgement in follow_stream(graph, sys.stdin.fileno(), settings):
            yield Output(acknowledgement.document(), acknowledgement.text())
