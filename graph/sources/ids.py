"""Ids, names and missing values: one spelling for what is the same to the eye."""

from __future__ import annotations

import polars as pl

MISSING_IN_IDS = ("\\N", "NULL", "NaN", "nan", "<NA>")
"""Words for a missing value that nobody uses as an id."""
MISSING_WORDS = (
    *MISSING_IN_IDS,
    *("null", "None", "none", "NaT", "n/a", "N/A", "NA", "#N/A", "#NULL!", "-"),
)
"""Words for a missing value in every column but ids, titles and texts."""

FEW = 16
"""Values up to which a loop is faster than an expression."""

INVISIBLE = r"\p{Cf}"
"""Format characters, such as the zero-width space; none of them can be seen in an id."""
WHOLE_FLOAT = r"^-?\d+\.0+$"
FRACTION = r"^-?\d*\.\d*[1-9]\d*$"
SCIENTIFIC = r"^-?\d(?:[.,]\d+)?[eE]\+\d+$"
SCIENTIFIC_REASON = (
    "is a number in scientific notation, which has lost its last digits: format the column as text "
    "in the spreadsheet, and export it again"
)


def is_ascii(values: pl.Series) -> bool:
    """Whether every value consists of ASCII characters, which need no normalisation."""
    return bool(values.str.len_bytes().sum() == values.str.len_chars().sum())


def strip(values: pl.Series) -> pl.Series:
    """Removes blanks around values; an empty value becomes null."""
    values = values.str.strip_chars()
    return values.set(values == "", None) if len(values) else values


def drop_missing_words(values: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Replaces the words for a missing value by null."""
    if len(values) <= FEW and not any(value in words for value in values.to_list()):
        return values  # a single event has to be fast
    is_word = values.is_in(words).fill_null(False)
    return values.set(is_word, None) if is_word.any() else values


def normalise_ids(values: pl.Series) -> pl.Series:
    """Composes characters (NFC), and removes those that nobody can see."""
    if is_ascii(values):
        return values
    visible = values.str.replace_all(INVISIBLE, "").str.strip_chars().str.normalize("NFC")
    return visible.set(visible == "", None)


def has_whole_floats(values: pl.Series) -> bool:
    """Whether numbers are written 7.0 and none has decimals: they are whole numbers."""
    if not values.str.contains(".", literal=True).any():
        return False
    return bool(values.str.contains(WHOLE_FLOAT).any() and not values.str.contains(FRACTION).any())


def drop_zero_decimals(values: pl.Series) -> pl.Series:
    """Writes 7.0 as 7."""
    return values.str.replace(r"^(-?\d+)\.0+$", "$1")
