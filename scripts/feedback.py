"""`isthmus feedback`: record one interaction or one text, or take one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.output import escape_controls
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.graph.database import Graph
    from isthmus.settings import Settings


@click.command()
@click.argument("user", required=False, metavar="USER")
@click.argument("domain", required=False)
@click.argument("item", required=False)
@click.option("--text", help="Record a text of USER instead; give no DOMAIN and ITEM.")
@click.option("--dislike", is_flag=True, help="Record a dislike: the weight becomes negative.")
@click.option(
    "--weight", type=float, help="Strength; negative: a dislike.  [default: 1.0]", metavar="FLOAT"
)
@click.option("--event-id", help="Idempotency key: the same id counts once.")
@click.option("--undo", metavar="EVENT_ID", help="Take back the event with this id instead.")
@with_settings
def command(
    settings: Settings,
    user: str | None,
    domain: str | None,
    item: str | None,
    text: str | None,
    dislike: bool,
    weight: float | None,
    event_id: str | None,
    undo: str | None,
) -> Output:
    """Record that USER liked ITEM of DOMAIN just now, or wrote a text.

    It counts in the next recommendation. An unknown USER is created; ITEM must exist. For a stream
    of events, use `isthmus ingest --follow`.

    --undo takes back an interaction or a text that had an event id, of a stream, too: likes,
    popularity and interests become what they would be without it.

    \b
    Examples:
      isthmus feedback ana films f0012
      isthmus feedback ana films f0007 --dislike --event-id 2f1c-77
      isthmus feedback ana --text "I like historical novels."
      isthmus feedback --undo 2f1c-77
    """
    if undo is not None:
        others = (user, domain, item, text, weight, event_id)
        if dislike or any(value is not None for value in others):
            raise click.UsageError("With --undo, give nothing but the id of the event.")
        return _undo(settings, undo)
    if user is None:
        raise click.UsageError("Give USER, or --undo EVENT_ID.")
    if text is not None and (domain is not None or dislike or weight is not None):
        raise click.UsageError("With --text, give USER only: no DOMAIN, ITEM, --dislike, --weight.")
    if text is None and (domain is None or item is None):
        raise click.UsageError("Give DOMAIN and ITEM, or --text.")
    from isthmus.graph.database import connect

    with connect(settings) as graph:
        if text is not None:
            return _record_text(graph, user, text, settings, event_id)
        weight = 1.0 if weight is None else weight
        weight = -abs(weight) if dislike else weight
        return _record_interaction(graph, user, str(domain), str(item), settings, weight, event_id)


def _undo(settings: Settings, event_id: str) -> Output:
    from isthmus.graph.database import connect
    from isthmus.graph.events import undo_event

    with connect(settings) as graph:
        done = undo_event(graph, event_id, settings)
    if not done["undone"]:
        return Output(done, f"The event {event_id} was taken back before; nothing changed.")
    what = "a text" if done["item"] is None else escape_controls(done["item"])
    return Output(done, f"Taken back: {what} of {escape_controls(done['user'])}")


def _record_text(
    graph: Graph, user: str, text: str, settings: Settings, event_id: str | None
) -> Output:
    from isthmus.graph.events import record_text
    from isthmus.graph.interests import active_encoder

    done = record_text(graph, active_encoder(graph, settings), user, text, settings, event_id)
    if not done["recorded"]:
        return Output(done, _recorded_before(event_id))
    said = [
        f"{'wants' if row['wanted'] > 0 else 'rejects'} {row['name']} ({abs(row['wanted']):.2f})"
        for row in done["interests"]
    ]
    return Output(done, f"{user} {', '.join(said) or 'wrote about nothing in the catalogue'}")


def _record_interaction(
    graph: Graph,
    user: str,
    domain: str,
    item: str,
    settings: Settings,
    weight: float,
    event_id: str | None,
) -> Output:
    from isthmus.graph.events import record_interaction

    done = record_interaction(graph, user, domain, item, settings, weight, event_id)
    text = escape_controls(f"{user}, {item} in {domain}: weight {weight:g}")
    return Output(done, text if done["recorded"] else _recorded_before(event_id))


def _recorded_before(event_id: str | None) -> str:
    return f"The event {event_id} was recorded before, or taken back; nothing changed."
