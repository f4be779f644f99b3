"""What every command shares: settings, `--json`, logging, exit codes."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isthmus.errors import IsthmusError
from isthmus.logs import JsonLines, Lines, log_to_standard_error

logger = logging.getLogger("isthmus")


@dataclass(frozen=True)
class Output:
    """What a command answers: a document for programs, the same as text for people.

    Attributes:
        document: What `--json` prints.
        text: What people read.
        failure: What the answer shows to be wrong; said after it, with the exit code of the error.
    """

    document: Any
    text: str
    failure: IsthmusError | None = None


def write_json(document: Any) -> None:
    """Prints one JSON document on one line of standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))


def with_settings(
    function: Callable[..., Output | Iterator[Output] | None],
) -> Callable[..., None]:
    """Gives a command its settings and the options of all, and prints what it returns.

    The command's first parameter is the `Settings`. One that goes on returns an iterator, and has
    each answer printed on a line as it comes. Errors of isthmus are caught in `main`.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of all that isthmus writes.  [env: ISTHMUS_HOME]",
    )
    @click.option("-q", "--quiet", is_flag=True, help="Say only warnings and errors.")
    @functools.wraps(function)
    def run(*, as_json: bool, home: Path | None, quiet: bool, **arguments: Any) -> None:
        from isthmus.encoders.text.runtime import with_chosen_encoder
        from isthmus.metrics import recorded
        from isthmus.settings import load_settings

        settings = load_settings(home=home)
        name = click.get_current_context().command_path.partition(" ")[2]
        secrets, as_lines = settings.secrets(), settings.log_format == "json"
        formatter = JsonLines(secrets, name) if as_lines else Lines(secrets)
        log_to_standard_error(logging.WARNING if quiet else logging.INFO, formatter)
        with recorded(settings, name) as told:
            output = function(with_chosen_encoder(settings), **arguments)
            if output is None:
                return
            for each in [output] if isinstance(output, Output) else output:
                told.document = each.document
                _print(each, as_json)
                if each.failure is not None:
                    told.exit_code = each.failure.exit_code
        if told.exit_code:
            sys.exit(told.exit_code)

    return run


def _print(output: Output, as_json: bool) -> None:
    if as_json:
        write_json(output.document)
    elif output.text:
        click.echo(output.text)
    if output.failure is not None:
        report_error(output.failure, as_json=False)  # the document has standard output


def report_error(error: IsthmusError, as_json: bool) -> None:
    """Prints an error: a JSON document on standard output, or sentences on standard error."""
    if as_json:
        write_json(
            {"error": {"kind": error.kind, "message": error.message, "advice": error.advice}}
        )
    else:
        logger.error("Error: %s", error)  # before a command logs, Python prints it as it is
