"""`isthmus feedback`: record one interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("user")
@click.argument("domain")
@click.argument("item")
@click.option("--dislike", is_flag=True, help="Record a dislike: the weight becomes negative.")
@click.option(
    "--weight",
    type=float,
    default=1.0,
    show_default=True,
    help="Strength; negative: a dislike.",
)
@click.option("--event-id", help="Idempotency key: the same id counts once.")
@with_settings
def command(
    settings: Settings,
    user: str,
    domain: str,
    item: str,
    dislike: bool,
    weight: float,
    event_id: str | None,
) -> Output:
    """Record that USER liked ITEM of DOMAIN just now; it counts in the next recommendation.

    An unknown USER is created; ITEM must exist. For a stream of events, use `isthmus ingest
    --follow`.

    \b
    Examples:
      isthmus feedback ana films f0012
      isthmus feedback ana films f0007 --dislike --event-id 2f1c-77
    """
    from isthmus.graph.database import connect
    from isthmus.graph.events import record_interaction

    weight = -abs(weight) if dislike else weight
    with connect(settings) as graph:
        done = record_interaction(graph, user, domain, item, settings, weight, event_id)
    text = f"{user}, {item} in {domain}: weight {weight:g}"
    if not done["recorded"]:
        text = f"The event {event_id} was recorded before; nothing changed."
    return Output(done, text)
