"""`isthmus server`: the Neo4j server that isthmus runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError, NothingToDo
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.graph.server import LogLines, ServerRecord, ServerStatus
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

    It listens to this machine only. The settings `server_web` (HTTP API, Neo4j Browser),
    `server_listen`, `server_port`, `server_certificate` and `server_key` change that; beyond this
    machine nothing is sent without TLS.

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
    """Show what the Neo4j server of this home is doing, and its address.

    Its state is `stopped`; `starting`; `answering`, with the time that a query took; or `not
    answering` though it runs, with the reason as far as it is known.

    \b
    Example:
      isthmus server status --json
    """
    from isthmus.graph import server

    found = server.read_status(settings)
    nothing = dict.fromkeys(
        ("uri", "username", "password_file", "pid", "version", "started", "web")
    )
    record = nothing if found.record is None else asdict(found.record)
    document = {"running": found.state != "stopped", **record, "home": settings.home} | {
        "state": found.state,
        "answering": found.state == "answering",
        "milliseconds": found.milliseconds,
        "reason": found.reason,
    }
    return Output(document, _describe_status(found, settings))


@command.command("logs")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Number of last lines.",
)
@click.option("--debug", is_flag=True, help="Show debug.log, which has more.")
@with_settings
def logs(settings: Settings, follow: bool, lines: int, debug: bool) -> Output | Iterator[Output]:
    """Show the log of the Neo4j server of this home.

    With --follow it goes on with the next log when the server starts again; --json then prints a
    document for each time that something was written.

    \b
    Examples:
      isthmus server logs
      isthmus server logs -f -n 20
      isthmus server logs --debug -n 1000 > debug.log
    """
    from isthmus.graph import server

    if not follow:
        return _log_output(server.read_log(settings, lines, debug))
    return map(_log_output, server.follow_log(settings, lines, debug))


@command.group("password")
def password() -> None:
    """Change the password of the Neo4j server of this home.

    \b
    Example:
      isthmus server password rotate
    """


@password.command("rotate")
@with_settings
def rotate(settings: Settings) -> Output:
    """Give the Neo4j server of this home a new random password, and write it to its file.

    The server is started if it does not run. Open connections go on; the old password opens none
    any more. If the command is killed, either password holds, and the next command finds out which.

    \b
    Example:
      isthmus server password rotate
    """
    from isthmus.graph import server

    if settings.neo4j_uri:
        raise InputError(
            f"NEO4J_URI is set: the password of {settings.neo4j_username} at "
            f"{settings.neo4j_uri} is not isthmus's own.",
            "Change it there, on the database system, by `ALTER CURRENT USER SET PASSWORD FROM "
            "'old' TO 'new'` (in Aura, in its console), and set NEO4J_PASSWORD. Unset NEO4J_URI to "
            "change the password of isthmus's own server.",
        )
    record = server.rotate_password(settings)
    return Output(
        {"username": record.username, "password_file": record.password_file},
        f"The user {record.username} has a new password, in {record.password_file}",
    )


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
    web = ""
    if record.web:
        name = ", or by a name in its certificate" if record.web.startswith("https:") else ""
        web = f"\nIn a web browser or over HTTP: {record.web}{name}"
    return (
        f"Neo4j {record.version} runs at {record.uri} (process {record.pid}).\n"
        f"User {record.username}, password in {record.password_file}{web}"
    )


def _describe_status(status: ServerStatus, settings: Settings) -> str:
    if status.state == "stopped" and settings.neo4j_uri:
        return f"NEO4J_URI is set: isthmus uses the server at {settings.neo4j_uri} and runs none."
    if status.state == "stopped":
        return f"No Neo4j of the home {settings.home} is running. `isthmus server start` starts it."
    if status.record is None:
        return f"Neo4j of the home {settings.home} is starting."
    described = _describe(status.record)
    if status.state == "answering":
        return f"{described}\nIt answers: a query took {status.milliseconds:.0f} ms."
    if status.state == "starting":
        return f"{described}\nIt is starting, and does not answer yet."
    return (
        f"{described}\nIt does not answer: {status.reason}.\n"
        "`isthmus server logs` shows its log, `isthmus server stop` ends it."
    )


def _log_output(part: LogLines) -> Output:
    return Output(asdict(part), "\n".join(part.lines))
