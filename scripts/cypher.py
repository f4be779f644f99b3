"""`isthmus cypher`: list, show, run and plan Cypher statements."""

from __future__ import annotations

import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.errors import InputError
from isthmus.row_formats import FORMATS, format_of, format_rows, write_rows
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isthmus.graph.database import Graph, RowTable, Statement
    from isthmus.settings import Settings

SECONDS = 60.0
MAX_ROWS = 10_000

_given = click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the statement, as most=20; a list is JSON. Repeatable.",
)
_timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=86_400),
    default=SECONDS,
    show_default=True,
    help="Seconds after which the server ends the statement.",
)


@click.group()
def command() -> None:
    """List, show, run and plan the Cypher statements of the catalogue, or your own."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also the statements of isthmus itself.")
@with_settings
def list_statements(settings: Settings, everything: bool) -> Output:
    """List the statements that answer questions, with what they answer.

    \b
    Examples:
      isthmus cypher list
      isthmus cypher list --all --json
    """
    from isthmus.graph.database import list_statements

    found = [each for each in list_statements() if everything or each.is_reader]
    longest = max(len(each.name) for each in found)
    lines: list[str] = []
    for folder, group in groupby(found, lambda each: each.name.partition("/")[0]):
        lines += ["", folder] if lines else [folder]
        lines += [f"  {each.name:<{longest}}  {_first_sentence(each.purpose)}" for each in group]
    return Output([_document(each) for each in found], "\n".join(lines))


@command.command()
@click.argument("name")
@with_settings
def show(settings: Settings, name: str) -> Output:
    """Print a statement, ready to paste into Neo4j Browser or cypher-shell.

    Lines with :param before it set its parameters to their defaults or examples.

    \b
    Example:
      isthmus cypher show interests/profile
    """
    from isthmus.graph.database import load_statement, paste_text

    statement = load_statement(name)
    return Output(_document(statement) | {"text": statement.text}, paste_text(statement))


@command.command()
@click.argument("statement", metavar="NAME|FILE.cypher|-")
@_given
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="Format of the rows.  [default: that of the ending of --output, else table]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rows to a file, in the format of its ending.",
)
@_timeout
@click.option(
    "--max-rows",
    type=click.IntRange(min=0),
    default=MAX_ROWS,
    show_default=True,
    help="Maximum number of rows; 0 for all.",
)
@with_settings
def run(
    settings: Settings,
    statement: str,
    given: tuple[str, ...],
    kind: str | None,
    output: Path | None,
    timeout: float,
    max_rows: int,
) -> Output:
    """Run a statement that reads: of the catalogue, of a file, or of standard input.

    The session cannot write. Ctrl-C ends the statement in the server, too.

    \b
    Examples:
      isthmus cypher run interests/profile -p user=ana
      isthmus cypher run insight/domains -o domains.csv
      echo "MATCH (u:User) RETURN count(u) AS users" | isthmus cypher run -
    """
    from isthmus.graph.database import read_rows
    from isthmus.graph.serving import check_parameters

    kind = kind or (format_of(output) if output else "table")
    if kind == "parquet" and output is None:
        raise click.UsageError("Parquet goes into a file: give -o FILE.parquet.")

    def read(graph: Graph, known: Statement, values: dict[str, Any]) -> RowTable:
        check_parameters(graph, known, values)
        return read_rows(graph, known.text, values, timeout, max_rows or None)

    table = _ask(settings, statement, given, read)
    notes = [f"Only the first {max_rows:,} rows; --max-rows 0 gives all."] if table.cut else []
    if output:
        write_rows(output, table.columns, table.rows, kind)
        notes.insert(0, f"{len(table.rows):,} rows written to {output}.")
        text = ""
    else:
        text = format_rows(table.columns, table.rows, kind, _terminal_width())
        if kind == "table" and not table.rows:
            notes.append("No rows.")
    for note in notes:
        click.echo(note, err=True)
    document = {"columns": table.columns, "rows": table.rows, "cut": table.cut}
    return Output(document, text)


@command.command()
@click.argument("statement", metavar="NAME|FILE.cypher|-")
@_given
@click.option("--profile", is_flag=True, help="Run it, and count rows and database hits.")
@_timeout
@with_settings
def plan(
    settings: Settings, statement: str, given: tuple[str, ...], profile: bool, timeout: float
) -> Output:
    """Print how the server runs a statement: its operators as a tree, the last one first.

    \b
    Examples:
      isthmus cypher plan interests/profile -p user=ana
      isthmus cypher plan interests/profile -p user=ana --profile
    """
    from isthmus.graph.database import read_plan

    table = _ask(
        settings,
        statement,
        given,
        lambda graph, known, values: read_plan(graph, known.text, values, timeout, profile),
    )
    shown = [["  " * row[0] + row[1], *row[3:], row[2]] for row in table.rows]
    columns = ["operator", "estimated rows", "rows", "db hits", "details"]
    if not profile:
        columns, shown = [*columns[:2], columns[4]], [[*row[:2], row[4]] for row in shown]
    text = format_rows(columns, shown, "table", _terminal_width())
    return Output({"columns": table.columns, "rows": table.rows}, text)


def _ask(
    settings: Settings,
    source: str,
    given: Sequence[str],
    ask: Callable[[Graph, Statement, dict[str, Any]], RowTable],
) -> RowTable:
    """Opens the graph and asks it a statement with its parameters."""
    from isthmus.graph.database import bind_parameters, connect, find_statement

    statement = find_statement(source)
    parameters = bind_parameters(statement, dict(map(_parameter, given)))
    with connect(settings) as graph:
        return ask(graph, statement, parameters)


def _document(statement: Statement) -> dict[str, Any]:
    return {
        "name": statement.name,
        "purpose": statement.purpose,
        "parameters": statement.parameters,
        "columns": statement.columns,
        "reader": statement.is_reader,
        "cost": statement.cost or None,
        "defaults": statement.defaults,
        "examples": statement.examples,
        "meanings": statement.meanings,
    }


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"{text!r} is not NAME=VALUE.", "For example: -p most=20")
    return name.strip(), value


def _terminal_width() -> int | None:
    """Returns the width of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
