"""The files that `neo4j-admin database import full` makes a graph from.

They hold the same nodes and relationships as `cypher/ingest` writes, popularity included. Ids that
join them are row numbers, each kind of node in a space of its own, and do not get into the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from isthmus.errors import IsthmusError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.rows import Rows
from isthmus.progress import progress

SEPARATOR = "\x1f"
"""Between the names of a list: no name holds a control character."""

OPTIONS = ("--id-type=integer", "--array-delimiter=U+001F", "--bad-tolerance=0")


@dataclass(frozen=True)
class ImportFile:
    """A file and what it holds.

    Attributes:
        option: `--nodes=LABEL` or `--relationships=TYPE`.
        name: Of the file.
        frame: Its rows; the columns' names are its header.
    """

    option: str
    name: str
    frame: pl.DataFrame


def write_files(
    rows: Rows, dataset: Dataset, path: Path, half_life_days: float, folder: Path
) -> list[str]:
    """Writes the files; returns the options and files that the import takes.

    Args:
        rows: What goes in.
        dataset: The tables.
        path: The folder that they came from.
        half_life_days: Age at which a dated like counts half.
        folder: Where to; it exists.

    Raises:
        IsthmusError: The files cannot be written.
    """
    tables = str(path.absolute())
    files = [
        file
        for file in (
            *_nodes(rows, half_life_days, tables),
            _dataset(dataset, tables),
            *_relationships(rows),
        )
        if len(file.frame)
    ]
    arguments = [*OPTIONS]
    if any(_has_line_break(file.frame) for file in files):
        arguments.append("--multiline-fields=true")  # which costs time, so only where it must be
    with progress("write import files", sum(len(file.frame) for file in files), "rows") as advance:
        for file in files:
            try:
                file.frame.write_csv(folder / file.name)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise IsthmusError(
                    f"The files to import cannot be written to {folder}: {error}.",
                    "Make room, or set ISTHMUS_HOME to a disk that has some.",
                ) from error
            arguments.append(f"{file.option}={folder / file.name}")
            advance(len(file.frame))
    return arguments


def _popularity(rows: Rows, half_life_days: float) -> pl.DataFrame:
    """`key`, `domain`, `newest_at`, `likes`, `most_likes` and `popularity` of every item.

    That is what `ingest/newest`, `likes`, `most_likes` and `popularity` say, in arrays: an import
    leaves no moment at which the graph is there and its popularity is not.
    """
    in_domains = rows.items.select("key", "domain")
    pairs = rows.interactions.join(in_domains, on="key")
    newest = pairs.group_by("domain").agg(pl.col("last_at").max().alias("newest_at"))
    seconds = pl.col("newest_at") // 1000 - pl.col("last_at") // 1000
    counted = (
        pairs.filter(pl.col("weight") > 0)
        .join(newest, on="domain")
        .group_by("key")
        .agg(pl.lit(0.5).pow(seconds / 86_400 / half_life_days).fill_null(1.0).sum().alias("likes"))
    )
    return (
        in_domains.join(newest, on="domain", how="left", maintain_order="left")
        .join(counted, on="key", how="left", maintain_order="left")
        .with_columns(pl.col("likes").fill_null(0.0))
        .with_columns(pl.col("likes").max().over("domain").alias("most_likes"))
        .with_columns(
            pl.when(pl.col("most_likes") > 0)
            .then((1 + pl.col("likes")).log() / (1 + pl.col("most_likes")).log())
            .otherwise(0.0)
            .alias("popularity")
        )
    )


def _nodes(rows: Rows, half_life_days: float, tables: str) -> list[ImportFile]:
    popularity = _popularity(rows, half_life_days)
    items = rows.items.join(popularity.drop("domain"), on="key", maintain_order="left").select(
        "key",
        "domain",
        "item_id",
        "title",
        "text",
        pl.col("categories").list.join(SEPARATOR).alias("categories:string[]"),
        _date("published_at"),
        pl.col("likes").alias("likes:double"),
        pl.col("popularity").alias("popularity:double"),
    )
    domains = (
        _domains(rows)
        .join(popularity, on="domain", maintain_order="left")
        .unique("domain", maintain_order=True)
        .select(
            pl.col("domain").alias("name"),
            _date("newest_at"),
            pl.col("most_likes").alias("most_likes:double"),
        )
    )
    texts = rows.texts.select(
        "id",
        "kind",
        "language",
        _date("written_at"),
        "sha256",
        pl.col("item_key").alias("item"),
        "text",
        pl.lit(tables).alias("tables"),
    )
    return [
        _numbered("User", rows.users.rename({"user_id": "id"})),
        _numbered("Item", items),
        _numbered("Domain", domains),
        _numbered("Text", texts),
        _numbered("Account", rows.accounts.select("key")),
    ]


def _dataset(dataset: Dataset, tables: str) -> ImportFile:
    now = int(datetime.now(UTC).timestamp() * 1000)
    frame = pl.DataFrame(
        {"path": [tables], "fingerprint": [dataset.fingerprint], "loaded_at": [now]}
    )
    return _numbered("Dataset", frame.with_columns(_date("loaded_at")).drop("loaded_at"))


def _relationships(rows: Rows) -> list[ImportFile]:
    users = rows.users.with_row_index("number")
    items = rows.items.select("key", "domain").with_row_index("number")
    domains = _domains(rows).with_row_index("number")
    interacted = (
        rows.interactions.join(_start(users, "User", "user_id"), on="user_id")
        .join(_end(items, "Item", "key"), on="key")
        .select(
            ":START_ID(User)",
            ":END_ID(Item)",
            pl.col("weight").alias("weight:double"),
            pl.col("count").alias("count:long"),
            "kind",
            _date("first_at"),
            _date("last_at"),
        )
    )
    in_domain = items.select(pl.col("number").alias(":START_ID(Item)"), "domain").join(
        _end(domains, "Domain", "domain"), on="domain"
    )
    wrote = (
        rows.texts.select("user_id")
        .with_row_index(":END_ID(Text)")
        .join(_start(users, "User", "user_id"), on="user_id")
    )
    owned = (
        rows.accounts.select("user_id")
        .with_row_index(":START_ID(Account)")
        .join(_end(users, "User", "user_id"), on="user_id")
    )
    follows = rows.follows.join(_start(users, "User", "user_id"), on="user_id").join(
        _end(users.rename({"user_id": "follows_id"}), "User", "follows_id"), on="follows_id"
    )
    return [
        _linked("INTERACTED", interacted),
        _linked("IN_DOMAIN", in_domain.drop("domain")),
        _linked("WROTE", wrote.drop("user_id")),
        _linked("OF", owned.drop("user_id")),
        _linked(
            "FOLLOWS", follows.drop("user_id", "follows_id").rename({"weight": "weight:double"})
        ),
    ]


def _domains(rows: Rows) -> pl.DataFrame:
    return rows.items.select(pl.col("domain").unique().sort())


def _numbered(label: str, frame: pl.DataFrame) -> ImportFile:
    """A file of nodes, each with the number of its row."""
    numbered = frame.with_row_index(f":ID({label})")
    return ImportFile(f"--nodes={label}", f"{label.lower()}.csv", numbered)


def _linked(kind: str, frame: pl.DataFrame) -> ImportFile:
    return ImportFile(f"--relationships={kind}", f"{kind.lower()}.csv", frame)


def _start(nodes: pl.DataFrame, label: str, key: str) -> pl.DataFrame:
    """Key of a node to its number, as where a relationship starts."""
    return nodes.select(key, pl.col("number").alias(f":START_ID({label})"))


def _end(nodes: pl.DataFrame, label: str, key: str) -> pl.DataFrame:
    """Key of a node to its number, as where a relationship ends."""
    return nodes.select(key, pl.col("number").alias(f":END_ID({label})"))


def _date(name: str) -> pl.Expr:
    """Milliseconds since 1970 as a date-time in UTC."""
    moment = pl.from_epoch(name, time_unit="ms")
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").alias(f"{name}:datetime")


def _has_line_break(frame: pl.DataFrame) -> bool:
    texts = frame.select(pl.col(pl.String).str.contains(r"[\r\n]").any())
    return any(value for row in texts.rows() for value in row)
