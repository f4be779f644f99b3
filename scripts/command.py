"""What every command shares: settings, `--json`, logging, exit codes."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from isthmus.errors import IsthmusError


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
    @click.option("--log-json", is_flag=True, help="Say it as a JSON document a line.")
    @functools.wraps(function)
    def run(
        *, as_json: bool, home: Path | None, quiet: bool, log_json: bool, **arguments: Any
    ) -> None:
        from encoders.runtime import with_chosen_encoder
        from isthmus.settings import load_settings

        log_to_standard_error(logging.WARNING if quiet else logging.INFO, log_json)
        output = function(with_chosen_encoder(load_settings(home=home)), **arguments)
        if output is None:
            return
        for each in [output] if isinstance(output, Output) else output:
            _print(each, as_json)

    return run


def _print(output: Output, as_json: bool) -> None:
    if as_json:
        write_json(output.document)
    elif output.text:
        click.echo(output.text)
    if output.failure is not None:
        report_error(output.failure, as_json=False)  # the document has standard output
        sys.exit(output.failure.exit_code)


class JsonLines(logging.Formatter):
    """What is said as one JSON document a line: time, level, message, and what came as `extra`."""

    KNOWN = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": at, "level": record.levelname.lower(), "message": record.getMessage()}
        extra = {name: value for name, value in vars(record).items() if name not in self.KNOWN}
        return json.dumps(said | extra, ensure_ascii=False, default=str)


def log_to_standard_error(level: int, as_json: bool = False) -> None:
    """Sends what isthmus says to standard error; other libraries only from a warning up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("isthmus").setLevel(level)


def report_error(error: IsthmusError, as_json: bool) -> None:
    """Prints an error: a JSON document on standard output, or sentences on standard error."""
    if as_json:
        write_json(
            {"error": {"kind": error.kind, "message": error.message, "advice": error.advice}}
        )
    else:
        click.echo(f"Error: {error}", err=True)
