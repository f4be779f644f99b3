"""Validated tables as the rows that go into a graph, one a node or relationship."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import asdict, dataclass

import polars as pl

from isthmus.graph.database.connection import ROWS_A_BATCH, Graph
from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.rejected import check_share, write_rejected
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


@dataclass(frozen=True)
class Loaded:
    """What a load wrote, and what it refused.

    Attributes:
        users: Users that the tables name.
        items: Items that the tables name.
        interactions: Pairs of a user and an item.
        texts: Texts.
        rejected: Wrong rows; they stand in `quarantine`.
        seconds: From tables that are read to the last row acknowledged.
        quarantine: The file of the wrong rows, or None where none was wrong.
        command: What is left to do on the machine of a server that is not ours, after a bulk load;
            None where everything is in the graph.
    """

    users: int
    items: int
    interactions: int
    texts: int
    rejected: int
    seconds: float
    quarantine: str | None
    command: str | None = None

    def document(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Rows:
    """What a load writes: frames of one row a node or relationship, as `cypher/ingest` takes them.

    Attributes:
        items: `key`, `domain`, `item_id`, `title`, `text`, `categories` (null where there are
            none), `published_at`.
        users: `user_id`, ascending.
        interactions: As `user_item_pairs` makes them.
        texts: As `keyed_texts` makes them.
        accounts: `key`, `user_id`.
        follows: `user_id`, `follows_id`, `weight`.
        rejected: Wrong rows.
        quarantine: The file that they stand in, or None where none was wrong.
    """

    items: pl.DataFrame
    users: pl.DataFrame
    interactions: pl.DataFrame
    texts: pl.DataFrame
    accounts: pl.DataFrame
    follows: pl.DataFrame
    rejected: int
    quarantine: str | None

    def loaded(self, start: float, command: str | None = None) -> Loaded:
        """What was written, once all of it is.

        Args:
            start: `time.monotonic()` at the beginning.
            command: What is left to do.
        """
        return Loaded(
            users=len(self.users),
            items=len(self.items),
            interactions=len(self.interactions),
            texts=len(self.texts),
            rejected=self.rejected,
            seconds=round(time.monotonic() - start, 3),
            quarantine=self.quarantine,
            command=command,
        )


def rows_of(dataset: Dataset, settings: Settings, graph: Graph | None = None) -> Rows:
    """Tables as the rows that go into a graph; the wrong ones are written to the quarantine file.

    Args:
        dataset: Valid tables.
        settings: `keep_text`, `max_rejected_share`, `home` for the quarantine.
        graph: Whose items and accounts the tables may name; None where it is empty.

    Raises:
        InputError: More rows are wrong than the setting allows.
    """
    known = dataset.items if graph is None else known_items(graph, dataset)
    interactions, unknown = resolve_items(dataset.interactions, known)
    texts, unknown_too = resolve_items(dataset.texts, known)
    rejected = pl.concat([dataset.rejected, unknown, unknown_too])
    quarantine = settings.home / "rejected.jsonl"
    write_rejected(quarantine, rejected)
    check_share(rejected, dataset.rows, settings.max_rejected_share, quarantine)
    if len(rejected):
        logger.warning("%d wrong rows are left out; see %s", len(rejected), quarantine)

    if graph is None:
        owners = account_owners(dataset.accounts)
    else:
        owners = known_owners(graph, interactions, dataset.accounts)
    pairs = user_item_pairs(by_person(interactions, owners))
    texts = keyed_texts(texts, settings.keep_text)
    return Rows(
        items=_items(dataset.items),
        users=users_of(pairs, texts, dataset),
        interactions=pairs,
        texts=texts,
        accounts=account_owners(dataset.accounts),
        follows=dataset.follows.drop("file", "line"),
        rejected=len(rejected),
        quarantine=str(quarantine) if len(rejected) else None,
    )


def text_id(user_id: str, item_key: str | None, timestamp: float | None, text: str) -> str:
    """The key of a text: a hash of who wrote it, about what, when, and its words."""
    parts = (user_id, item_key or "", "" if timestamp is None else repr(timestamp), text)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def item_key(domain: pl.Expr, item_id: pl.Expr) -> pl.Expr:
    """The key of an item: `domain:item_id`."""
    return pl.concat_str(domain, item_id, separator=":")


def known_items(graph: Graph, dataset: Dataset) -> pl.DataFrame:
    """`item_id` and `domain` of the tables' items, and of those in the graph that they name."""
    own = dataset.items.select("item_id", "domain")
    named = pl.concat([dataset.interactions["item_id"], dataset.texts["item_id"]])
    return pl.concat([own, items_called(graph, named)]).unique()


def items_called(graph: Graph, item_ids: pl.Series) -> pl.DataFrame:
    """`item_id` and `domain` of the items in the graph that have one of these ids."""
    found = [
        row
        for ids in item_ids.drop_nulls().unique().to_frame("item_id").iter_slices(ROWS_A_BATCH)
        for row in graph.read("ingest/known_items", item_ids=ids["item_id"].to_list())
    ]
    return pl.DataFrame(found, schema={"item_id": pl.String, "domain": pl.String})


def by_person(interactions: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Replaces an account on a platform by the person whose it is, where that is known.

    Args:
        interactions: As a dataset holds them.
        owners: `key` of an account and the `user_id` whose it is, one row a key.
    """
    person = owners.rename({"user_id": "person"})
    return (
        interactions.with_columns(_account_key("user_id").alias("key"))
        .join(person, on="key", how="left", maintain_order="left")
        .with_columns(pl.coalesce("person", "user_id").alias("user_id"))
        .drop("key", "person")
    )


def account_owners(accounts: pl.DataFrame) -> pl.DataFrame:
    """`key` and `user_id` of the accounts of a dataset."""
    return accounts.select(_account_key("account_id").alias("key"), "user_id")


def known_owners(graph: Graph, interactions: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """The owners of accounts that the graph or the tables know; the tables know better."""
    own = account_owners(accounts)
    keys = interactions.select(_account_key("user_id").unique()).to_series().drop_nulls().to_list()
    if not keys:
        return own
    known = pl.DataFrame(graph.read("ingest/known_accounts", keys=keys), schema=own.schema)
    return pl.concat([known, own]).unique("key", keep="last")


def _account_key(name: str) -> pl.Expr:
    """The key of an account, `platform:id`; null where no platform is named."""
    return pl.concat_str("platform", name, separator=":")


def user_item_pairs(interactions: pl.DataFrame) -> pl.DataFrame:
    """One row a user and item; the newest event gives weight and kind."""
    at = pl.col("timestamp")
    return (
        interactions.with_columns(item_key(pl.col("domain"), pl.col("item_id")).alias("key"))
        .sort("user_id", "key", "timestamp", maintain_order=True)
        .group_by("user_id", "key", maintain_order=True)
        .agg(
            pl.col("weight").last(),
            pl.col("kind").last(),
            pl.len().alias("count"),
            milliseconds(at.drop_nulls()).alias("times"),
            milliseconds(at.min()).alias("first_at"),
            milliseconds(at.max()).alias("last_at"),
        )
    )


def _items(items: pl.DataFrame) -> pl.DataFrame:
    return items.select(
        item_key(pl.col("domain"), pl.col("item_id")).alias("key"),
        "domain",
        "item_id",
        "title",
        "text",
        pl.when(pl.col("categories").list.len() > 0).then("categories"),
        milliseconds(pl.col("published_at")),
    )


def keyed_texts(texts: pl.DataFrame, keep_text: bool) -> pl.DataFrame:
    """Texts as the graph holds them, one row an id; the words only where they are to be kept."""
    keyed = texts.with_columns(item_key(pl.col("domain"), pl.col("item_id")).alias("item_key"))
    ids = [
        text_id(*row)
        for row in keyed.select("user_id", "item_key", "timestamp", "text").iter_rows()
    ]
    hashes = [
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts["text"]
    ]
    return keyed.select(
        pl.Series("id", ids, dtype=pl.String),
        "user_id",
        "item_key",
        "kind",
        pl.coalesce("language", _script(pl.col("text"))).alias("language"),
        milliseconds(pl.col("timestamp")).alias("written_at"),
        pl.Series("sha256", hashes, dtype=pl.String),
        pl.when(keep_text).then("text").alias("text"),
    ).unique("id", keep="first", maintain_order=True)


def _script(text: pl.Expr) -> pl.Expr:
    """`ja`, `ko` or `zh` where the script says so; other languages share theirs."""
    return (
        pl.when(text.str.contains(r"[\p{Hiragana}\p{Katakana}]"))
        .then(pl.lit("ja"))
        .when(text.str.contains(r"\p{Hangul}"))
        .then(pl.lit("ko"))
        .when(text.str.contains(r"\p{Han}"))
        .then(pl.lit("zh"))
    )


def users_of(pairs: pl.DataFrame, texts: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """`user_id` of all whom the tables name, ascending."""
    follows = dataset.follows
    names = (
        pairs["user_id"],
        texts["user_id"],
        follows["user_id"],
        follows["follows_id"].alias("user_id"),
        dataset.accounts["user_id"],
    )
    return pl.concat(names).unique().sort().to_frame("user_id")


def milliseconds(seconds: pl.Expr) -> pl.Expr:
    """Whole milliseconds, which the server turns into dates; the driver takes 0.1 ms for each."""
    return (seconds * 1000).round().cast(pl.Int64)
