"""`isthmus report`: the state of the graph on one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("isthmus-report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    help="Show this user over time, with a recommendation; can be given several times.",
)
@click.option(
    "--evaluation",
    "evaluations",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="OUT.json of `isthmus evaluate -o OUT`, whose models are compared on the page.",
)
@with_settings
def command(
    settings: Settings, out: Path, users: tuple[str, ...], evaluations: tuple[Path, ...]
) -> Output:
    """Write a page about the graph: domains, interests, people, generations, data quality.

    The page is one file that needs no network. With --json, the figures on it are printed too.

    \b
    Examples:
      isthmus report
      isthmus report -o monday.html --user ana --evaluation films.json
    """
    from isthmus.graph.database import connect
    from isthmus.graph.report import collect_report, read_evaluations, write_page

    documents = read_evaluations(evaluations)
    with connect(settings) as graph:
        report = collect_report(graph, settings, users, documents)
    write_page(out, report)
    return Output(report | {"page": str(out)}, f"The report is {out.absolute()}.")
