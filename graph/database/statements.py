"""The catalogue of `cypher/`: one statement per file, with a header, parameters and text."""

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
class Statement:
    """A statement of the catalogue.

    Attributes:
        name: Folder and file name without extension, for example `recommend/for_user`.
        purpose: One sentence on what the statement does.
        parameters: Type and meaning by parameter name, in the order of the header.
        columns: Names of the returned columns.
        text: Text of the file, as it is sent to the server.
    """

    name: str
    purpose: str
    parameters: dict[str, str]
    columns: tuple[str, ...]
    text: str


@functools.cache
def load_statement(name: str) -> Statement:
    """Loads a statement by its name.

    Raises:
        InputError: The statement does not exist, or its header and text disagree.
    """
    path = CYPHER / f"{name}.cypher"
    if not path.is_file():
        raise InputError(
            f"There is no statement {name!r} in the catalogue.",
            "Run `isthmus cypher list` to see all statements.",
        )
    return parse_statement(name, path.read_text(encoding="utf-8"))


def fill_place(name: str, place: str, cypher: str, hint: str = "") -> str:
    """Returns the text of a statement with Cypher in its marked places.

    A place is a comment, so that the file runs as it stands: `/* AND filter */`, where `AND` and a
    predicate are put, `/* USING INDEX */`, where a hint is put, or
    `i.attribute /* attribute */`, whose property is replaced.

    Args:
        name: Name of the statement.
        place: The word of the place, `filter` or `attribute`.
        cypher: What to put there: made of names that the graph declares and of parameters, never
            of a value or of a text of the user.
        hint: The hint for the place `filter`.
    """
    text = load_statement(name).text
    if place == "filter":
        if hint:
            text = text.replace("/* USING INDEX */", hint)
        return text.replace("/* AND filter */", f"AND ({cypher})")
    return text.replace("attribute /* attribute */", cypher)


def bind_parameters(name: str, given: dict[str, Any]) -> tuple[Statement, dict[str, Any]]:
    """Returns a statement and its parameters, after checking that the names match.

    Raises:
        InputError: The statement does not exist, or a parameter is missing or unknown.
    """
    statement = load_statement(name)
    if wrong := sorted(set(given) ^ set(statement.parameters)):
        expected = "; ".join(f"{key} {meaning}" for key, meaning in statement.parameters.items())
        raise InputError(
            f"Parameters missing or unknown for {name}: {', '.join(wrong)}.",
            f"Parameters of the statement: {expected or 'none'}.",
        )
    return statement, given


def list_statements() -> list[Statement]:
    """Returns all statements except the migrations, sorted by name."""
    names = (path.relative_to(CYPHER).with_suffix("") for path in CYPHER.rglob("*.cypher"))
    return [
        load_statement(name.as_posix()) for name in sorted(names) if name.parts[0] != "migrations"
    ]


def parse_statement(name: str, text: str) -> Statement:
    """Parses the text of a file.

    Raises:
        InputError: The parameters of the header are not those of the statement.
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
            f"cypher/{name}.cypher: header and statement disagree on the parameters {wrong}.",
            "List each parameter of the statement in the header.",
        )
    columns = tuple(filter(None, (column.strip() for column in fields["columns"].split(","))))
    return Statement(name, fields["purpose"], parameters, columns, text)
