"""The entry point: `isthmus COMMAND`. Each command lives in the file of its name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from isthmus import __version__
from isthmus.errors import InputError, IsthmusError
from isthmus.files import private_umask
from isthmus.output import OutputError, replace_unknown_characters
from isthmus.scripts.command import logger, report_error

COMMANDS = (
    "doctor",
    "demo",
    "server",
    "migrate",
    "schema",
    "ingest",
    "encode",
    "interests",
    "encoder",
    "retrain",
    "schedule",
    "generations",
    "recommend",
    "explain",
    "judge",
    "feedback",
    "evaluate",
    "cypher",
    "report",
    "export",
    "serve",
    "backup",
    "restore",
    "unlock",
)


class CommandFolder(click.Group):
    """Loads a command from the file of its name, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of `scripts/NAME.py`, or None if there is no such file."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"isthmus.scripts.{cmd_name}")
        command: click.Command = module.command
        return command


@click.command(cls=CommandFolder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="isthmus")
def cli() -> None:
    """Recommendations across domains: a user-interest graph in Neo4j and its learned edges.

    \b
    Example, from tables to an answer:
      isthmus ingest data/      load users, items, interactions, texts
      isthmus encode            embed titles and texts
      isthmus retrain           learn the edges between the domains
      isthmus recommend ana --domain films --explain
    """


def main() -> None:
    """Runs a command; an error becomes a message on standard error and an exit code."""
    as_json = "--json" in sys.argv
    replace_unknown_characters()
    try:
        with private_umask():
            cli.main(prog_name="isthmus", standalone_mode=False)
    except OutputError as error:
        report_error(error, as_json=False)
        sys.exit(error.exit_code)
    except IsthmusError as error:
        report_error(error, as_json)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        report_error(InputError(error.format_message(), usage_advice(error)), as_json)
        sys.exit(InputError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        logger.warning("Interrupted. Committed work is kept; run the command again to continue.")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if (explained := explain_file_error(error)) is None:
            raise
        report_error(explained, as_json)
        sys.exit(explained.exit_code)


def explain_file_error(error: OSError) -> IsthmusError | None:
    """Returns the error for a working folder that was deleted, and for a full or read-only disk."""
    from isthmus.graph import server

    try:
        here = Path.cwd()
    except FileNotFoundError:
        return InputError(
            "The working folder of this command was deleted.",
            "Change to another folder, as by `cd`, and run it again.",
        )
    folder = here / Path(error.filename).parent if isinstance(error.filename, str) else here
    return server.explain_disk_error(error.errno, folder)


def usage_advice(error: click.UsageError) -> str:
    """Returns where the usage is described, and how an id that begins with a dash is given."""
    if error.ctx is None:
        return "See `isthmus --help`."
    advice = f"See `{error.ctx.command_path} --help`."
    parameters = error.ctx.command.params
    names = {name for each in parameters for name in (*each.opts, *each.secondary_opts)}
    ids = [each.make_metavar(error.ctx) for each in parameters if isinstance(each, click.Argument)]
    dashed = [word for word in sys.argv[1:] if word.startswith("-") and word.strip("-")]
    guessed = getattr(error, "possibilities", None)
    if ids and not guessed and any(word.partition("=")[0] not in names for word in dashed):
        order = f"{error.ctx.command_path} [OPTIONS] -- {' '.join(ids)}"
        advice += f" An id that begins with a dash stands behind `--`, as in `{order}`."
    return advice


if __name__ == "__main__":
    main()
