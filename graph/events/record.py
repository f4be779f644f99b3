"""Interactions as they happen: the next answer knows of each, without retraining."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import resolve_items
from isthmus.graph.ingest.load import scale_popularity
from isthmus.graph.ingest.rows import by_person, item_key, items_called, known_owners, milliseconds
from isthmus.graph.ingest.schema import ACCOUNTS, REJECTED
from isthmus.graph.interests.derivation import DECIMALS, INTERESTS_A_USER
from isthmus.graph.sources.events import read_events

if TYPE_CHECKING:
    from isthmus.graph.database.connection import Graph, Row
    from isthmus.settings import Settings


@dataclass(frozen=True)
class Recorded:
    """What became of events.

    Attributes:
        changed: How many changed the graph; the others were known already.
        rejected: Those whose item is not known, schema `REJECTED`.
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
    """Records what somebody just did; a user who is not known yet becomes one.

    Args:
        graph: Where to.
        user: Who.
        domain: The domain of the item.
        item_id: What it was about.
        settings: `half_life_days`.
        weight: How much it was liked, below 0 where it was disliked.
        event_id: Whatever comes again with the same id counts once.

    Returns:
        The document of `feedback --json`; `recorded` is false where the event was known.

    Raises:
        InputError: There is no such item, or a value is none that a table could hold.
    """
    said = {"domain": domain, "item_id": item_id, "weight": weight}
    line = json.dumps(said | {"user_id": user, "event_id": event_id})
    checked = read_events([line.encode()])
    if not checked.rejected.is_empty():
        wrong = checked.rejected.row(0, named=True)
        raise InputError(f"The {wrong['column']} {wrong['reason']}.", "Correct it.")
    recorded = record_events(graph, checked.frame, settings)
    if not recorded.rejected.is_empty():
        raise InputError(
            f"No item {item_id!r} in {domain!r}: {recorded.rejected['reason'][0]}.",
            "Correct the name, or load the item with `isthmus ingest`.",
        )
    return {"user": user} | said | {"recorded": recorded.changed == 1}


def record_events(graph: Graph, events: pl.DataFrame, settings: Settings) -> Recorded:
    """Writes events in their order, all of them in one transaction, retried as the driver does.

    Popularity of an item that was outgrown is put between 0 and 1 again after it.

    Args:
        graph: Where to.
        events: Schema of `EVENTS`. One without a timestamp happened just now.
        settings: `half_life_days`.
    """
    unknown = pl.DataFrame(schema=REJECTED)
    if events["domain"].has_nulls():
        events, unknown = resolve_items(events, items_called(graph, events["item_id"]))
    if events.is_empty():
        return Recorded(0, unknown)
    owners = known_owners(graph, events, pl.DataFrame(schema=ACCOUNTS.schema))
    written = graph.write(
        "feedback/record",
        rows=_rows(by_person(events, owners)),
        half_life_days=settings.half_life_days,
        most=INTERESTS_A_USER,
        decimals=DECIMALS,
    )[0]
    if written["outgrown"]:
        scale_popularity(graph)
    key = item_key(pl.col("domain"), pl.col("item_id"))
    missed = events.filter(~key.is_in(written["items"]))
    if missed.is_empty():
        return Recorded(written["recorded"], unknown)
    # What was loaded since is recorded now; of the rest it is said why not.
    found, missing = resolve_items(missed, items_called(graph, missed["item_id"]))
    later = record_events(graph, found, settings)
    rejected = pl.concat([unknown, missing, later.rejected])
    return Recorded(written["recorded"] + later.changed, rejected)


def forget_events(graph: Graph, days: float) -> None:
    """Forgets event ids older than some days, in small transactions."""
    graph.write_in_transactions("feedback/forget_events", days=days)


def _rows(events: pl.DataFrame) -> list[Row]:
    """Events as the statement takes them; an id may name a person, so that its hash is kept."""
    hashes = [
        None if name is None else hashlib.sha256(name.encode()).hexdigest()
        for name in events["event_id"]
    ]
    return events.select(
        pl.Series("event", hashes, dtype=pl.String),
        "user_id",
        item_key(pl.col("domain"), pl.col("item_id")).alias("key"),
        "weight",
        "kind",
        milliseconds(pl.col("timestamp")).alias("at"),
        pl.lit(time.time_ns() // 1_000_000).alias("now"),
    ).to_dicts()
