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
@click.option("--bulk", is_flag=True, help="Make an empty graph's database from files at once.")
@click.option("--follow", is_flag=True, help="Read interactions from standard input as they come.")
@with_settings
def command(
    settings: Settings, folder: Path | None, bulk: bool, follow: bool
) -> Output | Iterator[Output]:
    """Load the tables of FOLDER: items, interactions, texts, follows, accounts.

    Each is a CSV, JSON Lines or Parquet file, also gzipped. Folders of MovieLens and of Amazon
    Reviews 2023 are read as they are published. Loading twice changes nothing.

    With --bulk the graph must be empty. It ends as any load does, and is meant for where there
    are millions of interactions; the server of our own is started anew. For another server
    (NEO4J_URI) the files are written, and the command is said that imports them.

    With --follow, each line of standard input is a JSON object with user_id, item_id and, as
    known, domain, weight, timestamp (without one it happened just now), kind, platform, event_id.
    Whenever some are committed, a line of standard output says how many are safe; send again what
    was not safe when this ended. An event_id that comes twice counts once, and so does a timestamp
    of the same user and item. Wrong lines are added to rejected.jsonl. The end of the input and
    Ctrl-C end it in order.

    \b
    Examples:
      isthmus ingest data/
      isthmus ingest data/ --bulk
      isthmus ingest ml-latest-small/ --json
      tail -F events.jsonl | isthmus ingest --follow --json
    """
    if follow and bulk:
        raise click.UsageError("--bulk loads a FOLDER; it does not go with --follow.")
    if follow == (folder is not None):
        raise click.UsageError("Give one of FOLDER and --follow.")
    return _follow(settings) if folder is None else _load(settings, folder, bulk)


def _load(settings: Settings, folder: Path, bulk: bool) -> Output:
    from isthmus.graph.database.session import connect
    from isthmus.graph.ingest.bulk import bulk_load
    from isthmus.graph.ingest.load import ingest
    from isthmus.graph.sources import read_dataset

    dataset = read_dataset(folder)
    if bulk:
        loaded = bulk_load(dataset, folder, settings)
    else:
        with connect(settings) as graph:
            loaded = ingest(graph, dataset, folder, settings)
    text = (
        f"{loaded.users:,} users, {loaded.items:,} items, {loaded.interactions:,} interactions, "
        f"{loaded.texts:,} texts in {loaded.seconds:.1f} s"
    )
    if loaded.rejected:
        text += f"\n{loaded.rejected:,} rows were wrong: {loaded.quarantine}"
    if loaded.command:
        text += f"\nStop the server, run this on its machine, and start it:\n{loaded.command}"
    return Output(loaded.document(), text)


def _follow(settings: Settings) -> Iterator[Output]:
    from isthmus.graph.database.session import connect
    from isthmus.graph.events.stream import follow

    with connect(settings) as graph:
        for reached in follow(graph, sys.stdin.fileno(), settings):
            yield Output(reached.document(), reached.text())
