"""Takes an event back: the graph becomes what it would be had the event never been recorded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError
from isthmus.graph.ingest import scale_popularity
from isthmus.graph.interests import active_version_number, derivation_parameters

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row, Write
    from isthmus.settings import Settings

State = dict[str, Any]
"""What is known of a user and an item: `NEWEST`, `count`, `first_at`."""
NEWEST = ("weight", "kind", "platform", "account", "last_at")
"""What the newest event says."""


def undo_event(graph: Graph, event_id: str, settings: Settings) -> dict[str, Any]:
    """Takes back an interaction or a text that was recorded with an id.

    Likes and popularity of the item, the interests of the user and what later events of the same
    user and item found are corrected in one transaction. The id stays known, so that a sender that
    repeats the event does not record it again.

    Args:
        graph: The graph to write to.
        event_id: Idempotency key with which the event was recorded.
        settings: `half_life_days`.

    Returns:
        The document of `feedback --undo --json`: `event_id`, `user` and `item` (its key, or null of
        a text) and `undone`, which is false if the event was taken back before.

    Raises:
        InputError: The event is not known, or what it changed is not.
    """
    key = hashlib.sha256(event_id.encode()).hexdigest()
    version = active_version_number(graph)

    def undo(write: Write) -> tuple[Row, bool]:
        found = write("feedback/find_event", event=key)
        if not found:
            raise InputError(
                f"There is no event {event_id!r}.",
                f"Correct the id; ids are kept for {settings.event_days:g} days, the setting "
                "event_days.",
            )
        row = found[0]
        if row["undone"]:
            return row, False
        if row["user"] is None or (row["text"] is None and row["now"] is None):
            raise InputError(
                f"What the event {event_id!r} changed is not known: an earlier version recorded "
                "it, or its user or item is not in the graph any more.",
                "Record what is right instead, with isthmus feedback or by loading its table.",
            )
        if row["text"] is not None:
            write("feedback/undo_text", event=key)
            shrunk = False
        else:
            state, corrected = without(row["event"], row["later"], row["now"])
            changes = [
                {"id": o["id"], "found": f} for o, f in zip(row["later"], corrected, strict=True)
            ]
            shrunk = write(
                "feedback/undo",
                event=key,
                state=state,
                found=changes,
                half_life_days=settings.half_life_days,
            )[0]["shrunk"]
        if version is not None:
            parameters = derivation_parameters([row["user"]], settings.half_life_days, version)
            write("interests/derive_user_interests", **parameters)
        return row, shrunk

    row, shrunk = graph.write_together(undo)
    if shrunk:
        scale_popularity(graph)
    return {
        "event_id": event_id,
        "user": row["user"],
        "item": row["item"],
        "undone": not row["undone"],
    }


def without(
    event: State, later: list[State], now: State
) -> tuple[State | None, list[State | None]]:
    """Returns what would be known without an event, and what each later event would have found.

    Args:
        event: The event: `weight`, `kind`, `at`, and `found`, what was known when it came.
        later: The later events of the same user and item, in the order in which they came.
        now: What is known now.
    """
    state: State | None = event["found"]
    known = _after(event["found"], event)
    corrected = []
    for other in later:
        state = _between(state, known, other["found"], event)
        corrected.append(state)
        known = _after(other["found"], other)
        state = _after(state, other)
    return _between(state, known, now, event), corrected


def _after(state: State | None, event: State) -> State:
    """Returns what is known after an event: the newest gives weight and kind."""
    own = {name: event["at" if name == "last_at" else name] for name in NEWEST}
    if state is None:
        return own | {"count": 1, "first_at": event["at"]}
    is_newest = state["last_at"] is None or event["at"] >= state["last_at"]
    first = state["first_at"]
    return (
        state
        | (own if is_newest else {})
        | {
            "count": state["count"] + 1,
            "first_at": first if first is not None and first < event["at"] else event["at"],
        }
    )


def _between(
    state: State | None, before: State, after: State | None, removed: State
) -> State | None:
    """Applies to a state what changed between two events: a load, or an event without an id.

    Args:
        state: What would be known without the removed event.
        before: What was known after the one event, with it.
        after: What the next event found, with it.
        removed: The event that is taken back.
    """
    if after is None:
        return None
    more = max(0, after["count"] - before["count"])
    count = (0 if state is None else state["count"]) + more
    if count <= 0:
        return None
    changed = after["last_at"] != before["last_at"] or (
        after["weight"] != before["weight"] and before["last_at"] != removed["at"]
    )
    if state is None:
        first = after["first_at"] if after["first_at"] != removed["at"] else after["last_at"]
        return after | {"count": count, "first_at": first}
    if not changed:
        return state | {"count": count}
    newest = {name: after[name] for name in NEWEST}
    first = state["first_at"] if state["first_at"] is not None else after["first_at"]
    return state | newest | {"count": count, "first_at": first}
