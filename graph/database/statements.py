"""The catalogue of `cypher/`: one statement per file, with a header, parameters and text.

A statement whose header has a line `cost` is a reader: it only reads, and it is meant for people.
Its header has one parameter and one column a line, each with its meaning:

    // purpose: The interests of a user, strongest first.
    // cost: point
    // parameters:
    //   user STRING id of the user; example "ana"
    //   most INTEGER maximum number of rows; default 20
    // columns:
    //   interest name of the interest

The others are the product's own; their parameters stand in one line, separated by semicolons.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isthmus.errors import InputError, NotFound

CYPHER = Path(__file__).parents[2] / "cypher"
COSTS = ("point", "scan", "global")
"""Cost classes of readers: one node's neighbourhood; one domain, or all users or items once; the
whole graph with its edges, or pairs of items."""

_NAME = re.compile(r"(?!migrations/)[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")
_HEADER = re.compile(r"//\s*(purpose|cost|parameters|columns):\s*(.*)")
_CONTINUED = re.compile(r"//(\s{2,})(\S.*)")
_ENTRY_INDENT = 3
_VALUE = re.compile(r";\s*(default|example)\s+(.+?)\s*(?=;\s*(?:default|example)\s|$)")
_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
# What may hold a dollar that is no parameter, or slashes that are no comment.
_NO_CODE = re.compile(
    r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`|//[^\n]*|/\*.*?\*/", re.DOTALL
)


@dataclass(frozen=True)
class Statement:
    """A statement of the catalogue.

    Attributes:
        name: Folder and file name without extension, for example `recommend/for_user`.
        purpose: One sentence on what the statement does.
        parameters: Type and meaning by parameter name, in the order of the header.
        columns: Names of the returned columns.
        text: Text of the file, as it is sent to the server.
        cost: Cost class of a reader, one of `COSTS`; "" for statements of the product.
        defaults: Values of the parameters that may be left out.
        examples: Values to try, by parameter name.
        meanings: Meaning by column name, of readers.
    """

    name: str
    purpose: str
    parameters: dict[str, str]
    columns: tuple[str, ...]
    text: str
    cost: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    examples: dict[str, Any] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)

    @property
    def is_reader(self) -> bool:
        """Whether it only reads and is meant for people."""
        return bool(self.cost)

    def value_to_try(self, parameter: str) -> Any:
        """Returns the default of a parameter or, if it has none, its example; else None."""
        return self.defaults.get(parameter, self.examples.get(parameter))


@functools.cache
def load_statement(name: str) -> Statement:
    """Loads a statement by its name.

    Raises:
        NotFound: The statement does not exist.
        InputError: Its header and text disagree.
    """
    path = CYPHER / f"{name}.cypher"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(
            f"There is no statement {name!r} in the catalogue.",
            "Run `isthmus cypher list` to see the readers, with --all all statements.",
        )
    statement = parse_statement(name, path.read_text(encoding="utf-8"))
    if wrong := sorted(set(used_parameters(statement.text)) ^ set(statement.parameters)):
        raise InputError(
            f"{name}: header and statement disagree on the parameters {', '.join(wrong)}.",
            "List each parameter of the statement in the header.",
        )
    return statement


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


def list_statements() -> list[Statement]:
    """Returns all statements except the migrations, sorted by name."""
    names = (path.relative_to(CYPHER).with_suffix("") for path in CYPHER.rglob("*.cypher"))
    return [
        load_statement(name.as_posix()) for name in sorted(names) if name.parts[0] != "migrations"
    ]


def parse_statement(name: str, text: str) -> Statement:
    """Parses the text of a statement; one without a header has no declared parameters.

    Raises:
        InputError: The header is wrong.
    """
    lines = _read_header(text)
    parameters, defaults, examples = _read_parameters(name, lines.get("parameters", []))
    meanings, columns = {}, lines.get("columns", [])
    if columns and not columns[0]:
        meanings = {column: meaning for column, _, meaning in map(_partition, columns[1:])}
        columns = list(meanings)
    else:
        columns = [part.strip() for part in " ".join(columns).split(",")]
    cost = " ".join(lines.get("cost", []))
    if cost and cost not in COSTS:
        raise InputError(f"{name}: the cost {cost!r} is unknown.", f"Use {', '.join(COSTS)}.")
    return Statement(
        name,
        " ".join(lines.get("purpose", [])).strip(),
        parameters,
        tuple(filter(None, columns)),
        text,
        cost,
        defaults,
        examples,
        meanings,
    )


def used_parameters(text: str) -> list[str]:
    """Returns the names of the parameters in a text, outside of its comments and strings."""
    return sorted({*_PARAMETER.findall(_NO_CODE.sub(" ", text))})


def _read_header(text: str) -> dict[str, list[str]]:
    """Returns the entries of each field: its first line, and then its indented lines."""
    fields: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        if match := _HEADER.fullmatch(line):
            current = fields[match[1]] = [match[2].strip()]
        elif current is not None and (match := _CONTINUED.fullmatch(line)):
            one_a_line = not current[0]
            if one_a_line and len(match[1]) <= _ENTRY_INDENT:
                current.append(match[2].strip())
            else:
                current[-1] = f"{current[-1]} {match[2].strip()}".strip()
        else:
            break
    return fields


def _partition(entry: str) -> tuple[str, str, str]:
    return entry.partition(" ")


def _read_parameters(
    name: str, entries: list[str]
) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """Returns type and meaning, default and example, each by the name of the parameter."""
    parameters: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {"default": {}, "example": {}}
    if entries and entries[0]:
        entries = ["", *entries[0].split(";")]
    for entry in filter(None, (entry.strip() for entry in entries)):
        parameter, _, meaning = entry.partition(" ")
        for kind, value in _VALUE.findall(meaning):
            try:
                values[kind][parameter] = json.loads(value)
            except json.JSONDecodeError as error:
                raise InputError(
                    f"{name}: the {kind} of {parameter}, {value}, is not JSON.",
                    'Write texts in double quotes, as "ana".',
                ) from error
        parameters[parameter] = _VALUE.sub("", meaning).strip()
    return parameters, values["default"], values["example"]
