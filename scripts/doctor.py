"""`isthmus doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import IsthmusError
from scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Output:
    """Look at the machine, the server, the graph and the encoder, and say what to do.

    It starts nothing and changes nothing in the graph. With the extra `onnx` it measures, once,
    whether the encoder is faster as an ONNX graph of 8-bit integers, and chooses.

    \b
    Example:
      isthmus doctor
      isthmus doctor --json
    """
    from graph.doctor import examine

    checks = examine(settings)
    wrong = [check.name for check in checks if not check.ok]
    lines = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NOT'}  {check.name:<11} {check.found}")
        if check.advice:
            lines.append(f"     {'':<11} -> {check.advice}")
    failure = IsthmusError(f"Not well: {', '.join(wrong)}.") if wrong else None
    document = {"ok": not wrong, "checks": [check.document() for check in checks]}
    return Output(document, "\n".join(lines), failure)
