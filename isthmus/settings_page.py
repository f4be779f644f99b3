"""Renders `docs/settings.md`: `python -m isthmus.settings_page > docs/settings.md`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import AliasChoices, SecretStr

from isthmus.settings import Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

HEAD = """# Settings

This page is generated from `isthmus/settings.py` by `python -m isthmus.settings_page`.

A setting is taken from the first of these sources that has it: an option of the command, the
environment, the file `isthmus.toml` in the home, the default. In `isthmus.toml` a setting has the
name of the first column: `edges_per_node = 30`. Another file is read where `--config FILE` or
`ISTHMUS_CONFIG` names it; one in the working folder is not. A file that belongs to another user, or
that others can write, is refused, since it could send the password to another server. A name in
this file that does not exist, or a value that a setting cannot have, ends a command with exit code
2; what may be a secret is not shown. An environment variable that is empty counts as not set; a
text that is to be empty, such as a prefix, stands in `isthmus.toml`.

| name | environment variable | type | default | description |
|---|---|---|---|---|
"""
TYPE_NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "integer",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret text",
}
# The default depends on the machine, so that its value would differ from page to page.
COMPUTED_DEFAULTS = {"home": "the user's data folder for `isthmus`"}


def render_settings() -> str:
    """Returns the page of all settings as Markdown, in the order of the class `Settings`."""
    return HEAD + "".join(_row(name, info) for name, info in Settings.model_fields.items())


def _row(name: str, info: FieldInfo) -> str:
    description = (info.description or "").replace("|", "\\|")
    cells = (f"`{name}`", f"`{_variable(name, info)}`", _type(info), _default(name, info))
    return f"| {' | '.join((*cells, description))} |\n"


def _variable(name: str, info: FieldInfo) -> str:
    """Returns the variable that is read first."""
    if isinstance(info.validation_alias, AliasChoices):
        return str(info.validation_alias.choices[0])
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def _type(info: FieldInfo) -> str:
    kinds = get_args(info.annotation) if _is_union(info.annotation) else (info.annotation,)
    text = " or ".join(_type_name(kind) for kind in kinds if kind is not NoneType)
    limits = [limit for item in info.metadata if (limit := _limit(item))]
    return f"{text}, {', '.join(limits)}" if limits else text


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    return TYPE_NAMES[kind]


def _limit(constraint: Any) -> str:
    match constraint:
        case Ge(ge=low):
            return f"at least {low:,}"
        case Gt(gt=low):
            return f"above {low:,}"
        case Le(le=high):
            return f"at most {high:,}"
    pattern = getattr(constraint, "pattern", None)
    return f"such as `512m` or `2g` (`{pattern}`)" if pattern else ""


def _default(name: str, info: FieldInfo) -> str:
    if name in COMPUTED_DEFAULTS:
        return COMPUTED_DEFAULTS[name]
    value = info.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value() or None
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(render_settings())
