"""`isthmus server`: the Neo4j server that isthmus runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.errors import NothingToDo
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.graph.server import ServerRecord
    from isthmus.settings import Settings


@click.group("server")
def command() -> None:
    """Start, stop and inspect the Neo4j server that isthmus runs.

    \b
    Example:
      isthmus server start
      isthmus server status --json
    """


@command.command("start")
@with_settings
def start(settings: Settings) -> Output:
    """Start Neo4j unless it runs already; the first start downloads it (180 MB).

    \b
    Example:
      isthmus server start
    """
    from isthmus.graph import server

    if settings.neo4j_uri:
        raise NothingToDo(
            f"NEO4J_URI is set: isthmus uses the server at {settings.neo4j_uri} and starts none.",
            "Unset NEO4J_URI to start a server.",
        )
    record = server.start(settings)
    return Output({"running": True, **asdict(record)}, _describe(record))


@command.command("stop")
@with_settings
def stop(settings: Settings) -> Output:
    """Stop the Neo4j server of this home.

    \b
    Example:
      isthmus server stop
    """
    from isthmus.graph import server

    if not server.stop(settings):
        raise NothingToDo(f"No Neo4j of the home {settings.home} is running.")
    return Output({"running": False}, "Neo4j is stopped.")


@command.command("status")
@with_settings
def status(settings: Settings) -> Output:
    """Show whether the Neo4j server of this home runs, and its address.

    \b
    Example:
      isthmus server status --json
    """
    from isthmus.graph import server

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
    """Rewrite graph/server/neo4j.lock: resolve Neo4j by jgo, hash every jar (for maintainers).

    \b
    Example:
      isthmus server lock
    """
    from isthmus.graph import server

    count = server.write_lock()
    return Output({"file": server.LOCK_FILE, "jars": count}, f"{server.LOCK_FILE}: {count} jars")


def _describe(record: ServerRecord) -> str:
    return (
        f"Neo4j {record.version} runs at {record.uri} (process {record.pid}).\n"
        f"User {record.username}, password in {record.password_file}"
    )
