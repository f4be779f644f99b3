"""The valid, typed tables of a dataset, and the items that they refer to.

Every `Dataset` is valid: its invalid rows are in `rejected`, and the code downstream does not check
the others again.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field

import polars as pl

from isthmus.graph.ingest.near_ids import near_ids
from isthmus.graph.ingest.readings import ColumnReading
from isthmus.graph.ingest.schema import MAX_SHOWN_CHARACTERS, TABLES, USERS, Kind


@dataclass(frozen=True)
class Dataset:
    """The valid, typed rows of a folder; every frame has the schema of its table.

    Attributes:
        items: `item_id`, `domain`, `title` ("" if missing), `text`, `categories` (a list, empty
            if missing), `published_at`, and the attributes; one row per domain and item_id.
        users: `user_id`, and the attributes; one row per user.
        interactions: `user_id`, `item_id`, `domain` (null until `resolve_items`), `weight`,
            `timestamp`, `kind`, `platform`.
        texts: `user_id`, `text`, `item_id`, `domain`, `timestamp`, `language`, `kind`.
        follows: `user_id`, `follows_id`, `weight`; one row per pair.
        accounts: `platform`, `account_id`, `user_id`; one row per platform and account_id.
        categories: `category`, `language`, `name`; one row per category and language.
        rejected: Invalid rows, schema `REJECTED`.
        rows: Number of rows read: valid, rejected and repeated.
        repeated: Number of rows that repeat an earlier row with the same key.
        readings: How the columns were understood, by table and column.
        cleaned: Number of titles and texts from which control characters were removed.

    Times are seconds since 1970 in UTC. Every frame ends with `file` and `line`, the place where a
    row was read, for errors that are found later; attributes follow.
    """

    items: pl.DataFrame
    users: pl.DataFrame
    interactions: pl.DataFrame
    texts: pl.DataFrame
    follows: pl.DataFrame
    accounts: pl.DataFrame
    categories: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    repeated: int = 0
    readings: dict[str, dict[str, ColumnReading]] = field(default_factory=dict)
    cleaned: int = 0

    def __post_init__(self) -> None:
        for name, table in TABLES.items():
            frame: pl.DataFrame = getattr(self, name)
            count = len(table.schema) if table.is_open else len(frame.columns)
            if pl.Schema(list(frame.schema.items())[:count]) != table.schema:
                raise ValueError(f"{name} has the schema {frame.schema}, not {table.schema}")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the valid rows, independent of the file format.

        Users and attributes do not count, since no edge is learned from them.
        """
        digest = hashlib.sha256()
        for name, table in TABLES.items():
            if table is USERS:
                continue
            frame: pl.DataFrame = getattr(self, name)
            flat = frame.select(
                pl.col(column.name).list.join("|")
                if column.kind is Kind.CATEGORIES
                else pl.col(column.name)
                for column in table.columns
            )
            digest.update(f"{name} {frame.height}\n".encode())
            for part in flat.iter_slices(100_000):
                # In small pieces, since a text may be long.
                for start in range(0, part.height, 1_000):
                    lines = io.BytesIO()
                    part.slice(start, 1_000).write_csv(lines, include_header=start == 0)
                    digest.update(lines.getbuffer())
        return digest.hexdigest()


def resolve_items(frame: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Finds the domain of every item that interactions or texts refer to.

    Args:
        frame: Interactions or texts. A row without an item_id is returned unchanged.
        known: `item_id` and `domain` of every item that exists, in the dataset or in the graph.

    Returns:
        The rows whose item exists, in their order, with its domain; and the others as `REJECTED`:
        the item does not exist, or its item_id exists in several domains. An id that is written
        7.0 meets 7, and 7 meets 7.0, where only the other one exists.
    """
    known = known.select("item_id", "domain").unique()
    frame = _meet_spellings(frame, known)
    domains_of_id = known.group_by("item_id").agg(
        pl.col("domain").min().alias("_domain"),
        pl.len().alias("_domains"),
        pl.col("domain").sort().str.join(", ").alias("_names"),
    )
    resolved = (
        frame.join(domains_of_id, on="item_id", how="left", maintain_order="left")
        .join(
            known.with_columns(pl.lit(True).alias("_exists")),
            on=["item_id", "domain"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.when(pl.col("item_id").is_null())
            .then(None)
            .when(pl.col("_domains").is_null())
            .then(pl.lit("there is no such item"))
            .when(pl.col("domain").is_not_null() & pl.col("_exists").is_null())
            .then(pl.format("there is no such item in {}; the id exists in {}", "domain", "_names"))
            .when(pl.col("domain").is_null() & (pl.col("_domains") > 1))
            .then(pl.format("this id exists in {}: add a column domain", "_names"))
            .alias("reason"),
            pl.coalesce("domain", "_domain").alias("domain"),
        )
    )
    rejected = _name_near_ids(resolved.filter(pl.col("reason").is_not_null()), known).select(
        "file",
        "line",
        pl.lit("item_id").alias("column"),
        pl.col("item_id").str.slice(0, MAX_SHOWN_CHARACTERS).alias("value"),
        "reason",
    )
    return resolved.filter(pl.col("reason").is_null()).select(frame.columns), rejected


def _meet_spellings(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Writes the item ids 7.0 as 7, and 7 as 7.0, where only the other spelling exists."""
    unknown = frame.select(pl.col("item_id").drop_nulls().unique()).join(
        known, on="item_id", how="anti"
    )
    whole = pl.col("item_id").str.replace(r"^(-?\d+)\.0+$", "$1")
    other = pl.when(whole == pl.col("item_id")).then(whole + ".0").otherwise(whole)
    met = unknown.with_columns(other.alias("_other")).join(
        known.select(pl.col("item_id").unique().alias("_other")), on="_other"
    )
    if met.is_empty():
        return frame
    return (
        frame.join(met, on="item_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("_other", "item_id").alias("item_id"))
        .drop("_other")
    )


def _name_near_ids(rejected: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Adds to the reason of the first rejected rows the id that was probably meant."""
    missing = rejected.filter(pl.col("reason").str.starts_with("there is no such item"))
    meant: dict[tuple[str, str | None], str] = {}
    for domain in missing["domain"].unique():
        in_domain = known if domain is None else known.filter(pl.col("domain") == domain)
        ids = missing.filter(pl.col("domain").eq_missing(domain))["item_id"]
        near = near_ids(ids, in_domain["item_id"].to_list())
        meant |= {(item_id, domain): other for item_id, other in near.items()}
    if not meant:
        return rejected
    names = pl.DataFrame(
        [(item_id, domain, other) for (item_id, domain), other in meant.items()],
        schema={"item_id": pl.String, "domain": pl.String, "_near": pl.String},
        orient="row",
    )
    return rejected.join(
        names, on=["item_id", "domain"], how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(
        pl.when(pl.col("_near").is_not_null() & pl.col("reason").str.starts_with("there is no"))
        .then(pl.format("{}; did you mean {}?", "reason", "_near"))
        .otherwise("reason")
        .alias("reason")
    )
