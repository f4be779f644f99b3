"""The file of settings, read only if nobody else can have written it; and what is wrong in it."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from isthmus.errors import InputError
from isthmus.output import escape_controls, hide_credentials

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic.fields import FieldInfo

SETTINGS_FILE = "isthmus.toml"
"""Name of the file in the home."""

MAX_BYTES = 2**20


def read_settings_file(path: Path, must_exist: bool = False) -> dict[str, Any]:
    """Reads the entries of a file of settings.

    Args:
        path: The file.
        must_exist: Whether the file was named, so that it is an error if there is none.

    Returns:
        Values by name; none if there is no file.

    Raises:
        InputError: The file belongs to another user, can be written by others, or is not TOML.
    """
    try:
        # Without waiting, should it be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise InputError(
                f"There is no file of settings {path}.", "Correct its name."
            ) from error
        return {}
    except OSError as error:
        raise InputError(
            f"The settings in {path} cannot be read: {error.strerror}.",
            "Correct the permissions of the file.",
        ) from error
    with open(descriptor, "rb") as file:
        _check_owner(path, os.fstat(descriptor))
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError(f"{path} is larger than a file of settings.", "Name another file.")
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:  # of TOML or UTF-8; neither repeats a value
        what = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise InputError(f"{path} cannot be read: {what}.", "Correct or remove the file.") from None


def unread_file(settings_file: Path) -> Path | None:
    """Returns the file of settings in the working folder, if there is one and it is not the read.

    Args:
        settings_file: The file that is read.
    """
    here = Path(SETTINGS_FILE)  # a working folder that was deleted has no path
    if not here.is_file() or here.resolve() == settings_file.resolve():
        return None
    return here.absolute()


def _check_owner(path: Path, found: os.stat_result) -> None:
    """Checks that nobody but this user and the administrator can have written a file.

    Raises:
        InputError: Somebody else can have.
    """
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path} is not a file.", "Name a file of settings.")
    if not hasattr(os, "geteuid"):
        return
    if found.st_uid not in (os.geteuid(), 0):
        raise InputError(
            f"{path} belongs to another user, {_user_name(found.st_uid)}, whose settings are not "
            "taken.",
            f"Read it, and if it is right, make it yours: cp {path} new; mv new {path}",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InputError(
            f"{path} can be written by other users, whose settings are not taken.",
            f"Read it, and if it is right: chmod go-w {path}",
        )


def _user_name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def explain_invalid(error: ValidationError, fields: Mapping[str, FieldInfo]) -> InputError:
    """Returns the error for an invalid setting; the value of what may be a secret is not shown.

    Args:
        error: What the settings refused.
        fields: The settings by name.
    """
    found = error.errors(include_url=False)[0]
    name, kind = escape_controls(".".join(map(str, found["loc"]))), found["type"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(name.lower(), fields, n=1)
        advice = f"Did you mean {near[0]}?" if near else "docs/settings.md lists the settings."
        return InputError(f"There is no setting {name}.", advice)
    # A wrong value may hold a part of the right one, so one with a secret is not shown at all.
    secret = name in _secret_names(fields) or kind == "credentials"
    value = "***" if secret else repr(found["input"])
    return InputError(
        f"The setting {name} has the invalid value {hide_credentials(value)}: "
        f"{found['msg'].lower()}.",
        f"Correct the option, the environment variable or the entry in {SETTINGS_FILE}.",
    )


def _secret_names(fields: Mapping[str, FieldInfo]) -> set[str]:
    """Names of the settings, and of their environment variables, whose values are secret."""
    from pydantic import AliasChoices, SecretStr

    names = set()
    for name, info in fields.items():
        if SecretStr in (info.annotation, *get_args(info.annotation)):
            alias = info.validation_alias
            names |= {name, *map(str, alias.choices if isinstance(alias, AliasChoices) else ())}
    return names
