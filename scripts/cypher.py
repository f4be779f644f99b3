"""`isthmus cypher`: list, show and run the Cypher statements that isthmus runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from isthmus.output import escape_controls
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.group()
def command() -> None:
    """List, show and run the Cypher statements of the catalogue."""


@command.command("list")
@with_settings
def list_statements(settings: Settings) -> Output:
    """List all statements with their purpose.

    \b
    Example:
      isthmus cypher list
    """
    from isthmus.graph.database import list_statements

    rows = [asdict(statement) for statement in list_statements()]
    for row in rows:
        del row["text"]
    return Output(rows, "\n".join(f"{row['name']:<40} {row['purpose']}" for row in rows))


@command.command()
@click.argument("name")
@with_settings
def show(settings: Settings, name: str) -> Output:
    """Print the text of a statement, e.g. for Neo4j Browser.

    \b
    Example:
      isthmus cypher show recommend/for_user
    """
    from isthmus.graph.database import load_statement

    statement = load_statement(name)
    return Output(asdict(statement), statement.text)


@command.command()
@click.argument("name")
@click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    help="NAME=VALUE; the value is JSON or text.",
)
@with_settings
def run(settings: Settings, name: str, given: tuple[str, ...]) -> Output:
    """Run a reading statement with its parameters, in a read-only transaction.

    \b
    Example:
      isthmus cypher run recommend/history -p user='"ana"' -p limit=5
    """
    from isthmus.graph.database import bind_parameters, connect

    statement, parameters = bind_parameters(name, dict(_parameter(text) for text in given))
    with connect(settings) as graph:
        rows = graph.read(statement.name, **parameters)
    columns = list(rows[0]) if rows else list(statement.columns)
    lines = ["\t".join(columns)]
    lines += ["\t".join(escape_controls(str(row[name])) for name in columns) for row in rows]
    return Output(
        {"columns": columns, "rows": [list(row.values()) for row in rows]}, "\n".join(lines)
    )


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
