"""Control characters in titles and texts: what they do to a terminal is not part of a text."""

from __future__ import annotations

import polars as pl

SEQUENCE = (
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, movements of the cursor
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)"  # OSC
    "|\x1b[ -/]*[0-~]"
)
"""What begins with ESC, or with a C1 character that stands for it; see ECMA-48."""
LINE_END = "\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]+"
DIRECTION = "[\u202a-\u202e\u2066-\u2069]"
"""Characters that turn the direction of writing, so that a text shows another order."""
OTHER = "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
REMOVED = f"{SEQUENCE}|{OTHER}|{DIRECTION}"
SUSPECT = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"


def drop_controls(values: pl.Series, one_line: bool) -> tuple[pl.Series, int]:
    """Removes control characters from texts, and the sequences for terminals that they begin.

    Args:
        values: Texts, or null.
        one_line: Replace line ends and tabs by blanks, too.

    Returns:
        The texts, and the number of those that were changed other than in their line ends.
    """
    pattern = f"{SUSPECT}|[\t\n]" if one_line else SUSPECT
    if not values.str.contains(pattern).fill_null(False).any():
        return values, 0
    cleaned = values.str.replace_all(REMOVED, "").str.replace_all(
        f"{LINE_END}|\t+" if one_line else LINE_END, " " if one_line else "\n"
    )
    is_changed = cleaned != values
    if not one_line:  # a line end of another system is no control character
        is_changed &= cleaned != values.str.replace_all(LINE_END, "\n")
    return cleaned.str.strip_chars(), int(is_changed.sum())
