"""`isthmus export`: what the graph knows, to one file for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings
    from isthmus.workflows.export_rows import Selection


@click.group()
def command() -> None:
    """Write recommendations, edges, interests or vectors to a file.

    The ending of FILE is the format: .parquet, .csv or .jsonl, the last two also with .gz. The file
    gets its name when it is complete. A run that was killed goes on when the command is repeated.
    """


def _to_file(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that all exports share."""
    function = click.option(
        "--restart", is_flag=True, help="Begin again instead of going on with an unfinished run."
    )(function)
    return click.option(
        "-o",
        "--out",
        required=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="File to write; an earlier export of the same kind is replaced.",
    )(function)


_DOMAINS = click.option(
    "-d", "--domain", "domains", multiple=True, help="This domain only; repeatable.  [default: all]"
)
_USERS = click.option(
    "--users",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File of user ids: one per line, or a table with the column user_id; - for stdin.  "
    "[default: all]",
)


@command.command()
@_to_file
@_DOMAINS
@_USERS
@click.option(
    "-n",
    "n",
    default=10,
    type=click.IntRange(1, 1000),
    show_default=True,
    help="Maximum number of items of a domain for a user.",
)
@click.option("--paths/--no-paths", help="Add the paths of each score.  [default: no-paths]")
@with_settings
def recommendations(
    settings: Settings,
    out: Path,
    domains: tuple[str, ...],
    users: Path | None,
    n: int,
    paths: bool,
    restart: bool,
) -> Output:
    """Write the best items of each domain for each user.

    It is refused to go on if another generation answers than when the export began.

    \b
    Examples:
      isthmus export recommendations -o answers.parquet
      isthmus export recommendations --domain films -n 20 --users ids.txt -o films.csv.gz
    """
    from isthmus.workflows.export_rows import Selection

    ids = _read_users(users, out)
    selection = Selection("recommendations", _spelled(domains), ids, n, paths)
    return _export(settings, selection, out, restart)


@command.command()
@_to_file
@_DOMAINS
@with_settings
def edges(settings: Settings, out: Path, domains: tuple[str, ...], restart: bool) -> Output:
    """Write the learned edges of the active generation; --domain is that of their targets.

    \b
    Example:
      isthmus export edges -o edges.parquet
    """
    from isthmus.workflows.export_rows import Selection

    return _export(settings, Selection("edges", _spelled(domains)), out, restart)


@command.command()
@_to_file
@_USERS
@with_settings
def interests(settings: Settings, out: Path, users: Path | None, restart: bool) -> Output:
    """Write the interests of each user, strongest first.

    \b
    Example:
      isthmus export interests -o interests.jsonl.gz
    """
    from isthmus.workflows.export_rows import Selection

    selection = Selection("interests", users=_read_users(users, out))
    return _export(settings, selection, out, restart)


@command.command()
@_to_file
@_DOMAINS
@with_settings
def vectors(settings: Settings, out: Path, domains: tuple[str, ...], restart: bool) -> Output:
    """Write the embeddings of the items.

    \b
    Example:
      isthmus export vectors --domain films -o films.parquet
    """
    from isthmus.workflows.export_rows import Selection

    return _export(settings, Selection("vectors", _spelled(domains)), out, restart)


def _spelled(domains: tuple[str, ...]) -> list[str]:
    from isthmus.spelling import spell_id

    return list(dict.fromkeys(spell_id(domain) for domain in domains))


def _read_users(users: Path | None, out: Path) -> list[str] | None:
    from isthmus.graph.sources import read_ids

    if users is None:
        return None
    if out.exists() and users.exists() and users.samefile(out):
        raise click.UsageError(f"{out} is the file of the users; name another one to write.")
    return read_ids(users, "user_id")


def _export(settings: Settings, selection: Selection, out: Path, restart: bool) -> Output:
    from isthmus.graph.database import connect
    from isthmus.workflows.export import export

    with connect(settings) as graph:
        summary = export(graph, settings, selection, out, restart)
    return Output(summary.document(), summary.text())
