"""What is known of a user and an item without one of the events that were recorded."""

from __future__ import annotations

from typing import Any

import pytest

from isthmus.graph.events.undo import _after, without

TIMES = [10, 30, 20, 40, 5]


def chain(times: list[int], first: dict[str, Any] | None = None) -> tuple[list[Any], Any]:
    """Events in the order in which they come, each with what it finds, and what is known then."""
    state, events = first, []
    for k, at in enumerate(times):
        event = {"id": f"e{k}", "weight": float(at), "kind": f"k{at}", "at": at, "found": state}
        event |= {"platform": f"p{at}", "account": f"a{at}"}
        events.append(event)
        state = _after(state, event)
    return events, state


LOADED = {"weight": -1.0, "kind": None, "platform": "web", "account": None, "count": 3}
LOADED |= {"first_at": 1, "last_at": 15}


@pytest.mark.parametrize("first", [None, LOADED])
@pytest.mark.parametrize("taken", range(len(TIMES)))
def test_it_is_what_the_other_events_would_have_made(
    taken: int, first: dict[str, Any] | None
) -> None:
    events, now = chain(TIMES, first)
    state, corrected = without(events[taken], events[taken + 1 :], now)
    others, expected = chain(TIMES[:taken] + TIMES[taken + 1 :], first)
    assert state == expected
    assert corrected == [event["found"] for event in others[taken:]]


def test_nothing_is_known_without_the_only_event() -> None:
    events, now = chain([10])
    assert without(events[0], [], now) == (None, [])


def test_a_table_that_was_loaded_meanwhile_keeps_its_word() -> None:
    events, now = chain([10])
    loaded = now | {"count": 2, "weight": -1.0, "kind": "rating", "last_at": 50}
    state, _ = without(events[0], [], loaded)
    assert state == {
        "weight": -1.0,
        "kind": "rating",
        "platform": "p10",
        "account": "a10",
        "count": 1,
        "first_at": 50,
        "last_at": 50,
    }
