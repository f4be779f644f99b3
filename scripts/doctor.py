"""`isthmus doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import IsthmusError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--data", is_flag=True, help="Look at the data in the graph instead.")
@with_settings
def command(settings: Settings, data: bool) -> Output:
    """Look at the machine, the server, the graph and the encoder, and say what to do.

    It starts nothing and changes nothing in the graph. With the extra `onnx` it measures, once,
    whether the encoder is faster as an ONNX graph of 8-bit integers, and chooses.

    With --data it looks for what spoils answers: robots, twins, wrong dates, contradictions,
    gaps. Each is counted, with three examples. The server is started where it does not run.

    \b
    Examples:
      isthmus doctor
      isthmus doctor --json
      isthmus doctor --data
    """
    from isthmus.graph.operations.data_quality import examine_data
    from isthmus.graph.operations.doctor import examine

    checks = examine_data(settings) if data else examine(settings)
    wrong = [check.name for check in checks if not check.ok]
    lines = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NOT'}  {check.name:<12} {check.found}")
        if check.advice:
            lines.append(f"     {'':<12} -> {check.advice}")
    failure = IsthmusError(f"Not well: {', '.join(wrong)}.") if wrong else None
    document = {"ok": not wrong, "checks": [check.document() for check in checks]}
    return Output(document, "\n".join(lines), failure)
