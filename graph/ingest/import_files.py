"""The files from which `neo4j-admin database import full` builds a graph.

They contain the same nodes and relationships as `cypher/ingest` writes, popularity included. The
ids that join the files are row numbers, one id space per label, and are not stored in the graph.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from isthmus.errors import IsthmusError
from isthmus.graph.ingest.attributes import (
    DECLARED,
    ITEM_COLUMNS,
    USER_COLUMNS,
    attribute_columns,
)
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.readings import readings_json
from isthmus.graph.ingest.rows import GraphRows
from isthmus.graph.ingest.scope import declared_rows, named_domains
from isthmus.progress import progress

ARRAY_DELIMITER = "\x1f"
"""Safe between category names, which contain no control characters."""

OPTIONS = ("--id-type=integer", "--array-delimiter=U+001F", "--bad-tolerance=0")


@dataclass(frozen=True)
class ImportFile:
    """A CSV file for the importer.

    Attributes:
        option: `--nodes=LABEL` or `--relationships=TYPE`.
        name: File name.
        frame: Rows; the column names are the header.
    """

    option: str
    name: str
    frame: pl.DataFrame


def write_files(
    rows: GraphRows, dataset: Dataset, path: Path, half_life_days: float, folder: Path
) -> list[str]:
    """Writes the import files.

    Args:
        rows: Rows of the graph.
        dataset: The tables.
        path: The folder that the tables were read from.
        half_life_days: Age at which a dated like counts half.
        folder: Existing folder to write to.

    Returns:
        The arguments of the importer: its options and the files.

    Raises:
        IsthmusError: The files cannot be written.
    """
    tables = str(path.absolute())
    files = [
        file
        for file in (
            *_node_files(rows, half_life_days, tables),
            _dataset_file(rows, dataset, tables),
            _attribute_file(rows, dataset),
            *_relationship_files(rows),
        )
        if len(file.frame)
    ]
    arguments = [*OPTIONS]
    if any(_has_line_break(file.frame) for file in files):
        # The option slows the import down, so it is set only if a value has a line break.
        arguments.append("--multiline-fields=true")
    with progress("write import files", sum(len(file.frame) for file in files), "rows") as advance:
        for file in files:
            try:
                file.frame.write_csv(folder / file.name)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise IsthmusError(
                    f"The import files cannot be written to {folder}: {error}.",
                    "Free disk space, or set ISTHMUS_HOME to a folder on another disk.",
                ) from error
            arguments.append(f"{file.option}={folder / file.name}")
            advance(len(file.frame))
    return arguments


def _item_popularity(rows: GraphRows, half_life_days: float) -> pl.DataFrame:
    """Computes `newest_at`, `likes`, `most_likes` and `popularity` by item `key` and `domain`.

    It computes what the statements `ingest/newest`, `likes`, `most_likes` and `popularity` compute,
    so that the imported graph never lacks its popularity.
    """
    item_domains = rows.items.select("key", "domain")
    interactions = rows.interactions.join(item_domains, on="key")
    newest = interactions.group_by("domain").agg(pl.col("last_at").max().alias("newest_at"))
    age_seconds = pl.col("newest_at") // 1000 - pl.col("last_at") // 1000
    decay = pl.lit(0.5).pow(age_seconds / 86_400 / half_life_days).fill_null(1.0)
    likes = (
        interactions.filter(pl.col("weight") > 0)
        .join(newest, on="domain")
        .group_by("key")
        .agg(decay.sum().alias("likes"))
    )
    return (
        item_domains.join(newest, on="domain", how="left", maintain_order="left")
        .join(likes, on="key", how="left", maintain_order="left")
        .with_columns(pl.col("likes").fill_null(0.0))
        .with_columns(pl.col("likes").max().over("domain").alias("most_likes"))
        .with_columns(
            pl.when(pl.col("most_likes") > 0)
            .then(pl.col("likes").log1p() / pl.col("most_likes").log1p())
            .otherwise(0.0)
            .alias("popularity")
        )
    )


def _node_files(rows: GraphRows, half_life_days: float, tables: str) -> list[ImportFile]:
    popularity = _item_popularity(rows, half_life_days)
    items = rows.items.join(popularity.drop("domain"), on="key", maintain_order="left").select(
        "key",
        "domain",
        "item_id",
        "title",
        "text",
        pl.col("categories").list.join(ARRAY_DELIMITER).alias("categories:string[]"),
        _datetime("published_at"),
        pl.col("likes").alias("likes:double"),
        pl.col("popularity").alias("popularity:double"),
        *_attributes(rows.items, ITEM_COLUMNS),
    )
    users = rows.users.select(pl.col("user_id").alias("id"), *_attributes(rows.users, USER_COLUMNS))
    domains = (
        _domains(rows)
        .join(popularity, on="domain", maintain_order="left")
        .unique("domain", maintain_order=True)
        .select(
            pl.col("domain").alias("name"),
            _datetime("newest_at"),
            pl.col("most_likes").alias("most_likes:double"),
        )
    )
    texts = rows.texts.select(
        "id",
        "kind",
        "language",
        _datetime("written_at"),
        "sha256",
        pl.col("item_key").alias("item"),
        "text",
        pl.lit(tables).alias("tables"),
    )
    return [
        _node_file("User", users),
        _node_file("Item", items),
        _node_file("Domain", domains),
        _node_file("Text", texts),
        _node_file("Account", rows.accounts.select("key")),
        _node_file("CategoryName", rows.category_names),
    ]


def _dataset_file(rows: GraphRows, dataset: Dataset, tables: str) -> ImportFile:
    now = int(datetime.now(UTC).timestamp() * 1000)
    frame = pl.DataFrame(
        {
            "path": [tables],
            "fingerprint": [dataset.fingerprint],
            "readings": [readings_json(dataset.readings)],
            "domains:string[]": [ARRAY_DELIMITER.join(named_domains(rows))],
            "loaded_at": [now],
        }
    )
    return _node_file("Dataset", frame.with_columns(_datetime("loaded_at")).drop("loaded_at"))


def _attributes(frame: pl.DataFrame, own: Collection[str]) -> list[pl.Expr]:
    """Returns the columns of the attributes, with the types of the importer in their names."""
    columns = []
    for name, kind in attribute_columns(frame, own).items():
        column = pl.col(name)
        match kind:
            case "boolean":
                columns.append(column.cast(pl.String).alias(f"{name}:boolean"))
            case "number":
                is_whole = frame.schema[name] == pl.Int64
                columns.append(column.alias(f"{name}:{'long' if is_whole else 'double'}"))
            case "datetime":
                columns.append(_datetime(name, column.dt.epoch("ms")))
            case "list":
                columns.append(column.list.join(ARRAY_DELIMITER).alias(f"{name}:string[]"))
            case _:
                columns.append(column)
    return columns


def _attribute_file(rows: GraphRows, dataset: Dataset) -> ImportFile:
    declared = pl.DataFrame(declared_rows(rows, dataset), schema=DECLARED)
    key = pl.concat_str("label", "name", separator=".").alias("key")
    return _node_file("Attribute", declared.select(key, *DECLARED))


def _relationship_files(rows: GraphRows) -> list[ImportFile]:
    users = rows.users.with_row_index("number")
    items = rows.items.select("key", "domain").with_row_index("number")
    domains = _domains(rows).with_row_index("number")
    interacted = (
        rows.interactions.join(_start_ids(users, "User", "user_id"), on="user_id")
        .join(_end_ids(items, "Item", "key"), on="key")
        .select(
            ":START_ID(User)",
            ":END_ID(Item)",
            pl.col("weight").alias("weight:double"),
            pl.col("count").alias("count:long"),
            "kind",
            "platform",
            "account",
            _datetime("first_at"),
            _datetime("last_at"),
        )
    )
    in_domain = items.select(pl.col("number").alias(":START_ID(Item)"), "domain").join(
        _end_ids(domains, "Domain", "domain"), on="domain"
    )
    wrote = (
        rows.texts.select("user_id")
        .with_row_index(":END_ID(Text)")
        .join(_start_ids(users, "User", "user_id"), on="user_id")
    )
    account_of = (
        rows.accounts.select("user_id")
        .with_row_index(":START_ID(Account)")
        .join(_end_ids(users, "User", "user_id"), on="user_id")
    )
    follows = rows.follows.join(_start_ids(users, "User", "user_id"), on="user_id").join(
        _end_ids(users.rename({"user_id": "follows_id"}), "User", "follows_id"), on="follows_id"
    )
    return [
        _relationship_file("INTERACTED", interacted),
        _relationship_file("IN_DOMAIN", in_domain.drop("domain")),
        _relationship_file("WROTE", wrote.drop("user_id")),
        _relationship_file("OF", account_of.drop("user_id")),
        _relationship_file(
            "FOLLOWS", follows.drop("user_id", "follows_id").rename({"weight": "weight:double"})
        ),
    ]


def _domains(rows: GraphRows) -> pl.DataFrame:
    return rows.items.select(pl.col("domain").unique().sort())


def _node_file(label: str, frame: pl.DataFrame) -> ImportFile:
    """Returns a file of nodes, with the row number as their id."""
    nodes = frame.with_row_index(f":ID({label})")
    return ImportFile(f"--nodes={label}", f"{label.lower()}.csv", nodes)


def _relationship_file(kind: str, frame: pl.DataFrame) -> ImportFile:
    return ImportFile(f"--relationships={kind}", f"{kind.lower()}.csv", frame)


def _start_ids(nodes: pl.DataFrame, label: str, key: str) -> pl.DataFrame:
    """Maps the key of each node to its number as the start of a relationship."""
    return nodes.select(key, pl.col("number").alias(f":START_ID({label})"))


def _end_ids(nodes: pl.DataFrame, label: str, key: str) -> pl.DataFrame:
    """Maps the key of each node to its number as the end of a relationship."""
    return nodes.select(key, pl.col("number").alias(f":END_ID({label})"))


def _datetime(name: str, milliseconds: pl.Expr | None = None) -> pl.Expr:
    """Formats milliseconds since 1970, by default of the column, as a date-time in UTC."""
    column = pl.col(name) if milliseconds is None else milliseconds
    moment = pl.from_epoch(column, time_unit="ms")
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").alias(f"{name}:datetime")


def _has_line_break(frame: pl.DataFrame) -> bool:
    has_break = frame.select(pl.col(pl.String).str.contains(r"[\r\n]").any())
    return any(value for row in has_break.rows() for value in row)
