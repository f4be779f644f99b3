"""The schema of the input: the tables that a dataset may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl

MAX_ID = 512
MAX_NAME = 128
MAX_TEXT = 131_072
"""Maximum characters of a field; the limit of the csv module, applied to every format."""
MAX_WEIGHT = 1e9
MAX_SHOWN_CHARACTERS = 200
"""Maximum characters of an invalid value that the quarantine file shows."""


class Kind(Enum):
    """The kind of values in a column, which decides how they are parsed and validated."""

    ID = "an id: text or a whole number, without control characters"
    NAME = "the name of a domain or a platform: an id without a colon"
    LABEL = "a short text on one line"
    TEXT = "a text"
    NUMBER = "a finite number"
    TIME = "a time: ISO date or date-time, or seconds or milliseconds since 1970"
    CATEGORIES = "names separated by |"


DTYPES: dict[Kind, pl.DataType] = {
    Kind.ID: pl.String(),
    Kind.NAME: pl.String(),
    Kind.LABEL: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.NUMBER: pl.Float64(),
    Kind.TIME: pl.Float64(),
    Kind.CATEGORIES: pl.List(pl.String()),
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Name in the header.
        kind: Kind of its values.
        required: Whether the table must have the column and every row a value.
        low: Minimum of a number.
        high: Maximum of a number.
        default: Value of a row that has none.
    """

    name: str
    kind: Kind
    required: bool = False
    low: float = -MAX_WEIGHT
    high: float = MAX_WEIGHT
    default: str | float | None = None


@dataclass(frozen=True)
class Table:
    """The schema of a file.

    Attributes:
        name: File name without its extensions.
        columns: Columns in order.
        key: Columns whose values are unique together; empty if rows may repeat.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Types of a valid frame: the columns, then `file` and `line` of the row."""
        types = {column.name: DTYPES[column.kind] for column in self.columns}
        return pl.Schema(types | {"file": pl.String(), "line": pl.Int64()})


ITEMS = Table(
    "items",
    (
        Column("item_id", Kind.ID, required=True),
        Column("domain", Kind.NAME, required=True),
        Column("title", Kind.TEXT, default=""),
        Column("text", Kind.TEXT),
        Column("categories", Kind.CATEGORIES),
        Column("published_at", Kind.TIME),
    ),
    key=("domain", "item_id"),
)
INTERACTIONS = Table(
    "interactions",
    (
        Column("user_id", Kind.ID, required=True),
        Column("item_id", Kind.ID, required=True),
        Column("domain", Kind.NAME),
        Column("weight", Kind.NUMBER, default=1.0),
        Column("timestamp", Kind.TIME),
        Column("kind", Kind.LABEL),
        Column("platform", Kind.NAME),
    ),
)
TEXTS = Table(
    "texts",
    (
        Column("user_id", Kind.ID, required=True),
        Column("text", Kind.TEXT, required=True),
        Column("item_id", Kind.ID),
        Column("domain", Kind.NAME),
        Column("timestamp", Kind.TIME),
        Column("language", Kind.LABEL),
        Column("kind", Kind.LABEL),
    ),
)
FOLLOWS = Table(
    "follows",
    (
        Column("user_id", Kind.ID, required=True),
        Column("follows_id", Kind.ID, required=True),
        Column("weight", Kind.NUMBER, default=1.0),
    ),
    key=("user_id", "follows_id"),
)
ACCOUNTS = Table(
    "accounts",
    (
        Column("platform", Kind.NAME, required=True),
        Column("account_id", Kind.ID, required=True),
        Column("user_id", Kind.ID, required=True),
    ),
    key=("platform", "account_id"),
)
CATEGORIES = Table(
    "categories",
    (
        Column("category", Kind.LABEL, required=True),
        Column("language", Kind.LABEL, required=True),
        Column("name", Kind.LABEL, required=True),
    ),
    key=("category", "language"),
)
EVENTS = Table("events", (*INTERACTIONS.columns, Column("event_id", Kind.ID)))
"""Live interactions; an event that is sent twice with the same event_id counts once."""
TABLES = {
    table.name: table for table in (ITEMS, INTERACTIONS, TEXTS, FOLLOWS, ACCOUNTS, CATEGORIES)
}
REJECTED = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "column": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
    }
)
"""An invalid row: file and line, column (null for the row as a whole), value, and reason.

`line` is the first line of the row in the file, or in Parquet the row number, from 1.
"""
