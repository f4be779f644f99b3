"""`isthmus demo`: the whole pipeline on bundled synthetic data, with a report."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("demo-report.html"),
    show_default=True,
    help="Path of the HTML report.",
)
@with_settings
def command(settings: Settings, report: Path) -> Output:
    """Load, encode, train and recommend on synthetic data in Chinese and English.

    It runs in a separate home, HOME/demo, with a separate server; your graph is not changed. The
    server goes on running, so that you can ask the demo's graph; the last lines say how.

    \b
    Example:
      isthmus demo
    """
    from isthmus.workflows.demo import run_demo

    result = run_demo(settings, report)
    return Output(result.document(), f"{result.text()}\n\n{_next_steps(settings.home / 'demo')}")


def _next_steps(home: Path) -> str:
    """Returns commands that go on with the demo's graph, to be pasted into a shell."""
    program = sys.argv[0]
    found = shutil.which("isthmus")
    if found and Path(program).exists() and Path(found).samefile(program):
        program = "isthmus"
    commands = (
        "recommend ana --domain films --explain",
        "explain lin f0032 --domain films",
        'recommend --text "I like jazz." --domain music',
        "cypher list",
        "server stop",
    )
    lines = [f'export ISTHMUS_HOME="{home.absolute()}"', *(f"{program} {c}" for c in commands)]
    return "Its server still runs. Go on with its graph, and stop the server at the end:\n" + (
        "\n".join(f"  {line}" for line in lines)
    )
