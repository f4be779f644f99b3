"""Writes to standard output and standard error, whatever characters they can show.

A console or file in GBK, Latin-1 or cp1252 gets a replacement for other characters, and JSON with
escapes, which is the same document in every encoding.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any, TextIO

import click

from isthmus.errors import IsthmusError


class OutputError(IsthmusError):
    """Standard output cannot be written, for example to a full disk."""


def replace_unknown_characters() -> None:
    """Lets both standard streams write a replacement for characters that they cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not if closed, or replaced by a test
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def to_json(document: Any, stream: TextIO | None) -> str:
    """Returns a document as one line of JSON, without NaN and infinity, which JSON does not have.

    Args:
        document: Any values; those that JSON does not have are written as text, numbers that are
            not finite as null.
        stream: Where the line is written to; if it is not in UTF-8, other characters than those of
            ASCII are escaped.
    """
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("_", "-")
    escape = encoding not in ("utf-8", "utf8")
    try:
        text = json.dumps(document, ensure_ascii=escape, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(document), ensure_ascii=escape, allow_nan=False, default=str)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as in arguments that are not in UTF-8
        return json.dumps(_finite(document), allow_nan=False, default=str)
    return text


def write_line(text: str) -> None:
    """Writes text and an end of line to standard output.

    Raises:
        BrokenPipeError: Nobody reads the output any more.
        OutputError: It cannot be written; nothing else is written to it after that.
    """
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(
            f"Standard output cannot be written: {error.strerror}.",
            "Free some disk space, or write the output to another place.",
        ) from error


def _finite(value: Any) -> Any:
    """Returns a document with null for the numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
