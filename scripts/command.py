"""Shared by all commands: settings, `--json`, logging, exit codes."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isthmus.errors import InputError, IsthmusError
from isthmus.logs import JsonFormatter, TextFormatter, log_to_standard_error
from isthmus.output import hide_credentials, to_json, write_line
from isthmus.spelling import spell_id, spell_text

logger = logging.getLogger("isthmus")

IDS = ("user", "item", "domain", "exclude")
"""Arguments that are ids, of which nobody sees outer blanks and format characters."""

WEIGHTS = ("auto", "as-is", "centre", "counts", "log")
"""Values of the option `--weights`."""

LANGUAGE = click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    help="Language of explanations; by default that of the user's texts, or of the settings.",
)
"""The option of all commands that explain."""


@dataclass(frozen=True)
class Output:
    """The output of a command, as a document and as text.

    Attributes:
        document: Printed by `--json`.
        text: Printed otherwise.
        failure: An error to report after the output; its exit code becomes the command's.
    """

    document: Any
    text: str
    failure: IsthmusError | None = None


def write_json(document: Any) -> None:
    """Prints one JSON document on one line of standard output."""
    write_line(to_json(document, sys.stdout))


def with_settings(
    function: Callable[..., Output | Iterator[Output] | None],
) -> Callable[..., None]:
    """Adds the common options to a command, passes it the settings and prints its output.

    The command's first parameter is the `Settings`. A command that streams returns an iterator, of
    which each output is printed as it comes. `IsthmusError` is handled in `main`.
    """

    @click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
    )
    @click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        callback=_refuse_empty,
        help="Folder of everything that isthmus stores.  [env: ISTHMUS_HOME]",
    )
    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File of settings, instead of isthmus.toml in the home.  [env: ISTHMUS_CONFIG]",
    )
    @click.option("-q", "--quiet", is_flag=True, help="Log warnings and errors only.")
    @functools.wraps(function)
    def run(
        *, as_json: bool, home: Path | None, config: Path | None, quiet: bool, **arguments: Any
    ) -> None:
        from isthmus.encoders.text import with_chosen_encoder
        from isthmus.metrics import record_metrics
        from isthmus.settings import load_settings
        from isthmus.settings_file import unread_file

        settings = load_settings(home=home, config=config)
        name = click.get_current_context().command_path.partition(" ")[2]
        secrets, as_lines = settings.secrets(), settings.log_format == "json"
        formatter = JsonFormatter(secrets, name) if as_lines else TextFormatter(secrets)
        log_to_standard_error(logging.WARNING if quiet else logging.INFO, formatter)
        if unread := unread_file(settings.file()):
            logger.warning("not read: %s: name it with --config, if it is yours", unread)
        arguments = _normalise_texts(arguments)
        with record_metrics(settings, name) as run_metrics:
            output = function(with_chosen_encoder(settings), **arguments)
            if output is None:
                return
            for each in [output] if isinstance(output, Output) else output:
                run_metrics.document = each.document
                _print(each, as_json)
                if each.failure is not None:
                    run_metrics.exit_code = each.failure.exit_code
        if run_metrics.exit_code:
            sys.exit(run_metrics.exit_code)

    return run


def _refuse_empty(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Refuses `--home ""`, which would be the current folder."""
    if value is not None and "" in sys.argv:
        raise click.BadParameter("it is empty: name a folder, or leave the option out.")
    return value


def _normalise_texts(arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments with their texts in NFC, and ids spelled as they are in the graph.

    Raises:
        InputError: One is not in the encoding of this terminal; Python keeps its bytes as halves
            of surrogate pairs.
    """
    normal = dict(arguments)
    for name, value in arguments.items():
        if isinstance(value, str):
            normal[name] = _normalise(name, value)
        elif isinstance(value, tuple):
            normal[name] = tuple(
                _normalise(name, each) if isinstance(each, str) else each for each in value
            )
    return normal


def _normalise(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"The argument {name}, {text!r}, is not in {sys.getfilesystemencoding()}.",
            "Set the encoding of the terminal and of LANG to the same, such as UTF-8.",
        ) from None
    return spell_id(text) if name in IDS else spell_text(text)


def _print(output: Output, as_json: bool) -> None:
    if as_json:
        write_json(output.document)
    elif output.text:
        write_line(output.text)
    if output.failure is not None:
        report_error(output.failure, as_json=False)  # standard output belongs to the document


def report_error(error: IsthmusError, as_json: bool) -> None:
    """Prints an error: a JSON document on standard output, or sentences on standard error."""
    if as_json:
        fields = {"kind": error.kind, "message": error.message, "advice": error.advice}
        write_json({"error": {name: hide_credentials(text) for name, text in fields.items()}})
    else:
        logger.error("Error: %s", error)  # works before logging is configured, too
