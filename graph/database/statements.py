"""The catalogue of `cypher/`: one statement a file, its header, its parameters, its text."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError

CYPHER = Path(__file__).parents[2] / "cypher"

_HEADER = re.compile(r"^//\s*(purpose|parameters|columns):\s*(.*)$")
_CONTINUED = re.compile(r"^//\s{2,}(\S.*)$")
_PARAMETER = re.compile(r"\$([a-z_]\w*)")
_COMMENT = re.compile(r"//[^\n]*")


@dataclass(frozen=True)
class Query:
    """A statement of the catalogue.

    Attributes:
        name: Folder and file name without ending: `recommend/for_user`.
        purpose: What it is for, a sentence.
        parameters: Name to type and meaning, in the order of the header.
        columns: Names of what it returns.
        text: The statement as it is sent.
    """

    name: str
    purpose: str
    parameters: dict[str, str]
    columns: tuple[str, ...]
    text: str


@functools.cache
def load(name: str) -> Query:
    """Reads a statement by its name.

    Raises:
        InputError: There is no such statement, or its header and its text disagree.
    """
    path = CYPHER / f"{name}.cypher"
    if not path.is_file():
        raise InputError(
            f"There is no statement {name!r} in the catalogue.", "See `isthmus cypher list`."
        )
    return parse(name, path.read_text(encoding="utf-8"))


def bind(name: str, given: dict[str, Any]) -> tuple[Query, dict[str, Any]]:
    """A statement and its parameters, when they are the ones that it takes.

    Raises:
        InputError: There is no such statement, or a parameter is missing or unknown.
    """
    query = load(name)
    if wrong := sorted(set(given) ^ set(query.parameters)):
        takes = "; ".join(f"{key} {meaning}" for key, meaning in query.parameters.items())
        raise InputError(
            f"Parameters missing or unknown for {name}: {', '.join(wrong)}.",
            f"It takes {takes or 'none'}.",
        )
    return query, given


def catalogue() -> list[Query]:
    """All statements but the migrations, by name."""
    names = (path.relative_to(CYPHER).with_suffix("") for path in CYPHER.rglob("*.cypher"))
    return [load(name.as_posix()) for name in sorted(names) if name.parts[0] != "migrations"]


def parse(name: str, text: str) -> Query:
    """Takes a file apart into header and statement.

    Raises:
        InputError: A parameter is used and not in the header, or the other way round.
    """
    fields: dict[str, str] = {"purpose": "", "parameters": "", "columns": ""}
    current = None
    for line in text.splitlines():
        if match := _HEADER.match(line):
            current = match[1]
            fields[current] = match[2].strip()
        elif current and (match := _CONTINUED.match(line)):
            fields[current] += " " + match[1].strip()
        else:
            break
    parameters = {}
    for part in filter(None, (part.strip() for part in fields["parameters"].split(";"))):
        parameter, _, meaning = part.partition(" ")
        parameters[parameter] = meaning
    used = set(_PARAMETER.findall(_COMMENT.sub("", text)))
    if used != set(parameters):
        wrong = ", ".join(sorted(used ^ set(parameters)))
        raise InputError(
            f"cypher/{name}.cypher: header and statement disagree on parameters: {wrong}.",
            "Write each parameter of the statement into its header.",
        )
    columns = tuple(filter(None, (column.strip() for column in fields["columns"].split(","))))
    return Query(name, fields["purpose"], parameters, columns, text)
