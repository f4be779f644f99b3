"""Attributes: the columns of items and users that isthmus itself does not read.

An attribute has one type in all files of a load, and a property of its own name at the nodes. The
name is a Python identifier, so that a filter can name it, and none of the properties of isthmus.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Collection, Mapping

import polars as pl

from isthmus.graph.ingest.schema import ITEMS, USERS

MAX_ATTRIBUTES = 50
"""Of a table; further columns are not read."""
MAX_VALUE = 500
"""Characters of a text; a longer one is what people wrote, and its column no attribute."""
MAX_PROPERTY = 64

TYPES: dict[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "number": pl.Float64(),
    "datetime": pl.Datetime("ms", "UTC"),
    "text": pl.String(),
    "list": pl.List(pl.String()),
}
"""The types of attributes; a column of whole numbers has the type Int64."""
LABELS = {"items": "Item", "users": "User"}
"""The label of the nodes that have the attributes of a table."""
ITEM_COLUMNS = ("key", "domain", "item_id", "title", "text", "categories", "published_at")
USER_COLUMNS = ("user_id",)
"""Columns of the rows of a graph that are not attributes."""
DECLARED = pl.Schema({name: pl.String() for name in ("label", "name", "column", "type")})
_WORDS = {"true", "false", "null", "none"}
"""What a filter reads as a value."""
RESERVED = frozenset(
    {column.name for table in (ITEMS, USERS) for column in table.columns}
    | {"id", "key", "likes", "popularity", "held", "embedding", "file", "line"}
)
"""Properties of isthmus, and columns of its frames."""


def property_name(column: str) -> str:
    """Returns the property for a column: an identifier that is no property of isthmus.

    `Price (EUR)` becomes `Price_EUR`, `价格` stays, `likes` becomes `likes_`.
    """
    text = unicodedata.normalize("NFKC", column).strip()
    safe = "".join(sign if f"a{sign}".isidentifier() else "_" for sign in text)
    name = "_".join(part for part in safe.split("_") if part)[:MAX_PROPERTY]
    if not name.isidentifier():
        name = f"_{name}" if name else "column"
    if name.casefold() in RESERVED | _WORDS or keyword.iskeyword(name):
        name += "_"
    return name


def attribute_type(dtype: pl.DataType) -> str:
    """Returns the type of an attribute by that of its column in a frame."""
    if dtype == pl.Int64:
        return "number"
    return next(name for name, own in TYPES.items() if own == dtype)


def attribute_columns(frame: pl.DataFrame, own: Collection[str]) -> dict[str, str]:
    """Returns the types of the columns of a frame that are attributes, all but its own."""
    return {name: attribute_type(dtype) for name, dtype in frame.schema.items() if name not in own}


def cast_attributes(
    frame: pl.DataFrame, own: Collection[str], declared: Mapping[str, str]
) -> pl.DataFrame:
    """Returns a frame with the attributes as texts or lists that a graph has as such.

    Args:
        frame: Rows of a graph.
        own: Its columns that are not attributes.
        declared: Types of the attributes of the graph.
    """
    casts = []
    for name, kind in attribute_columns(frame, own).items():
        wanted = declared.get(name)
        if wanted not in ("text", "list") or kind == wanted or kind == "list":
            continue
        text = pl.col(name).cast(pl.String)
        if kind == "datetime":
            text = pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        is_list = wanted == "list"
        casts.append(pl.when(text.is_not_null()).then(pl.concat_list(text)) if is_list else text)
        casts[-1] = casts[-1].alias(name)
    return frame.with_columns(casts)


def pack_attributes(frame: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """Returns a frame with its attributes in one column of maps; times are milliseconds."""
    kinds = attribute_columns(frame, own)
    values = [
        pl.col(name).dt.epoch("ms") if kind == "datetime" else pl.col(name)
        for name, kind in kinds.items()
    ]
    packed = pl.struct(values) if values else pl.lit(None)
    return frame.select(*own, packed.alias("attributes"))
