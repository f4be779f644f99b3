"""Converts validated tables to the rows of a graph, one per node or relationship."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.database import BATCH_ROWS, Graph
from isthmus.graph.ingest.attributes import attribute_columns
from isthmus.graph.ingest.changes import Changes, IngestSummary
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rejected import check_rejected_share, first_reasons, write_rejected
from isthmus.graph.ingest.schema import ITEMS, USERS
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


@dataclass(frozen=True)
class GraphRows:
    """The rows that a load writes, one per node or relationship, as `cypher/ingest` takes them.

    Attributes:
        items: `key`, `domain`, `item_id`, `title`, `text`, `categories` (null if there are none),
            `published_at`, and the attributes.
        users: `user_id`, ascending, and the attributes.
        interactions: Result of `aggregate_interactions`.
        texts: Result of `build_text_rows`.
        accounts: `key`, `user_id`.
        follows: `user_id`, `follows_id`, `weight`.
        category_names: `category` (without case), `language`, `name`.
        rejected: Invalid rows, as `REJECTED`.
        repeated: Number of valid rows of interactions and texts that repeat another one: of the
            same user and item, or the same text.
        cleaned: Number of titles and texts from which control characters were removed.
    """

    items: pl.DataFrame
    users: pl.DataFrame
    interactions: pl.DataFrame
    texts: pl.DataFrame
    accounts: pl.DataFrame
    follows: pl.DataFrame
    category_names: pl.DataFrame
    rejected: pl.DataFrame
    repeated: dict[str, int]
    cleaned: int = 0

    def summary(
        self,
        start: float,
        settings: Settings,
        changes: dict[str, Changes],
        command: str | None = None,
    ) -> IngestSummary:
        """Returns the counts of a completed load.

        Args:
            start: `time.monotonic()` at the start of the load.
            settings: `home` of the quarantine.
            changes: What the load changed, by table.
            command: Import command to run on the machine of an external server.
        """
        return IngestSummary(
            users=len(self.users),
            items=len(self.items),
            interactions=len(self.interactions),
            texts=len(self.texts),
            rejected=len(self.rejected),
            seconds=round(time.monotonic() - start, 3),
            quarantine=str(quarantine_file(settings)) if len(self.rejected) else None,
            command=command,
            changes=changes,
            cleaned=self.cleaned,
        )

    def tables(self) -> dict[str, pl.DataFrame]:
        """Returns the rows by the name that the summary has for them."""
        return {
            "items": self.items,
            "users": self.users,
            "interactions": self.interactions,
            "texts": self.texts,
            "accounts": self.accounts,
            "follows": self.follows,
            "categories": self.category_names,
        }


def build_rows(
    dataset: Dataset,
    settings: Settings,
    graph: Graph | None = None,
    replaced_domains: Collection[str] = (),
) -> GraphRows:
    """Converts tables to the rows of a graph; writes nothing.

    Args:
        dataset: Valid tables.
        settings: `keep_text`.
        graph: The graph whose items and accounts the tables may refer to; None if it is empty.
        replaced_domains: Domains of whose items the tables may only refer to their own.
    """
    known = dataset.items if graph is None else known_items(graph, dataset, replaced_domains)
    interactions, rejected_interactions = resolve_items(dataset.interactions, known)
    texts, rejected_texts = resolve_items(dataset.texts, known)
    if graph is None:
        owners = account_owners(dataset.accounts)
    else:
        owners = known_owners(graph, interactions, dataset.accounts)
    pairs = aggregate_interactions(replace_accounts(interactions, owners))
    text_rows = build_text_rows(texts, settings.keep_text)
    return GraphRows(
        items=_item_rows(dataset.items),
        users=_user_rows(all_users(pairs, text_rows, dataset), dataset.users),
        interactions=pairs,
        texts=text_rows,
        accounts=account_owners(dataset.accounts),
        follows=dataset.follows.drop("file", "line"),
        category_names=category_names(dataset),
        rejected=pl.concat([dataset.rejected, rejected_interactions, rejected_texts]),
        repeated={
            "interactions": len(interactions) - len(pairs),
            "texts": len(texts) - len(text_rows),
        },
        cleaned=dataset.cleaned,
    )


def quarantine_rejected(rows: GraphRows, dataset: Dataset, settings: Settings) -> None:
    """Writes the invalid rows to the quarantine file.

    Raises:
        InputError: More rows are invalid than the setting `max_rejected_share` allows, or no item
            of the interactions is known and the tables have none.
    """
    file = quarantine_file(settings)
    nothing_known = rows.interactions.is_empty() and not dataset.interactions.is_empty()
    if nothing_known and dataset.items.is_empty():
        reasons = "\n".join(f"  {reason}" for reason in first_reasons(rows.rejected))
        raise InputError(
            "The tables have no items, and the graph has none of those that the interactions name; "
            f"nothing was loaded. The first:\n{reasons}\n",
            "Add a table items with item_id and domain, and title if there are titles: one row for "
            "each item.",
        )
    write_rejected(file, rows.rejected)
    check_rejected_share(rows.rejected, dataset.rows, settings.max_rejected_share, file)
    if len(rows.rejected):
        logger.warning("%d invalid rows were rejected; see %s", len(rows.rejected), file)


def quarantine_file(settings: Settings) -> Path:
    """Returns the file of the rejected rows."""
    return settings.home / "rejected.jsonl"


def text_id(user_id: str, item_key: str | None, timestamp: float | None, text: str) -> str:
    """Returns the key of a text: a hash of its user, item, time and content."""
    parts = (user_id, item_key or "", "" if timestamp is None else repr(timestamp), text)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def item_key(domain: pl.Expr, item_id: pl.Expr) -> pl.Expr:
    """Returns the key of an item: `domain:item_id`."""
    return pl.concat_str(domain, item_id, separator=":")


def known_items(
    graph: Graph, dataset: Dataset, replaced_domains: Collection[str] = ()
) -> pl.DataFrame:
    """Returns `item_id` and `domain` of the dataset's items and of graph items it refers to.

    Args:
        graph: The graph.
        dataset: The tables.
        replaced_domains: Domains of which the items of the graph do not count.
    """
    own_items = dataset.items.select("item_id", "domain")
    item_ids = pl.concat([dataset.interactions["item_id"], dataset.texts["item_id"]])
    others = find_items(graph, item_ids).filter(~pl.col("domain").is_in(list(replaced_domains)))
    return pl.concat([own_items, others]).unique()


def find_items(graph: Graph, item_ids: pl.Series) -> pl.DataFrame:
    """Returns `item_id` and `domain` of the items in the graph that have one of these ids."""
    rows = [
        row
        for batch in item_ids.drop_nulls().unique().to_frame("item_id").iter_slices(BATCH_ROWS)
        for row in graph.read("ingest/known_items", item_ids=batch["item_id"].to_list())
    ]
    return pl.DataFrame(rows, schema={"item_id": pl.String, "domain": pl.String})


def replace_accounts(interactions: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Replaces an account on a platform by its user, if the user is known; adds `account`, its id.

    Args:
        interactions: Interactions with the schema of their table.
        owners: `key` of an account and the `user_id` of its owner, one row per key.
    """
    owner = owners.rename({"user_id": "owner"})
    return (
        interactions.with_columns(_account_key("user_id").alias("key"))
        .join(owner, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("owner").is_not_null()).then("user_id").alias("account"),
            pl.coalesce("owner", "user_id").alias("user_id"),
        )
        .drop("key", "owner")
    )


def account_owners(accounts: pl.DataFrame) -> pl.DataFrame:
    """Returns `key` and `user_id` of the accounts of a dataset."""
    return accounts.select(_account_key("account_id").alias("key"), "user_id")


def known_owners(graph: Graph, interactions: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Returns `key` and `user_id` of accounts in the tables or the graph; the tables win."""
    own_owners = account_owners(accounts)
    keys = interactions.select(_account_key("user_id").unique()).to_series().drop_nulls().to_list()
    if not keys:
        return own_owners
    rows = graph.read("ingest/known_accounts", keys=keys)
    graph_owners = pl.DataFrame(rows, schema=own_owners.schema)
    return pl.concat([graph_owners, own_owners]).unique("key", keep="last")


def category_names(dataset: Dataset) -> pl.DataFrame:
    """Returns `category` (without case), `language` and `name` of the table categories."""
    folded = pl.col("category").map_elements(str.casefold, return_dtype=pl.String)
    return dataset.categories.select(folded, "language", "name").unique(
        ["category", "language"], keep="first", maintain_order=True
    )


def _account_key(name: str) -> pl.Expr:
    """Returns the key of an account, `platform:id`; null without a platform."""
    return pl.concat_str("platform", name, separator=":")


def aggregate_interactions(interactions: pl.DataFrame) -> pl.DataFrame:
    """Aggregates to one row per user and item, with what the newest event says.

    Args:
        interactions: Result of `replace_accounts`, with the domains of the items.
    """
    timestamp = pl.col("timestamp")
    return (
        interactions.with_columns(item_key(pl.col("domain"), pl.col("item_id")).alias("key"))
        .sort("user_id", "key", "timestamp", maintain_order=True)
        .group_by("user_id", "key", maintain_order=True)
        .agg(
            pl.col("weight").last(),
            pl.col("kind", "platform", "account").last(),
            pl.len().alias("count"),
            to_milliseconds(timestamp.drop_nulls()).alias("times"),
            to_milliseconds(timestamp.min()).alias("first_at"),
            to_milliseconds(timestamp.max()).alias("last_at"),
        )
    )


def _item_rows(items: pl.DataFrame) -> pl.DataFrame:
    return items.select(
        item_key(pl.col("domain"), pl.col("item_id")).alias("key"),
        "domain",
        "item_id",
        "title",
        "text",
        pl.when(pl.col("categories").list.len() > 0).then("categories"),
        to_milliseconds(pl.col("published_at")),
        *attribute_columns(items, ITEMS.schema),
    )


def _user_rows(user_ids: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    attributes = users.select("user_id", *attribute_columns(users, USERS.schema))
    return user_ids.join(attributes, on="user_id", how="left", maintain_order="left")


def build_text_rows(texts: pl.DataFrame, keep_text: bool) -> pl.DataFrame:
    """Converts texts to the rows of the graph, one per id.

    Args:
        texts: Texts with the domains of their items.
        keep_text: Store the content; otherwise `text` is null.
    """
    rows = texts.with_columns(item_key(pl.col("domain"), pl.col("item_id")).alias("item_key"))
    ids = [
        text_id(*row) for row in rows.select("user_id", "item_key", "timestamp", "text").iter_rows()
    ]
    hashes = [
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts["text"]
    ]
    return rows.select(
        pl.Series("id", ids, dtype=pl.String),
        "user_id",
        "item_key",
        "kind",
        pl.coalesce("language", _language_by_script(pl.col("text"))).alias("language"),
        to_milliseconds(pl.col("timestamp")).alias("written_at"),
        pl.Series("sha256", hashes, dtype=pl.String),
        pl.when(keep_text).then("text").alias("text"),
    ).unique("id", keep="first", maintain_order=True)


def _language_by_script(text: pl.Expr) -> pl.Expr:
    """Returns `ja`, `ko` or `zh` by the script; null otherwise, since other scripts are shared."""
    return (
        pl.when(text.str.contains(r"[\p{Hiragana}\p{Katakana}]"))
        .then(pl.lit("ja"))
        .when(text.str.contains(r"\p{Hangul}"))
        .then(pl.lit("ko"))
        .when(text.str.contains(r"\p{Han}"))
        .then(pl.lit("zh"))
    )


def all_users(pairs: pl.DataFrame, texts: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Returns the `user_id` of every user in the tables, ascending."""
    follows = dataset.follows
    user_ids = (
        pairs["user_id"],
        texts["user_id"],
        follows["user_id"],
        follows["follows_id"].alias("user_id"),
        dataset.accounts["user_id"],
        dataset.users["user_id"],
    )
    return pl.concat(user_ids).unique().sort().to_frame("user_id")


def to_milliseconds(seconds: pl.Expr) -> pl.Expr:
    """Converts to whole milliseconds; the server makes dates of them, which is faster.

    The driver takes 0.1 ms to encode one date.
    """
    return (seconds * 1000).round().cast(pl.Int64)
