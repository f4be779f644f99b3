"""`isthmus doctor`: checks of the installation and the data, with advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import IsthmusError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--data", is_flag=True, help="Check the quality of the data in the graph instead.")
@with_settings
def command(settings: Settings, data: bool) -> Output:
    """Check the machine, the server, the graph and the encoder, with advice for each problem.

    It starts no server and changes nothing in the graph. With the extra `onnx` installed, it
    measures once whether the encoder is faster as an 8-bit ONNX graph, and selects the faster one.

    With --data it checks the data for what degrades recommendations: robots, duplicates, wrong
    dates, contradictory ratings, gaps. Each is counted, with three examples. The server is started
    if it does not run. The exit code is 1 if a check fails.

    \b
    Examples:
      isthmus doctor
      isthmus doctor --json
      isthmus doctor --data
    """
    from isthmus.graph.operations import check_data_quality, run_checks

    checks = check_data_quality(settings) if data else run_checks(settings)
    wrong = [check.name for check in checks if not check.ok]
    lines = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NOT'}  {check.name:<12} {check.found}")
        if check.advice:
            lines.append(f"     {'':<12} -> {check.advice}")
    failure = IsthmusError(f"Not well: {', '.join(wrong)}.") if wrong else None
    document = {"ok": not wrong, "checks": [check.document() for check in checks]}
    return Output(document, "\n".join(lines), failure)
