"""Records live interactions; the next recommendation uses them without a retraining."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from isthmus.errors import InputError, NotFound
from isthmus.graph.ingest import (
    ACCOUNTS,
    REJECTED,
    find_items,
    find_near_item,
    item_key,
    known_owners,
    replace_accounts,
    resolve_items,
    scale_popularity,
    to_milliseconds,
)
from isthmus.graph.interests import MAX_INTERESTS_PER_USER, WEIGHT_DECIMALS
from isthmus.graph.sources import read_events
from isthmus.output import json_text

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row
    from isthmus.settings import Settings


@dataclass(frozen=True)
class RecordedEvents:
    """The result of recording events.

    Attributes:
        changed: Number of events that changed the graph; the others were recorded before.
        rejected: Events whose item does not exist, schema `REJECTED`.
    """

    changed: int
    rejected: pl.DataFrame


def record_interaction(
    graph: Graph,
    user: str,
    domain: str,
    item_id: str,
    settings: Settings,
    weight: float = 1.0,
    event_id: str | None = None,
) -> dict[str, Any]:
    """Records an interaction that happened just now; creates the user if necessary.

    Args:
        graph: The graph to write to.
        user: Id of the user.
        domain: Domain of the item.
        item_id: Id of the item.
        settings: `half_life_days`.
        weight: Strength of the like, or below 0 of the dislike.
        event_id: Idempotency key: events with the same id count once.

    Returns:
        The document of `feedback --json`; `recorded` is false if the event was recorded before.

    Raises:
        NotFound: The item does not exist.
        InputError: A value is invalid.
    """
    if not math.isfinite(weight):  # JSON has no such number
        raise InputError(f"The weight is not a finite number: {weight}.", "Correct the value.")
    interaction = {"domain": domain, "item_id": item_id, "weight": weight}
    line = json_text(interaction | {"user_id": user, "event_id": event_id})
    events = read_events([line.encode()])
    if not events.rejected.is_empty():
        rejected = events.rejected.row(0, named=True)
        raise InputError(f"The {rejected['column']} {rejected['reason']}.", "Correct the value.")
    recorded = record_events(graph, events.frame, settings)
    if not recorded.rejected.is_empty():
        near = find_near_item(graph, domain, item_id)
        meant = f" Did you mean {near!r}?" if near else ""
        raise NotFound(
            f"No item {item_id!r} in {domain!r}: {recorded.rejected['reason'][0]}.{meant}",
            "Correct the item or the domain, or load the item with `isthmus ingest`.",
        )
    return {"user": user} | interaction | {"recorded": recorded.changed == 1}


def record_events(graph: Graph, events: pl.DataFrame, settings: Settings) -> RecordedEvents:
    """Writes events in order, in one transaction, which the driver retries.

    If an item has more than twice the likes by which popularity was scaled, it is scaled again.

    Args:
        graph: The graph to write to.
        events: Schema of `EVENTS`; an event without a timestamp happened just now.
        settings: `half_life_days`.
    """
    rejected = pl.DataFrame(schema=REJECTED)
    if events["domain"].has_nulls():
        events, rejected = resolve_items(events, find_items(graph, events["item_id"]))
    if events.is_empty():
        return RecordedEvents(0, rejected)
    owners = known_owners(graph, events, pl.DataFrame(schema=ACCOUNTS.schema))
    result = graph.write(
        "feedback/record",
        rows=_rows(replace_accounts(events, owners)),
        half_life_days=settings.half_life_days,
        most=MAX_INTERESTS_PER_USER,
        decimals=WEIGHT_DECIMALS,
    )[0]
    if result["outgrown"]:
        scale_popularity(graph)
    key = item_key(pl.col("domain"), pl.col("item_id"))
    missed = events.filter(~key.is_in(result["items"]))
    if missed.is_empty():
        return RecordedEvents(result["recorded"], rejected)
    # Items may have been loaded meanwhile: record those events now, and reject the rest.
    loaded, unknown = resolve_items(missed, find_items(graph, missed["item_id"]))
    later = record_events(graph, loaded, settings)
    rejected = pl.concat([rejected, unknown, later.rejected])
    return RecordedEvents(result["recorded"] + later.changed, rejected)


def expire_event_ids(graph: Graph, days: float) -> None:
    """Deletes event ids older than this number of days, in small transactions."""
    graph.write_in_transactions("feedback/forget_events", days=days)


def _rows(events: pl.DataFrame) -> list[Row]:
    """Returns events as parameters of the statement; hashes the ids, which may be personal data."""
    hashes = [
        None if event_id is None else hashlib.sha256(event_id.encode()).hexdigest()
        for event_id in events["event_id"]
    ]
    return events.select(
        pl.Series("event", hashes, dtype=pl.String),
        "user_id",
        item_key(pl.col("domain"), pl.col("item_id")).alias("key"),
        "weight",
        "kind",
        "platform",
        "account",
        to_milliseconds(pl.col("timestamp")).alias("at"),
        pl.lit(time.time_ns() // 1_000_000).alias("now"),
    ).to_dicts()
