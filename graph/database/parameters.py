"""Values of the parameters of a statement, from texts as a person types them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database.statements import Statement, used_parameters
from isthmus.output import json_text

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_KINDS = {
    "STRING": "a text",
    "INTEGER": "a whole number",
    "FLOAT": "a number",
    "BOOLEAN": "true or false",
    "LIST": "a list",
}
_WHOLE_NUMBERS = range(-(2**63), 2**63)


def bind_parameters(
    statement: Statement, given: Mapping[str, str], before: str = "-p "
) -> dict[str, Any]:
    """Returns the values of all parameters of a statement: those given, else their defaults.

    Args:
        statement: A statement. Where its header does not declare a parameter, the value is JSON
            or, if it is none, text.
        given: Texts by parameter name, each converted to the declared type.
        before: What stands before each NAME=VALUE of the advice; the default is an option.

    Raises:
        InputError: A parameter is missing or unknown, or a value has another type.
    """
    names = [*dict.fromkeys([*statement.parameters, *used_parameters(statement.text)])]
    if unknown := [name for name in given if name not in names]:
        raise InputError(
            f"{statement.name} has no parameter {unknown[0]!r}.",
            f"It has {', '.join(names)}." if names else "It has no parameters.",
        )
    missing = [name for name in names if name not in given and name not in statement.defaults]
    if missing:
        meaning = statement.parameters.get(missing[0])
        more = f" {missing[0]}: {meaning}." if meaning else ""
        raise InputError(
            f"{statement.name} needs the parameter{'s' * (len(missing) > 1)} {', '.join(missing)}."
            f"{more}",
            "For example: " + " ".join(f"{before}{example(statement, name)}" for name in missing),
        )
    return {
        name: convert_value(statement, name, given[name], before)
        if name in given
        else statement.defaults[name]
        for name in names
    }


def convert_value(statement: Statement, name: str, text: str, before: str = "-p ") -> Any:
    """Returns a text as a value of the type that the statement declares for a parameter.

    Raises:
        InputError: It is not of that type.
    """
    meaning = statement.parameters.get(name, "")
    kind = meaning.split(" ", 1)[0].strip(",")
    nullable = name in statement.defaults and statement.defaults[name] is None
    if text.strip() == "null" and (nullable or re.search(r"\bnull\b", meaning)):
        return None
    try:
        return _convert(kind, text)
    except ValueError:
        raise InputError(
            f"The parameter {name} of {statement.name} is {_KINDS[kind]} ({kind}), which "
            f"{text!r} is not.",
            f"For example: {before}{example(statement, name)}",
        ) from None


def example(statement: Statement, name: str) -> str:
    """Returns NAME=VALUE with a value that the parameter may have."""
    value = statement.value_to_try(name)
    if value is None:
        kind = statement.parameters.get(name, "").split(" ", 1)[0]
        value = {"INTEGER": 10, "FLOAT": 0.5, "BOOLEAN": True, "LIST": ["a", "b"]}.get(kind, "TEXT")
    text = value if isinstance(value, str) else json_text(value, ascii_only=False)
    assignment = f"{name}={text}"
    return f"'{assignment}'" if re.search(r"[^\w=.:-]", assignment) else assignment


def _convert(kind: str, text: str) -> Any:
    """Returns a value of a type, of any type where it has no known name.

    Raises:
        ValueError: The text is no such value.
    """
    if kind == "STRING":
        return _unquote(text)
    if kind == "INTEGER":
        if not _INTEGER.fullmatch(text.strip()) or int(text) not in _WHOLE_NUMBERS:
            raise ValueError(text)
        return int(text)
    if kind == "FLOAT":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    if kind == "BOOLEAN":
        if (word := text.strip().lower()) not in ("true", "false"):
            raise ValueError(text)
        return word == "true"
    try:
        value = json.loads(text)
    except ValueError:
        if kind == "LIST":
            raise
        return text
    if kind == "LIST" and not isinstance(value, list):
        raise ValueError(text)
    return value


def _unquote(text: str) -> str:
    """Returns a text without the double quotes of JSON around it, if it has them."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return text
