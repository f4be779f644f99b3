"""Categories: lists of names as JSON, as Python writes them, or with a separator."""

from __future__ import annotations

import ast
import html
import json
import re

import polars as pl

BRACKETS = r"^\s*[\[{(].*[\]})]\s*$"
ENTITY = r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);"
TAG = (
    r"(?i)</?(?:p|br|b|i|u|a|ul|ol|li|div|span|em|strong|h[1-6]|table|tr|td|th|blockquote|img|hr"
    r"|font|small|sup|sub|pre|code|center)(?:\s[^<>]*)?/?>"
)
LINE_TAG = r"(?i)</?(?:p|br|li|div|tr|h[1-6]|blockquote|hr)(?:\s[^<>]*)?/?>"
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
NAME_KEYS = ("name", "title", "label", "category", "genre", "value")
SEPARATORS = (";", "；", ",", "，", "、", ">", "/")
MAX_EVIDENCE = 20_000
"""Distinct values that are examined for a separator."""


def find_separator(values: pl.Series) -> str:
    """Returns the separator of the names in a column: a bar, or the first other one that separates.

    Another sign than a bar separates names if half of the values that contain it share one of the
    parts with another value; otherwise it belongs to the names, as in "Home, Garden".
    """
    distinct = unescape(values.drop_nulls().unique(maintain_order=True).head(MAX_EVIDENCE))
    distinct = distinct.filter(~distinct.str.contains(BRACKETS))
    if distinct.str.contains("|", literal=True).any():
        return "|"
    for separator in SEPARATORS:
        if _separates(distinct, separator):
            return separator
    return "|"


def _separates(distinct: pl.Series, separator: str) -> bool:
    has_separator = distinct.str.contains(separator, literal=True)
    if not has_separator.any():
        return False
    parts = (
        pl.DataFrame({"value": distinct, "has": has_separator})
        .with_columns(pl.col("value").str.split(separator).alias("part"))
        .explode("part")
        .with_columns(pl.col("part").str.strip_chars())
        .filter(pl.col("part") != "")
        .with_columns((pl.col("value").n_unique().over("part") > 1).alias("shared"))
        .filter("has")
    )
    shared = parts.group_by("value").agg(pl.col("shared").any())["shared"].mean()
    return isinstance(shared, float) and shared >= 0.5


def split_categories(values: pl.Series, separator: str = "|") -> pl.Series:
    """Splits values into names: JSON and Python lists by their syntax, others by the separator."""
    plain = unescape(values.fill_null(""))
    names = (
        plain.str.split(separator)
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.unique(maintain_order=True)
    )
    if not (is_list := plain.str.contains(BRACKETS)).any():
        return names
    written = plain.filter(is_list).unique()
    parsed = {value: parse_list(value) for value in written}
    by_value = pl.DataFrame(
        {"value": list(parsed), "parsed": list(parsed.values())},
        schema={"value": pl.String, "parsed": pl.List(pl.String)},
    )
    joined = pl.DataFrame({"value": plain, "names": names}).join(
        by_value, on="value", how="left", maintain_order="left"
    )
    return joined.select(pl.coalesce("parsed", "names").alias("names"))["names"]


def parse_list(text: str) -> list[str] | None:
    """Returns the names in a list that JSON, Python or numpy wrote; None if it is none of them."""
    text = text.strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(text)
            if isinstance(value, str) or (text[0] == "(" and not isinstance(value, tuple)):
                return None  # a name in brackets, such as (none)
            if text[0] == "[" and "' '" in text.replace("\n", " "):
                value = _quoted(text)  # numpy puts no commas between names
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            if text[0] == "(":
                return None
            value = _quoted(text) or [part.strip() for part in text[1:-1].split(",")]
    return list(dict.fromkeys(name for name in _names(value) if name))


def _quoted(text: str) -> list[str]:
    return [first or second for first, second in QUOTED.findall(text)]


def _names(value: object) -> list[str]:
    """Returns the names in a parsed value; of an object its name, else its keys."""
    if isinstance(value, dict):
        for key in NAME_KEYS:
            if isinstance(value.get(key), str):
                return [value[key].strip()]
        return [str(key).strip() for key in value if not isinstance(value[key], list | dict)]
    if isinstance(value, list | tuple | set | frozenset):
        return [name for part in value for name in _names(part)]
    return [] if value is None else [str(value).strip()]


def unescape(values: pl.Series) -> pl.Series:
    """Decodes HTML entities, such as `&amp;`, in the values that contain one."""
    has_entity = values.str.contains(ENTITY).fill_null(False)
    if not has_entity.any():
        return values
    decoded = values.filter(has_entity).map_elements(html.unescape, return_dtype=pl.String)
    return values.scatter(has_entity.arg_true(), decoded)


def drop_tags(values: pl.Series) -> pl.Series:
    """Removes the tags of values that are plainly HTML; ends of paragraphs become line breaks."""
    has_tag = values.str.contains(TAG).fill_null(False)
    if not has_tag.any():
        return values
    text = values.filter(has_tag).str.replace_all(LINE_TAG, "\n").str.replace_all(TAG, "")
    text = text.str.replace_all(r"[ \t]*\n\s*", "\n").str.strip_chars()
    return values.scatter(has_tag.arg_true(), text)
