"""`isthmus generations`: list, show and roll back generations of learned edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.output import json_text
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.group()
def command() -> None:
    """List, show and roll back generations of learned edges."""


@command.command("list")
@click.option("--all", "refused", is_flag=True, help="Also those that the gate refused, and why.")
@with_settings
def list_generations(settings: Settings, refused: bool) -> Output:
    """List the generations, newest first.

    \b
    Examples:
      isthmus generations list
      isthmus generations list --all
    """
    from isthmus.graph.database import connect
    from isthmus.graph.generations import list_generations

    with connect(settings) as graph:
        rows = list_generations(graph, refused)
    lines = [
        f"{row['number']:>4}  {row['state']:<9}  {row['created_at'][:19]}"
        f"  {row['edges']:>10,} edges  encoder {row['encoder_version'] or '-'}"
        + (f"\n      {row['reason']}" if refused and row["reason"] else "")
        for row in rows
    ]
    return Output(rows, "\n".join(lines) or "No generation yet. Run `isthmus retrain`.")


@command.command()
@click.argument("number", type=int)
@with_settings
def show(settings: Settings, number: int) -> Output:
    """Show one generation: settings, metrics, merge weights.

    \b
    Example:
      isthmus generations show 1
    """
    from isthmus.graph.database import connect
    from isthmus.graph.generations import show_generation

    with connect(settings) as graph:
        row = show_generation(graph, number)
    return Output(row, json_text(row, ascii_only=False, indent=2))


@command.command()
@click.argument("number", type=int)
@with_settings
def rollback(settings: Settings, number: int) -> Output:
    """Make generation NUMBER active again, with the encoder version it was trained with.

    Only generations in the state `retired` can be rolled back to; see `isthmus generations list`.

    \b
    Example:
      isthmus generations rollback 1
    """
    from isthmus.graph.database import connect
    from isthmus.graph.generations import roll_back

    with connect(settings) as graph:
        row = roll_back(graph, number)
    text = f"Generation {number} is active"
    if row["encoder"] is not None:
        text += f" with encoder version {row['encoder_version']}, {row['encoder']}"
    document = {"generation": number, **{key: row[key] for key in ("encoder_version", "encoder")}}
    return Output(document, f"{text}.")
