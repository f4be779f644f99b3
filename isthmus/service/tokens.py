"""The tokens of clients: a file of the home that only its owner can read, one token per line."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from isthmus.errors import InputError
from isthmus.files import make_folder, new_file
from isthmus.settings import Settings

TOKEN_BYTES = 32
MIN_CHARACTERS = 16
OTHERS = 0o077


def token_file(settings: Settings) -> Path:
    """Returns the file of the tokens."""
    return settings.home / "service" / "tokens"


def read_tokens(settings: Settings) -> list[str]:
    """Returns the tokens; makes the file with a random one if there is none.

    Raises:
        InputError: Others can read the file, or it has no token or a short one.
    """
    file = token_file(settings)
    if not file.exists():
        make_folder(file.parent)
        with contextlib.suppress(FileExistsError), new_file(file, overwrite=False) as stream:
            stream.write(f"{secrets.token_hex(TOKEN_BYTES)}\n".encode())
    if file.stat().st_mode & OTHERS:
        raise InputError(
            f"Other users can read the tokens in {file}.",
            f"Run `chmod 600 {file}`, and replace the tokens if somebody may have read them.",
        )
    tokens = file.read_text("utf-8").split()
    if not tokens:
        raise InputError(f"{file} has no token.", "Delete the file; a new one is made.")
    if any(len(token) < MIN_CHARACTERS or not token.isascii() for token in tokens):
        raise InputError(
            f"A token in {file} is not ASCII or has fewer than {MIN_CHARACTERS} characters.",
            "Write a random one, as `openssl rand -hex 32` prints it.",
        )
    return tokens
