"""Parses an expression by Python's own parser, within limits, and says where one is wrong."""

from __future__ import annotations

import ast
import math
import warnings

from isthmus.errors import InputError

MAX_LENGTH = 2_000
MAX_NODES = 500
MAX_DEPTH = 40
MAX_SHOWN = 30
LARGEST = 2**63 - 1
FORM = "A filter looks like this: price < 30 and in_stock and language in ['zh', 'en']"
WORDS = {"true": True, "false": False, "null": None, "none": None}
"""Values as JSON and SQL write them."""
REFUSED = {
    ast.Call: "a function call is not part of the language, and `isthmus schema` has the names",
    ast.Attribute: "names have no dots",
    ast.Subscript: "brackets behind a name are not part of the language",
    ast.BinOp: "arithmetic is not part of the language: write the number that it gives",
    ast.JoinedStr: "formatted texts are not part of the language",
    ast.Lambda: "a lambda is not part of the language",
    ast.IfExp: "if … else is not part of the language: use and, or",
}
MISTAKES = (
    (("&&", "||"), "Write `and` and `or` instead of && and ||."),
    ((" AND ", " OR ", "NOT "), "Write `and`, `or` and `not` in small letters."),
    (("<>",), "Write `!=` instead of <>."),
    (("，", "“", "”", "‘", "’", "（", "）", "＜", "＞", "＝"), "Write , ' ( ) < > = in ASCII."),
)

Value = bool | int | float | str | None


def parse_expression(text: str) -> ast.expr:
    """Returns the tree of an expression.

    Raises:
        InputError: It is empty, too long, too deep, or no expression of Python.
    """
    if not text.strip():
        raise InputError("The filter is empty.", f"{FORM}.")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"The filter has {len(text):,} characters, more than {MAX_LENGTH:,}.",
            "Give long lists of items by --exclude @FILE.",
        )
    # Lines are joined, so that a position is a character of the text.
    line = "".join(" " if sign in "\r\n\t\f\v" else sign for sign in text)
    too_deep = InputError(
        f"The filter is nested more than {MAX_DEPTH} levels deep, or has more than {MAX_NODES:,} "
        "parts.",
        "Leave out brackets; write `name in [value, value]` instead of many comparisons.",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parser, on escapes such as "\d"
            tree = ast.parse(line.strip(), mode="eval").body
    except SyntaxError as error:
        if "too many nested" in str(error):
            raise too_deep from error
        start = len(line) - len(line.lstrip())
        place = start + max(1, min(error.offset or 1, len(line.strip())))
        reason = error.msg.partition(". ")[0].partition(" (")[0]
        raise InputError(f"The filter, character {place}: {reason}.", _advice(text)) from error
    except ValueError as error:  # a zero byte, or half of a surrogate pair
        raise InputError(f"The filter cannot be read: {error}.", f"{FORM}.") from error
    except (RecursionError, MemoryError) as error:
        raise too_deep from error
    level, depth, nodes = [tree], 0, 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise too_deep
        level = [child for node in level for child in ast.iter_child_nodes(node)]  # type: ignore[misc]
    return tree


def _advice(text: str) -> str:
    for signs, advice in MISTAKES:
        if any(sign in f" {text} " for sign in signs):
            return f"{advice} {FORM}."
    plain = text
    for sign in ("==", "<=", ">=", "!="):
        plain = plain.replace(sign, "")
    if "=" in plain:
        return f"Write `==` for equal. {FORM}."
    return f"{FORM}."


def read_value(text: str, node: ast.expr) -> Value:
    """Returns the value of a constant, also with a sign, or of a word such as `true`.

    Raises:
        InputError: The node of the expression `text` is none, or is none of the language.
    """
    sign, inner = 1, node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign, inner = -1 if isinstance(node.op, ast.USub) else 1, node.operand
    if isinstance(node, ast.Name) and node.id.casefold() in WORDS:
        return WORDS[node.id.casefold()]
    if not isinstance(inner, ast.Constant):
        raise kind_error(text, inner, "is no value")
    value = inner.value
    if isinstance(value, bool | str | None) and inner is not node:
        raise error_at(
            text, node, "a sign stands before a number only", "Write a number, as in -1."
        )
    if isinstance(value, str) and not _is_unicode(value):
        raise error_at(
            text, node, "the text has half of a surrogate pair", "Write the whole character."
        )
    if isinstance(value, bool | str | None):
        return value
    if not isinstance(value, int | float):
        raise error_at(text, node, "it is no value of the language", "Write a number or a text.")
    value = sign * value
    if not math.isfinite(value) or (isinstance(value, int) and abs(value) > LARGEST):
        raise error_at(text, node, "the number is too large", "Write a smaller one.")
    return value


def is_none(node: ast.expr) -> bool:
    """Whether a node is None, or null."""
    if isinstance(node, ast.Name):
        return WORDS.get(node.id.casefold(), 0) is None
    return isinstance(node, ast.Constant) and node.value is None


def kind_error(text: str, node: ast.expr, otherwise: str) -> InputError:
    """Returns the error for a node of a kind that is not of the language."""
    reason = next((text for kind, text in REFUSED.items() if isinstance(node, kind)), None)
    return error_at(text, node, reason or f"this {otherwise}", f"{FORM}.")


def error_at(text: str, node: ast.expr, reason: str, advice: str) -> InputError:
    """Returns the error for a node of the expression `text`, with its place in characters."""
    line = text.strip().encode(errors="surrogatepass")
    before = line[: node.col_offset].decode(errors="replace")
    words = line[node.col_offset : node.end_col_offset].decode(errors="replace")
    words = words if len(words) <= MAX_SHOWN else f"{words[:MAX_SHOWN]}…"
    place = len(text) - len(text.lstrip()) + len(before) + 1
    return InputError(f"The filter, character {place}, at {words}: {reason}.", advice)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
