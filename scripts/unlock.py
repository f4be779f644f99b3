"""`isthmus unlock`: free the retraining lock of a run that has ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--reason", required=True, help="Why, for those who ask later; kept in the graph.")
@with_settings
def command(settings: Settings, reason: str) -> Output:
    """Free the retraining lock of a run that has ended and cannot release it itself.

    The lock of a killed run is free by itself within lock_seconds, except if the server's clock was
    set back meanwhile. A run on this machine whose process is running keeps its lock. A run
    elsewhere that goes on after all promotes nothing. The exit code is 3 if nobody holds the lock.

    \b
    Example:
      isthmus unlock --reason "the clock went back an hour, the run was killed at 3:10"
    """
    from isthmus.graph.database import connect, end_hold

    with connect(settings) as graph:
        hold = end_hold(graph, reason)
    return Output(asdict(hold), f"Freed the lock of {hold.holder}, held since {hold.since}.")
