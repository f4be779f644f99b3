"""One spelling of ids and texts that people and programs give, as the tables are read."""

from __future__ import annotations

from unicodedata import category, normalize

from isthmus.errors import InputError


def spell_id(value: str) -> str:
    """Returns an id as it is spelled in the graph: NFC, no outer blanks, nothing invisible.

    Raises:
        InputError: It is no text.
    """
    visible = "".join(each for each in _checked(value) if category(each) != "Cf")
    return normalize("NFC", visible.strip())


def spell_text(value: str) -> str:
    """Returns a text in NFC.

    Raises:
        InputError: It is no text.
    """
    return normalize("NFC", _checked(value))


def _checked(value: str) -> str:
    if not isinstance(value, str):  # callers may have no type checker
        raise InputError(
            f"{value!r} is not a text.", "Give ids and texts as str, such as '42' instead of 42."
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{value!r} is not Unicode: it has half of a surrogate pair.", "Decode it as UTF-8."
        ) from None
    return value
