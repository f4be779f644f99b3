"""Statements that are run by name, or come from a file or the standard input of a user."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database.statements import Statement, load_statement, parse_statement
from isthmus.output import json_text

ENDING = ".cypher"
# `:param user => "ana";`, as Neo4j Browser and cypher-shell read it and `cypher show` prints it.
_PARAM = re.compile(r":params?\s+(\w+)\s*=>\s*(.*?)\s*;*")


def find_statement(source: str) -> Statement:
    """Returns a statement of the catalogue, or one of the user.

    Args:
        source: Name in the catalogue; name of a file that ends with `.cypher`; or `-` for standard
            input.

    Raises:
        InputError: There is no such statement, or it cannot be read.
    """
    if source != "-" and not source.endswith(ENDING):
        return load_statement(source)
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise InputError(f"{source} cannot be read: {why}.", _advice(source)) from error
    return parse_own(Path(source).stem if source != "-" else "Standard input", text)


def parse_own(name: str, text: str) -> Statement:
    """Parses a statement of the user, with `:param` lines before it or without.

    Raises:
        InputError: It is empty, or a `:param` line is no NAME => VALUE.
    """
    lines, values = text.strip().splitlines(), {}
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith(":")):
        if line := lines.pop(0).strip():
            found = _PARAM.fullmatch(line)
            if not found:
                raise InputError(
                    f"{name}: the line {line!r} is no statement.",
                    'Of the commands of Neo4j Browser, only lines as `:param user => "ana"` are '
                    "read.",
                )
            values[found[1]] = _read_literal(name, found[2])
    if not lines:
        raise InputError(f"{name} has no statement.", "Write one, as MATCH (u:User) RETURN u.id.")
    statement = parse_statement(name, "\n".join(lines))
    return replace(statement, defaults=statement.defaults | values)


def paste_text(statement: Statement) -> str:
    """Returns a statement as Neo4j Browser and cypher-shell take it, its parameters before it.

    A parameter has its default or its example; one that has neither is left to the reader.
    """
    lines = [
        f":param {name} => {json_text(statement.value_to_try(name), ascii_only=False)};"
        for name in statement.parameters
        if name in statement.defaults or name in statement.examples
    ]
    return "\n".join([*lines, f"{statement.text.strip().removesuffix(';')};"])


def _read_literal(name: str, text: str) -> Any:
    quoted = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else None
    if quoted is not None and not re.search(r"['\\]", quoted):
        return quoted
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(
            f"{name}: the value {text} of a :param line is not read here.",
            "Write a text in quotes, a number, true, false, null or a list, or give it by -p.",
        ) from error


def _advice(source: str) -> str:
    name = source.removesuffix(ENDING)
    try:
        load_statement(name)
    except InputError:
        return "Name a file of yours, or a statement of `isthmus cypher list`."
    return f"The statement of the catalogue is called {name}."
