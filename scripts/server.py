"""`isthmus server`: the Neo4j of our own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.errors import NothingToDo
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.graph.server.record import ServerRecord
    from isthmus.settings import Settings


@click.group("server")
def command() -> None:
    """Start, stop and find the Neo4j that isthmus runs for itself.

    \b
    Example:
      isthmus server start
      isthmus server status --json
    """


@command.command("start")
@with_settings
def start(settings: Settings) -> Output:
    """Start Neo4j, or find the one that runs; the first time it is downloaded.

    \b
    Example:
      isthmus server start
    """
    from isthmus.graph.server import lifecycle as server

    if settings.neo4j_uri:
        raise NothingToDo(
            f"NEO4J_URI is set: isthmus uses the Neo4j at {settings.neo4j_uri} "
            "and starts none of its own.",
            "Unset NEO4J_URI to have one started.",
        )
    record = server.start(settings)
    return Output({"running": True, **asdict(record)}, _describe(record))


@command.command("stop")
@with_settings
def stop(settings: Settings) -> Output:
    """Stop the Neo4j of this home.

    \b
    Example:
      isthmus server stop
    """
    from isthmus.graph.server import lifecycle as server

    if not server.stop(settings):
        raise NothingToDo(f"No Neo4j of the home {settings.home} is running.")
    return Output({"running": False}, "Neo4j is stopped.")


@command.command("status")
@with_settings
def status(settings: Settings) -> Output:
    """Say whether the Neo4j of this home runs, and where.

    \b
    Example:
      isthmus server status --json
    """
    from isthmus.graph.server import lifecycle as server

    record = server.find(settings)
    if record is None:
        nothing = dict.fromkeys(("uri", "username", "password_file", "pid", "version"))
        return Output(
            {"running": False, **nothing, "home": settings.home},
            f"No Neo4j of the home {settings.home} is running. `isthmus server start` starts it.",
        )
    return Output({"running": True, **asdict(record)}, _describe(record))


@command.command("lock", hidden=True)
@with_settings
def lock(settings: Settings) -> Output:
    """Write graph/neo4j.lock anew: resolve Neo4j through jgo, hash every jar (maintainers).

    \b
    Example:
      isthmus server lock
    """
    from isthmus.graph.server import jars

    count = jars.write_lock()
    return Output({"file": jars.LOCK_FILE, "jars": count}, f"{jars.LOCK_FILE}: {count} jars")


def _describe(record: ServerRecord) -> str:
    return (
        f"Neo4j {record.version} runs at {record.uri} (process {record.pid}).\n"
        f"User {record.username}, password in {record.password_file}"
    )
