"""Checks a graph against a ledger of the acknowledged writes, and its derived values."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from isthmus.graph.database import Graph
from isthmus.graph.generations.publish import RETIRED_TO_KEEP, list_generations
from isthmus.graph.interests import active_version_number, derive_user_interests, read_pages
from isthmus.settings import Settings

INTERACTED = (
    "MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.id AS user, i.key AS item, r.count AS count"
)
EVENTS = "MATCH (e:Event) RETURN e.id AS id"
LIKES = """
MATCH (i:Item)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (i)<-[r:INTERACTED]-() WHERE r.weight > 0
WITH i, d, sum(CASE
  WHEN r IS NULL THEN 0.0
  WHEN r.last_at IS NULL OR d.newest_at IS NULL OR r.last_at > d.newest_at THEN 1.0
  ELSE 0.5 ^ ((d.newest_at.epochSeconds - r.last_at.epochSeconds) / 86400.0 / $half_life_days)
END) AS counted
RETURN i.key AS item, i.likes AS likes, counted, i.popularity AS popularity,
  CASE WHEN d.most_likes > 0 THEN log(1 + i.likes) / log(1 + d.most_likes)
       WHEN i.likes > 0 THEN 1.0 ELSE 0.0 END AS scaled
"""
GENERATIONS = "MATCH (g:Generation) RETURN g.number AS number, g.encoder_version AS encoder"
EDGES = "MATCH ()-[e:TRANSFERS_TO|CO_LIKED]->() RETURN e.generation AS number, count(*) AS edges"
INTERESTED = (
    "MATCH (u:User)-[s:INTERESTED_IN]->(n:Interest {version: $version}) "
    "RETURN u.id AS user, n.id AS interest, s.weight AS weight"
)
TOLERANCE = 1e-6
MAX_EXAMPLES = 3


class Violation(Exception):
    """A violated guarantee, with a description."""


class Event(NamedTuple):
    """An interaction that is sent.

    Attributes:
        user: Id of the user.
        item: Key of the item, `domain:item_id`.
        event_id: Idempotency key, or None for a row of a table.
    """

    user: str
    item: str
    event_id: str | None = None


@dataclass
class Ledger:
    """Counts of events by user and item.

    Attributes:
        sure: Acknowledged events, all of which must be in the graph.
        unsure: Events that were sent and not acknowledged, which may be in the graph.
        ids: Event ids of the acknowledged events.
    """

    sure: Counter[tuple[str, str]] = field(default_factory=Counter)
    unsure: Counter[tuple[str, str]] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)

    def send(self, events: Iterable[Event]) -> None:
        """Adds events before they are sent."""
        self.unsure.update((event.user, event.item) for event in events)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Marks events as acknowledged; call it once per event, even if it was sent twice."""
        for event in events:
            self.unsure[event[:2]] -= 1
            self.sure[event[:2]] += 1
            if event.event_id is not None:
                self.ids.add(event.event_id)

    def check(self, graph: Graph) -> None:
        """Compares the ledger with the graph.

        Raises:
            Violation: The graph lacks an acknowledged event, has an event that was never sent, or
                counts an event twice.
        """
        stored = Counter(
            {(row["user"], row["item"]): row["count"] for row in graph.run(INTERACTED, {})}
        )
        lost = +(self.sure - stored)
        surplus = +(stored - (self.sure + self.unsure))
        for counts, problem in ((lost, "are lost"), (surplus, "were never sent, or count twice")):
            if counts:
                raise Violation(f"{counts.total()} interactions {problem}: {_examples(counts)}.")
        stored_ids = {row["id"] for row in graph.run(EVENTS, {})}
        if lost_ids := {name for name in self.ids if _hash(name) not in stored_ids}:
            raise Violation(
                f"{len(lost_ids)} acknowledged event ids are lost: {_examples(lost_ids)}."
            )

    def count_stored(self, graph: Graph, events: Iterable[Event]) -> int:
        """Counts how many of these unacknowledged events are in the graph.

        No other unacknowledged event may have the same user and item.
        """
        stored = {(row["user"], row["item"]): row["count"] for row in graph.run(INTERACTED, {})}
        sent = Counter(event[:2] for event in events)
        return sum(
            min(count, stored.get(pair, 0) - self.sure[pair])
            for pair, count in sent.items()
            if pair in stored
        )


def check_likes(graph: Graph, settings: Settings, scaled: bool) -> None:
    """Compares the likes of every item with a recount of its interactions.

    Args:
        graph: The graph.
        settings: `half_life_days`.
        scaled: Compare `popularity` with the likes too.

    Raises:
        Violation: They differ by more than the tolerance.
    """
    rows = graph.run(LIKES, {"half_life_days": settings.half_life_days})
    for name, expected, is_checked in (
        ("likes", "counted", True),
        ("popularity", "scaled", scaled),
    ):
        different = {
            row["item"]: (row[name], row[expected])
            for row in rows
            if row[name] is not None
            and abs(row[name] - row[expected]) > TOLERANCE * (1 + row[expected])
        }
        if is_checked and different:
            raise Violation(
                f"The {name} of {len(different)} items differ from a recount: "
                f"{_examples(different)}."
            )


def check_generations(graph: Graph, before: int, cleared: bool) -> int:
    """Checks that one complete generation is active, with the vectors of its encoder version.

    Args:
        graph: The graph, which has been trained.
        before: Number of the generation that was active at the last check.
        cleared: A retraining has just ended, so the remains of earlier ones must be deleted.

    Returns:
        Number of the active generation.

    Raises:
        Violation: No or several generations are active, or one is incomplete or not deleted.
    """
    generations, version = list_generations(graph), active_version_number(graph)
    encoders = {row["number"]: row["encoder"] for row in graph.run(GENERATIONS, {})}
    edges = {row["number"]: row["edges"] for row in graph.run(EDGES, {})}
    active = [row["number"] for row in generations if row["state"] == "active"]
    if len(active) != 1 or active[0] < before:
        raise Violation(f"The generations {active} are active, and before it was {before}.")
    if encoders[active[0]] != version:
        raise Violation(f"Generation {active[0]} is active with vectors of version {version}.")
    for row in generations:
        stored = edges.pop(row["number"], 0)
        if row["state"] in ("active", "retired") and stored != row["edges"]:
            raise Violation(f"Generation {row['number']} has {stored} of {row['edges']} edges.")
    if edges:
        raise Violation(f"Edges of generations that do not exist: {edges}.")
    leftovers = graph.read("admin/leftovers")[0]
    retired = [row["number"] for row in generations if row["state"] == "retired"]
    if cleared and (
        leftovers["generations"] or leftovers["encoders"] or len(retired) > RETIRED_TO_KEEP
    ):
        raise Violation(f"A retraining did not delete: {leftovers}; retired: {retired}.")
    return active[0]


def count_unencoded(graph: Graph) -> int:
    """Counts the items and texts without a vector of the active version."""
    version = active_version_number(graph)
    return sum(
        len(page)
        for node in ("items", "texts")
        for page in read_pages(graph, f"encode/{node}_without_embedding", version=version)
    )


def check_interests(graph: Graph, settings: Settings) -> None:
    """Derives the interests of users again and compares them with those stored before.

    Users without stored interests are not compared: they may be newer than the last derivation.

    Raises:
        Violation: They differ by more than the tolerance.
    """
    version = active_version_number(graph)
    before = _read_interests(graph, version)
    derive_user_interests(graph, settings.half_life_days, version)
    after = _read_interests(graph, version)
    users = {user for user, _ in before}
    different = {
        pair: (before.get(pair), after.get(pair))
        for pair in before.keys() | after.keys()
        if pair[0] in users and abs(before.get(pair, 0.0) - after.get(pair, 0.0)) > TOLERANCE
    }
    if different:
        raise Violation(
            f"{len(different)} interests differ from a new derivation: {_examples(different)}."
        )


def _read_interests(graph: Graph, version: int | None) -> dict[tuple[str, str], float]:
    rows = graph.run(INTERESTED, {"version": version})
    return {(row["user"], row["interest"]): row["weight"] for row in rows}


def _examples(values: Iterable[object]) -> str:
    examples = list(values.items() if isinstance(values, dict) else values)
    return ", ".join(map(str, examples[:MAX_EXAMPLES])) + (
        " …" if len(examples) > MAX_EXAMPLES else ""
    )


def _hash(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).hexdigest()
