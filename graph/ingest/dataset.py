"""The tables of a dataset, valid and typed, and the items that they name.

A `Dataset` that exists is valid: what was wrong stands in its `rejected`, and everything downstream
trusts the rest.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from isthmus.graph.ingest.schema import SHOWN, TABLES, Kind

if TYPE_CHECKING:
    pass


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
