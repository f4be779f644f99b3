"""`isthmus demo`: the whole pipeline on bundled synthetic data, with a report."""

from __future__ import annotations

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

    It runs in a separate home, HOME/demo, with a separate server; your graph is not changed.

    \b
    Example:
      isthmus demo
    """
    from isthmus.workflows.demo import run_demo

    result = run_demo(settings, report)
    return Output(result.document(), result.text())
