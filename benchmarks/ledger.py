"""What a graph must hold by what was acknowledged, written down outside of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from isthmus.graph.database.connection import Graph
from isthmus.graph.generations.publish import RETIRED_TO_KEEP, generations
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.embeddings import pages
from isthmus.graph.interests.encoder_versions import number_of_answering
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
ROUNDING = 1e-6
SHOWN = 3


class Violation(Exception):
    """The graph is not what it promises to be; a sentence."""


class Event(NamedTuple):
    """Something that a user did, as it is sent.

    Attributes:
        user: Who.
        item: Key of the item, `domain:item_id`.
        event_id: What it is known by when it comes again, or None in a table.
    """

    user: str
    item: str
    event_id: str | None = None


@dataclass
class Ledger:
    """Counts of events by user and item.

    Attributes:
        sure: Acknowledged ones: the graph holds each.
        unsure: Ones that were sent and not acknowledged: the graph holds some or none.
        ids: Event ids of the sure ones.
    """

    sure: Counter[tuple[str, str]] = field(default_factory=Counter)
    unsure: Counter[tuple[str, str]] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)

    def send(self, events: Iterable[Event]) -> None:
        """Notes events before they are sent."""
        self.unsure.update((event.user, event.item) for event in events)

    def acknowledge(self, events: Iterable[Event]) -> None:
        """Notes that events which were sent are safe; each once, however often it was sent."""
        for event in events:
            self.unsure[event[:2]] -= 1
            self.sure[event[:2]] += 1
            if event.event_id is not None:
                self.ids.add(event.event_id)

    def check(self, graph: Graph) -> None:
        """Compares with the graph.

        Raises:
            Violation: It lacks what is sure, or holds what was never sent, or holds it twice.
        """
        held = Counter(
            {(row["user"], row["item"]): row["count"] for row in graph.run(INTERACTED, {})}
        )
        lost = +(self.sure - held)
        over = +(held - (self.sure + self.unsure))
        for counts, says in ((lost, "are lost"), (over, "were never sent, or count twice")):
            if counts:
                raise Violation(f"{counts.total()} interactions {says}: {_some(counts)}.")
        known = {row["id"] for row in graph.run(EVENTS, {})}
        if gone := {name for name in self.ids if _hashed(name) not in known}:
            raise Violation(f"{len(gone)} acknowledged event ids are forgotten: {_some(gone)}.")

    def found(self, graph: Graph, events: Iterable[Event]) -> int:
        """How many of these unsure events the graph holds, whose pairs no other event has."""
        held = {(row["user"], row["item"]): row["count"] for row in graph.run(INTERACTED, {})}
        sent = Counter(event[:2] for event in events)
        return sum(
            min(count, held.get(pair, 0) - self.sure[pair])
            for pair, count in sent.items()
            if pair in held
        )


def check_likes(graph: Graph, settings: Settings, scaled: bool) -> None:
    """Compares the likes of every item with a recount of its interactions.

    Args:
        graph: The graph.
        settings: `half_life_days`.
        scaled: Compare `popularity` with the likes as well.

    Raises:
        Violation: They differ by more than rounding.
    """
    rows = graph.run(LIKES, {"half_life_days": settings.half_life_days})
    for one, other, wanted in (("likes", "counted", True), ("popularity", "scaled", scaled)):
        off = {
            row["item"]: (row[one], row[other])
            for row in rows
            if row[one] is not None and abs(row[one] - row[other]) > ROUNDING * (1 + row[other])
        }
        if wanted and off:
            raise Violation(
                f"The {one} of {len(off)} items are not what a recount makes them: {_some(off)}."
            )


def check_generations(graph: Graph, before: int, cleared: bool) -> int:
    """Looks for anything half done: one whole generation answers, with the vectors of its encoder.

    Args:
        graph: The graph, which was trained before.
        before: Number of the generation that answered last.
        cleared: A retraining has just ended: nothing is left of those before it that were killed.

    Returns:
        Number of the generation that answers.

    Raises:
        Violation: A generation is half active, half written or left behind.
    """
    found, version = generations(graph), number_of_answering(graph)
    encoders = {row["number"]: row["encoder"] for row in graph.run(GENERATIONS, {})}
    edges = {row["number"]: row["edges"] for row in graph.run(EDGES, {})}
    active = [row["number"] for row in found if row["state"] == "active"]
    if len(active) != 1 or active[0] < before:
        raise Violation(f"The generations {active} answer, and before it was {before}.")
    if encoders[active[0]] != version:
        raise Violation(f"Generation {active[0]} answers with vectors of version {version}.")
    for row in found:
        held = edges.pop(row["number"], 0)
        if row["state"] in ("active", "retired") and held != row["edges"]:
            raise Violation(f"Generation {row['number']} has {held} of {row['edges']} edges.")
    if edges:
        raise Violation(f"Edges of generations that do not exist: {edges}.")
    left = graph.read("admin/leftovers")[0]
    retired = [row["number"] for row in found if row["state"] == "retired"]
    if cleared and (left["generations"] or left["encoders"] or len(retired) > RETIRED_TO_KEEP):
        raise Violation(f"Left behind by a retraining: {left}; kept: {retired}.")
    return active[0]


def unencoded(graph: Graph) -> int:
    """Items and texts without a vector of the version that answers."""
    version = number_of_answering(graph)
    return sum(
        len(page)
        for node in ("items", "texts")
        for page in pages(graph, f"encode/{node}_without_embedding", version=version)
    )


def check_interests(graph: Graph, settings: Settings) -> None:
    """Compares what users are interested in with what is then computed anew.

    Users of tables that came after the last computation have no interests before it.

    Raises:
        Violation: They differ by more than rounding.
    """
    version = number_of_answering(graph)
    before = _interests(graph, version)
    derive_user_interests(graph, settings.half_life_days, version)
    after = _interests(graph, version)
    known = {user for user, _ in before}
    off = {
        pair: (before.get(pair), after.get(pair))
        for pair in before.keys() | after.keys()
        if pair[0] in known and abs(before.get(pair, 0.0) - after.get(pair, 0.0)) > ROUNDING
    }
    if off:
        raise Violation(f"{len(off)} interests are not what is computed anew: {_some(off)}.")


def _interests(graph: Graph, version: int | None) -> dict[tuple[str, str], float]:
    rows = graph.run(INTERESTED, {"version": version})
    return {(row["user"], row["interest"]): row["weight"] for row in rows}


def _some(found: Iterable[object]) -> str:
    listed = list(found.items() if isinstance(found, dict) else found)
    return ", ".join(map(str, listed[:SHOWN])) + (" …" if len(listed) > SHOWN else "")


def _hashed(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).hexdigest()
