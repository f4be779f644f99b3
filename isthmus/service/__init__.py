"""The JSON API over HTTP and the explorer: routes, tokens, limits, metrics, and their server."""

from isthmus.service.app import build_app
from isthmus.service.connection import Connection
from isthmus.service.server import open_socket, run_server
from isthmus.service.tokens import read_tokens, token_file

__all__ = [
    "Connection",
    "build_app",
    "open_socket",
    "read_tokens",
    "run_server",
    "token_file",
]
