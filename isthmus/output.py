"""Writes to standard output and standard error, whatever characters they can show.

A console or file in GBK, Latin-1 or cp1252 gets a replacement for other characters, and JSON with
escapes, which is the same document in every encoding. Control characters in texts that people wrote
are escaped: a title cannot move the cursor of a terminal, forge a line or turn the writing round.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from typing import Any, TextIO

import click

from isthmus.errors import IsthmusError

CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Control characters, as a class of a regular expression: C0, DEL, C1, the separators of lines and
paragraphs, and those that turn the direction of writing."""

_CONTROL = re.compile(f"[{CONTROLS}]")
_CONTROL_BUT_LINES = re.compile(f"(?![\n\t])[{CONTROLS}]")
# What may follow the scheme of an address: a user name and a password, which may itself contain @
# and /, or a token.
_PASSWORD = re.compile(r"(?<=://)([^\s/?#@:'\"]*:)\S*@")
_TOKEN = re.compile(r"(?<=://)[^\s/?#@:'\"]+@")
MASK = "***"


class OutputError(IsthmusError):
    """Standard output cannot be written, for example to a full disk."""


def replace_unknown_characters() -> None:
    """Lets both standard streams write a replacement for characters that they cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not if closed, or replaced by a test
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def escape_controls(text: str, lines: bool = False) -> str:
    r"""Returns a text with escapes, such as \\x1b, for the control characters in it.

    Args:
        text: Text that may be from anybody.
        lines: Keep line ends and tabs, of a text that has several lines.
    """
    if text.isprintable():
        return text
    return (_CONTROL_BUT_LINES if lines else _CONTROL).sub(_escape, text)


def hide_credentials(text: str) -> str:
    """Returns a text with *** for the passwords and tokens in the addresses in it."""
    if "://" not in text:
        return text
    return _TOKEN.sub(f"{MASK}@", _PASSWORD.sub(rf"\1{MASK}@", text))


def to_json(document: Any, stream: TextIO | None) -> str:
    """Returns a document as one line of JSON for a stream; see `json_text`.

    Args:
        document: Any values.
        stream: Where the line is written to; if it is not in UTF-8, other characters than those of
            ASCII are escaped.
    """
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("_", "-")
    return json_text(document, ascii_only=encoding not in ("utf-8", "utf8"))


def json_text(
    document: Any, ascii_only: bool = True, indent: int | None = None, sort_keys: bool = False
) -> str:
    """Returns a document as JSON, without NaN and infinity, which JSON does not have.

    Args:
        document: Any values; those that JSON does not have are written as text, numbers that are
            not finite as null.
        ascii_only: Escape all characters other than those of ASCII; otherwise the control
            characters and halves of surrogate pairs.
        indent: Number of blanks by which each level is indented; None for one line.
        sort_keys: Sort the keys of objects.
    """
    encoder = json.JSONEncoder(
        ensure_ascii=ascii_only, allow_nan=False, default=str, indent=indent, sort_keys=sort_keys
    )
    try:
        text = encoder.encode(document)
    except ValueError:
        text = encoder.encode(_finite(document))
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as in arguments that are not in UTF-8
        return json_text(document, True, indent, sort_keys)
    # Outside of its texts, JSON has no control characters but line ends.
    return _CONTROL_BUT_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_line(text: str) -> None:
    """Writes text and an end of line to standard output; control characters are escaped.

    Raises:
        BrokenPipeError: Nobody reads the output any more.
        OutputError: It cannot be written; nothing else is written to it after that.
    """
    try:
        click.echo(escape_controls(text, lines=True))
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(
            f"Standard output cannot be written: {error.strerror}.",
            "Free some disk space, or write the output to another place.",
        ) from error


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _finite(value: Any) -> Any:
    """Returns a document with null for the numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
