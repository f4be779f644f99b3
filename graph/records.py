"""The vocabulary of what goes in: items, interactions, texts, follows, accounts.

The five tables and their columns are named here once. A `Dataset` that exists is valid: what was
wrong stands in its `rejected`, and everything downstream trusts the rest.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import polars as pl

from isthmus.errors import InputError, IsthmusError

if TYPE_CHECKING:
    from pathlib import Path

MAX_ID = 512
MAX_NAME = 128
MAX_TEXT = 131_072
"""Characters of a field, at most; the csv module's own limit, held for every format."""
MAX_WEIGHT = 1e9
SHOWN = 200
"""Characters of a wrong value that the quarantine file shows."""


class Kind(Enum):
    """What a column holds, and so how it is read and what it refuses."""

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
        name: As the header spells it.
        kind: What it holds.
        required: Whether the table must have it and every row a value in it.
        low: Least number.
        high: Greatest number.
        default: What stands where a row has no value.
    """

    name: str
    kind: Kind
    required: bool = False
    low: float = -MAX_WEIGHT
    high: float = MAX_WEIGHT
    default: str | float | None = None


@dataclass(frozen=True)
class Table:
    """A table that files are read as.

    Attributes:
        name: The file's name without its endings.
        columns: In order.
        key: Columns of which no two rows may hold the same; empty where rows may repeat.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Types of a valid frame: the columns, then `file` and `line` where the row was read."""
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
EVENTS = Table("events", (*INTERACTIONS.columns, Column("event_id", Kind.ID)))
"""Interactions as they happen; with an id, an event that is sent twice counts once."""
TABLES = {table.name: table for table in (ITEMS, INTERACTIONS, TEXTS, FOLLOWS, ACCOUNTS)}

REJECTED = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "column": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
    }
)
"""A wrong row: where it stands, the column (null for the row as a whole), its value, and why.

`line` is the first line of the row in the file; in Parquet the row's number from 1.
"""


@dataclass(frozen=True)
class Dataset:
    """What a folder holds, valid and typed; every frame has the schema of its table.

    Attributes:
        items: `item_id`, `domain`, `title` ("" where it has none), `text`, `categories`
            (a list, empty where it has none), `published_at`; one row a domain and item_id.
        interactions: `user_id`, `item_id`, `domain` (null until `resolve_items`), `weight`,
            `timestamp`, `kind`, `platform`.
        texts: `user_id`, `text`, `item_id`, `domain`, `timestamp`, `language`, `kind`.
        follows: `user_id`, `follows_id`, `weight`; one row a pair.
        accounts: `platform`, `account_id`, `user_id`; one row a platform and account_id.
        rejected: Wrong rows, schema `REJECTED`.
        rows: Rows read in all: valid, rejected and repeated.
        repeated: Rows that said again what an earlier row of the same key says.

    Times are seconds since 1970 in UTC. Every frame ends with `file` and `line`, where a row was
    read, for what is found wrong with it later.
    """

    items: pl.DataFrame
    interactions: pl.DataFrame
    texts: pl.DataFrame
    follows: pl.DataFrame
    accounts: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    repeated: int = 0

    def __post_init__(self) -> None:
        for name, table in TABLES.items():
            frame: pl.DataFrame = getattr(self, name)
            if frame.schema != table.schema:
                raise ValueError(f"{name} has the schema {frame.schema}, not {table.schema}")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the valid rows: the same in whatever format the files hold them."""
        digest = hashlib.sha256()
        for name, table in TABLES.items():
            frame: pl.DataFrame = getattr(self, name)
            flat = frame.select(
                pl.col(column.name).list.join("|")
                if column.kind is Kind.CATEGORIES
                else pl.col(column.name)
                for column in table.columns
            )
            digest.update(f"{name} {frame.height}\n".encode())
            for part in flat.iter_slices(100_000):
                lines = io.BytesIO()
                part.write_csv(lines)
                digest.update(lines.getbuffer())
        return digest.hexdigest()


def resolve_items(frame: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Finds the domain of every item that interactions or texts name.

    Args:
        frame: Interactions or texts. A row without an item_id names none and stays as it is.
        known: `item_id` and `domain` of every item that exists, in the dataset or in the graph.

    Returns:
        The rows whose item is known, in their order, with its domain; and the others as `REJECTED`:
        an item that does not exist, or an item_id that stands in several domains.
    """
    known = known.select("item_id", "domain").unique()
    one = known.group_by("item_id").agg(
        pl.col("domain").min().alias("_domain"),
        pl.len().alias("_domains"),
        pl.col("domain").sort().str.join(", ").alias("_names"),
    )
    found = (
        frame.join(one, on="item_id", how="left", maintain_order="left")
        .join(
            known.with_columns(pl.lit(True).alias("_named")),
            on=["item_id", "domain"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.when(pl.col("item_id").is_null())
            .then(None)
            .when(pl.col("_domains").is_null())
            .then(pl.lit("there is no such item"))
            .when(pl.col("domain").is_not_null() & pl.col("_named").is_null())
            .then(pl.format("there is no such item in {}, it stands in {}", "domain", "_names"))
            .when(pl.col("domain").is_null() & (pl.col("_domains") > 1))
            .then(pl.format("this id stands in {}: add a column domain", "_names"))
            .alias("reason"),
            pl.coalesce("domain", "_domain").alias("domain"),
        )
    )
    wrong = found.filter(pl.col("reason").is_not_null()).select(
        "file",
        "line",
        pl.lit("item_id").alias("column"),
        pl.col("item_id").str.slice(0, SHOWN).alias("value"),
        "reason",
    )
    return found.filter(pl.col("reason").is_null()).select(frame.columns), wrong


def write_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Writes the wrong rows as JSON Lines, whole or not at all; without any, no file stays.

    Raises:
        IsthmusError: The file cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if rejected.is_empty():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            rejected.select(REJECTED.names()).write_ndjson(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def append_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Adds wrong rows of a stream to those that are in the file.

    Raises:
        IsthmusError: The file cannot be written.
    """
    if rejected.is_empty():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            rejected.select(REJECTED.names()).write_ndjson(file)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> IsthmusError:
    return IsthmusError(
        f"The wrong rows cannot be written to {path}: {error.strerror or error}.",
        "Make room, or name a folder that may be written.",
    )


def check_share(rejected: pl.DataFrame, rows: int, max_share: float, quarantine: Path) -> None:
    """Stops where too many rows are wrong; called before anything is written to the graph.

    Args:
        rejected: Wrong rows, schema `REJECTED`.
        rows: Rows read in all.
        max_share: Wrong rows over all rows, at most.
        quarantine: Where the wrong rows were written, for the sentence.

    Raises:
        InputError: More are wrong; it shows the first three.
    """
    if rejected.height <= max_share * rows:
        return
    first = "\n".join(f"  {describe(row)}" for row in rejected.head(3).iter_rows(named=True))
    raise InputError(
        f"{rejected.height:,} of {rows:,} rows are wrong, more than {max_share:.0%}; nothing was "
        f"loaded. The first:\n{first}\n",
        f"All of them are in {quarantine}. Correct them, or raise the setting max_rejected_share.",
    )


def describe(rejected: dict[str, object]) -> str:
    """A wrong row, as `REJECTED` names its fields, as a sentence without a full stop."""
    where = f"{rejected['file']}, line {rejected['line']}"
    if rejected["column"] is None:
        return f"{where}: {rejected['reason']}"
    if rejected["value"] is None:
        return f"{where}: {rejected['column']} {rejected['reason']}"
    return f"{where}: {rejected['column']} {str(rejected['value'])!r}: {rejected['reason']}"
