"""`isthmus ingest`: tables into the graph."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError
from isthmus.scripts.command import WEIGHTS, Output, logger, with_settings

if TYPE_CHECKING:
    from isthmus.graph.ingest import Dataset
    from isthmus.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--bulk", is_flag=True, help="Load an empty graph through Neo4j's importer.")
@click.option("--follow", is_flag=True, help="Read a stream of interactions from standard input.")
@click.option("--replace", is_flag=True, help="Remove what the tables no longer have, too.")
@click.option("--yes", is_flag=True, help="With --replace: more than half of a table may go.")
@click.option("--dry-run", is_flag=True, help="Print how each column is read; write nothing.")
@click.option(
    "--weights",
    type=click.Choice(WEIGHTS),
    help="How ratings or counts become weights.  [default: as at the last load, else auto]",
)
@click.option("--allow-empty", is_flag=True, help="Load tables without interactions, too.")
@with_settings
def command(
    settings: Settings,
    folder: Path | None,
    bulk: bool,
    follow: bool,
    replace: bool,
    yes: bool,
    dry_run: bool,
    weights: str | None,
    allow_empty: bool,
) -> Output | Iterator[Output]:
    """Load the tables of FOLDER: items, interactions, texts, and others.

    Tables are CSV, JSON or Parquet files, optionally compressed; public datasets are read as
    published. Loading the same tables twice changes nothing. Begin with --dry-run: it needs no
    server, and prints for each column what it was taken for, with examples. The summary counts, for
    each table, what was new, changed, unchanged or removed in the graph; interactions are counted
    by user and item, and rows that repeat another one apart.

    A load adds and corrects: what the table says of the newest event of a user and an item counts,
    an older event changes nothing, and what the tables lack stays. A missing column and an empty
    cell say nothing: the title, text, categories and date of an item stay. Items that only
    interactions or texts name say nothing either.

    With --replace, the graph has afterwards what the tables have. What they lack is removed: in
    the domains that they name, and in those that earlier loads of FOLDER named, items with all
    their edges, interactions, and texts from tables; as a whole, because they have no domain, texts
    about no item, follows, accounts and names of categories; and then users of whom nothing is
    left. A table that is absent or empty removes nothing. An empty cell deletes the value, in a
    column that has others. Live events (feedback, --follow) and texts that users wrote live stay,
    unless the item goes; so do encoders, generations and the edges of what remains. Put all tables
    of a domain into one folder. Where more than half of a table would go, --yes is needed. With
    --dry-run, what would go is printed. Interrupted, it is completed by running it again.

    Ratings and counts are brought to weights, likes above 0 and dislikes below: --weights auto
    finds the scale, as-is takes the numbers, centre reads ratings from 1 (or 0) to the highest,
    counts dampens counts to at most 1, log takes log(1 + x). The choice is kept for this folder.

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
      isthmus ingest data/ --dry-run
      isthmus ingest data/
      isthmus ingest data/ --replace --dry-run
      isthmus ingest data/ --replace
      isthmus ingest data/ --bulk --weights counts
      isthmus ingest ml-latest-small/ --json
      tail -F events.jsonl | isthmus ingest --follow --json
    """
    if follow and (bulk or dry_run or allow_empty or weights or replace):
        raise click.UsageError(
            "--bulk loads a FOLDER, and so do --replace, --dry-run, --weights and --allow-empty; "
            "they cannot be combined with --follow."
        )
    if bulk and replace:
        raise click.UsageError("--bulk loads an empty graph, in which nothing can be replaced.")
    if yes and not replace:
        raise click.UsageError("--yes confirms what --replace removes; give both.")
    if follow == (folder is not None):
        raise click.UsageError("Give one of FOLDER and --follow.")
    if folder is None:
        return _follow(settings)
    if dry_run:
        return _preview(settings, folder, weights, allow_empty, replace)
    return _load(settings, folder, bulk, weights, allow_empty, replace, yes)


def _preview(
    settings: Settings, folder: Path, weights: str | None, allow_empty: bool, replace: bool
) -> Output:
    from isthmus.graph.ingest import preview_dataset
    from isthmus.graph.sources import read_dataset

    dataset = read_dataset(folder, weights)
    preview = preview_dataset(dataset, settings.max_rejected_share)
    failure = None if allow_empty else _missing_interactions(dataset, folder)
    if preview.too_many:
        failure = InputError(
            "The load would be refused: too many rows are invalid.",
            "Correct them, or raise the setting max_rejected_share.",
        )
    if not replace:
        return Output(preview.document(), preview.text(), failure)

    from isthmus.graph.database import connect
    from isthmus.graph.operations import find_removal

    with connect(settings) as graph:
        _, removal = find_removal(graph, dataset, folder, settings)
    document = preview.document() | {"replace": removal.document()}
    return Output(document, f"{preview.text()}\n{removal.text()}", failure)


def _load(
    settings: Settings,
    folder: Path,
    bulk: bool,
    weights: str | None,
    allow_empty: bool,
    replace: bool,
    yes: bool,
) -> Output:
    from isthmus.graph.database import connect
    from isthmus.graph.ingest import (
        bulk_load,
        changes_text,
        ingest_dataset,
        remembered_weights,
    )
    from isthmus.graph.operations import replace_dataset
    from isthmus.graph.sources import read_dataset

    dataset = read_dataset(folder, weights)
    if not allow_empty and (failure := _missing_interactions(dataset, folder)):
        raise failure
    if bulk:
        loaded = bulk_load(dataset, folder, settings)
    else:
        with connect(settings) as graph:
            if weights is None and (remembered := remembered_weights(graph, folder)):
                logger.info("%s: --weights %s, as at the last load", folder, remembered)
                dataset = read_dataset(folder, remembered)
            if replace:
                loaded = replace_dataset(graph, dataset, folder, settings, confirmed=yes)
            else:
                loaded = ingest_dataset(graph, dataset, folder, settings)
    text = (
        f"{loaded.users:,} users, {loaded.items:,} items, {loaded.interactions:,} interactions, "
        f"{loaded.texts:,} texts in {loaded.seconds:.1f} s\n{changes_text(loaded.changes)}"
    )
    if loaded.cleaned:
        text += f"\nControl characters were removed from {loaded.cleaned:,} titles and texts."
    if loaded.rejected:
        text += f"\n{loaded.rejected:,} rows were rejected: {loaded.quarantine}"
    if loaded.command:
        text += f"\nStop the server, run this on its machine, and start it:\n{loaded.command}"
    return Output(loaded.document(), text)


def _missing_interactions(dataset: Dataset, folder: Path) -> InputError | None:
    from isthmus.graph.ingest import first_reasons

    if not dataset.interactions.is_empty():
        return None
    if reasons := first_reasons(dataset.rejected):
        rows = "\n".join(f"  {reason}" for reason in reasons)
        return InputError(
            f"{folder} has no valid interactions; without them nothing can be learned. The first "
            f"of {len(dataset.rejected):,} rejected rows:\n{rows}\n",
            "Nothing was loaded. Correct the rows, or load the other tables alone with "
            "--allow-empty.",
        )
    return InputError(
        f"{folder} has no valid interactions; without them nothing can be learned.",
        "Nothing was loaded. Add a table interactions with user_id and item_id, or load the other "
        "tables alone with --allow-empty.",
    )


def _follow(settings: Settings) -> Iterator[Output]:
    from isthmus.graph.database import connect
    from isthmus.graph.events import follow_stream

    with connect(settings) as graph:
        for acknowledgement in follow_stream(graph, sys.stdin.fileno(), settings):
            yield Output(acknowledgement.document(), acknowledgement.text())
