"""`isthmus doctor`: checks of the installation and the data, with advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError, IsthmusError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--data", is_flag=True, help="Check the quality of the data in the graph instead.")
@click.option(
    "--compare-runtimes",
    is_flag=True,
    help="Also measure whether the encoder is faster as an 8-bit ONNX graph; takes minutes.",
)
@with_settings
def command(settings: Settings, data: bool, compare_runtimes: bool) -> Output:
    """Check the machine, the server, the graph and the encoder, with advice for each problem.

    It starts no server and changes nothing in the graph.

    With --compare-runtimes and the extra `onnx` it exports the encoder as an ONNX graph of 8-bit
    integers, which takes minutes, and measures whether that is faster and about as good. All
    commands use the faster one from then on, and the next retraining encodes everything with it.

    With --data it checks the data for what degrades recommendations: robots, duplicates, wrong
    dates, contradictory ratings, gaps. Each is counted, with three examples. The server is started
    if it does not run. The exit code is 1 if a check fails.

    \b
    Examples:
      isthmus doctor
      isthmus doctor --json
      isthmus doctor --data
      isthmus doctor --compare-runtimes
    """
    from isthmus.graph.operations import check_data_quality, run_checks

    if data and compare_runtimes:
        raise InputError(
            "--data and --compare-runtimes are two different checks.", "Give one of them."
        )
    checks = check_data_quality(settings) if data else run_checks(settings, compare_runtimes)
    wrong = [check.name for check in checks if not check.ok]
    lines = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NOT'}  {check.name:<12} {check.found}")
        if check.advice:
            lines.append(f"     {'':<12} -> {check.advice}")
    failure = IsthmusError(f"Not well: {', '.join(wrong)}.") if wrong else None
    document = {"ok": not wrong, "checks": [check.document() for check in checks]}
    return Output(document, "\n".join(lines), failure)
