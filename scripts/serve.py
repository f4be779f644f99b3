"""`isthmus serve`: the JSON API over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
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
            f"isthmus answers at {address}; the token of clients is in {file}",
        )
        run_server(build_app(connection, tokens, rate), listening)
