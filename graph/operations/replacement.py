"""Loads that replace: afterwards the graph has what the tables have, and nothing of before.

The rows are written first, then what the tables lack is removed in small transactions, each of
which takes what it removes with all of its relationships and vectors, and derives the interests of
its users again. A run that is killed leaves a mark at the dataset; loading again completes it.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row, Write, refresh_attributes
from isthmus.graph.ingest import (
    Dataset,
    IngestSummary,
    columns_with_values,
    named_domains,
    quarantine_rejected,
    update_popularity,
    write_rows,
)
from isthmus.graph.interests import active_version_number, derivation_parameters
from isthmus.graph.operations.removal import Removal, find_removal
from isthmus.progress import progress
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

USERS_PER_TRANSACTION = 500
ITEMS_PER_TRANSACTION = 500


def replace_dataset(
    graph: Graph, dataset: Dataset, path: Path, settings: Settings, *, confirmed: bool
) -> IngestSummary:
    """Writes a dataset into the graph and removes what its tables lack, see `find_removal`.

    Live events remain, and so do learned edges, vectors and generations of what remains.

    Args:
        graph: The graph to write to.
        dataset: Valid tables.
        path: The folder that the tables were read from.
        settings: As for `ingest_dataset`.
        confirmed: Whether more than half of a table may go.

    Raises:
        InputError: More than half would go without being confirmed, or more rows are invalid than
            the setting allows; nothing was written.
    """
    start = time.monotonic()
    rows, removal = find_removal(graph, dataset, path, settings)
    quarantine_rejected(rows, dataset, settings)
    if removal.majorities and not confirmed:
        raise InputError(
            f"{path} lacks more than half of what the graph has: {', '.join(removal.majorities)} "
            "would be removed.",
            "Look at them with --replace --dry-run; if they are to go, add --yes.",
        )
    if removal.others:
        logger.warning("%s", removal.warning())
    if len(rows.rejected):
        logger.warning("what the rejected rows are about counts as missing in the tables")
    changes = write_rows(graph, rows, dataset, path, cleared=columns_with_values(dataset))
    removed = remove(graph, removal, settings)
    refresh_attributes(graph)
    update_popularity(graph, settings.half_life_days)
    graph.write("ingest/end_replacement", path=str(path.absolute()), domains=named_domains(rows))
    changes = {name: replace(counts, removed=removed[name]) for name, counts in changes.items()}
    return rows.summary(start, settings, changes)


def remove(graph: Graph, removal: Removal, settings: Settings) -> dict[str, int]:
    """Removes what was found; returns the numbers of what was removed, by table."""
    removed: dict[str, int] = defaultdict(int)
    version = active_version_number(graph)
    rows = _rows_by_user(removal)
    with progress("remove from users", len(rows), "users") as advance:
        for batch in rows.iter_slices(USERS_PER_TRANSACTION):
            users = batch["user_id"].to_list()
            derivation = derivation_parameters(users, settings.half_life_days, version)
            counts = _remove_from_users(graph, batch.to_dicts(), derivation)
            for name, count in counts.items():
                removed[name] += count
            advance(len(batch))
    for name, statement, size in (
        ("items", "ingest/remove_items", ITEMS_PER_TRANSACTION),
        ("accounts", "ingest/remove_accounts", USERS_PER_TRANSACTION),
        ("categories", "ingest/remove_category_names", USERS_PER_TRANSACTION),
        ("users", "ingest/remove_users", USERS_PER_TRANSACTION),
    ):
        frame = removal.tables[name]
        results = graph.write_batches(statement, frame, f"remove {name}", size)
        removed[name] += sum(row["removed"] for row in results)
    graph.write("ingest/remove_domains", names=removal.domains)
    return removed


def _remove_from_users(graph: Graph, rows: list[Row], derivation: Row) -> Row:
    """Removes from some users, and derives their interests, in one transaction."""

    def work(write: Write) -> Row:
        [counts] = write("ingest/remove_from_users", rows=rows)
        write("interests/derive_user_interests", **derivation)
        return counts

    return graph.write_together(work)


def _rows_by_user(removal: Removal) -> pl.DataFrame:
    """Returns the parameter `rows` of `ingest/remove_from_users`, ascending by user."""
    pairs = removal.tables["interactions"]
    of_removed = pl.col("of_removed")
    missing = pl.concat([pairs.filter(~of_removed).drop("of_removed"), removal.live])
    lists = (
        ("interactions", "key", missing),
        ("of_removed", "key", pairs.filter(of_removed)),
        ("texts", "id", removal.tables["texts"]),
        ("follows", "follows_id", removal.tables["follows"]),
    )
    users = pl.concat([frame.select("user_id") for _, _, frame in lists]).unique().sort("user_id")
    for name, column, frame in lists:
        ids = frame.group_by("user_id").agg(pl.col(column).alias(name))
        users = users.join(ids, on="user_id", how="left", maintain_order="left")
    return users.with_columns(pl.col(name).fill_null([]) for name, _, _ in lists)
