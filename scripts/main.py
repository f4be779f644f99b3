"""The entry point: `isthmus COMMAND`. Each command lives in the file of its name."""

from __future__ import annotations

import importlib
import sys

import click

from isthmus import __version__
from isthmus.errors import InputError, IsthmusError
from isthmus.scripts.command import logger, report_error

COMMANDS = (
    "doctor",
    "demo",
    "server",
    "migrate",
    "ingest",
    "encode",
    "interests",
    "encoder",
    "retrain",
    "schedule",
    "generations",
    "recommend",
    "judge",
    "feedback",
    "evaluate",
    "cypher",
    "backup",
    "restore",
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
    try:
        cli.main(prog_name="isthmus", standalone_mode=False)
    except IsthmusError as error:
        report_error(error, as_json)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        usage = error.ctx.command_path if error.ctx else "isthmus"
        report_error(InputError(error.format_message(), f"See `{usage} --help`."), as_json)
        sys.exit(InputError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        logger.warning("Interrupted. Committed work is kept; run the command again to continue.")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
