"""`isthmus serve`: the JSON API over HTTP, and the explorer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.settings import Settings


@click.command()
@click.option(
    "--port",
    default=8421,
    type=click.IntRange(0, 65_535),
    show_default=True,
    help="Port; 0 for any free one.",
)
@click.option("--listen", default="127.0.0.1", show_default=True, help="IPv4 address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Allow an address that other machines reach.")
@click.option(
    "--rate",
    default=1000.0,
    type=click.FloatRange(min=0, min_open=True),
    show_default=True,
    help="Maximum number of requests a second of each token.",
)
@with_settings
def command(
    settings: Settings, port: int, listen: str, allow_remote: bool, rate: float
) -> Iterator[Output]:
    """Answer requests for recommendations, explanations, feedback and search as JSON.

    The page at / is the explorer: search, neighbours, answers with reasons, the library of queries.
    On a terminal, the address that is printed opens it with the token.

    Every request needs a token from the file that is named at the start, as the header
    `Authorization: Bearer TOKEN`. It runs until SIGTERM or Ctrl-C, and answers requests that have
    begun first. All routes are described at /openapi.json.

    \b
    Example:
      isthmus serve --port 8421
    """
    from isthmus.service import (
        Connection,
        build_app,
        open_socket,
        read_tokens,
        run_server,
        token_file,
    )

    with open_socket(listen, port, allow_remote) as listening:
        tokens = read_tokens(settings)
        connection = Connection(settings)
        connection.open()
        address = "http://{}:{}".format(*listening.getsockname())
        file = token_file(settings)
        yield Output(
            {"address": address, "token_file": str(file), "openapi": f"{address}/openapi.json"},
            _describe_start(address, file, tokens[0]),
        )
        run_server(build_app(connection, tokens, rate), listening)


def _describe_start(address: str, file: Path, token: str) -> str:
    """Returns what is printed at the start, with the token only on a terminal.

    Elsewhere, a journal would keep it. A fragment is in no request, hence in no log of one.
    """
    explorer = f"{address}/#token={token}" if sys.stdout.isatty() else f"{address}/"
    return (
        f"isthmus answers at {address}; the token of clients is in {file}\nThe explorer: {explorer}"
    )
