"""What a graph has of the domains of a dataset and the tables of the dataset lack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isthmus.graph.database import Graph, Row
from isthmus.graph.ingest import Dataset, GraphRows, build_rows, item_domains, named_domains
from isthmus.graph.interests import read_pages
from isthmus.settings import Settings

MAX_EXAMPLES = 3
USERS_PER_PAGE = 2_000
ID = pl.String()
LISTS = {"texts": "id", "follows": "follows_id", "accounts": "key"}
"""Columns of the statement `ingest/held_by_users` that are lists of ids, and the names of those."""


@dataclass(frozen=True)
class Removal:
    """What a load that replaces removes.

    Attributes:
        tables: What goes, by table: `items` with `key`; `interactions` with `user_id`, `key` and
            `of_removed`, whether the item goes, too; `texts` with `user_id` and `id`; `follows`
            with `user_id` and `follows_id`; `accounts` with `key`; `categories` with `category`
            and `language`; `users` with `user_id`.
        held: How many of these the graph has in the domains, by table.
        live: Interactions that the tables lack and of which live events remain: `user_id`, `key`.
        domains: The domains that are replaced.
        others: Folders of other datasets in these domains.
    """

    tables: dict[str, pl.DataFrame]
    held: dict[str, int]
    live: pl.DataFrame
    domains: list[str]
    others: list[str]

    @property
    def majorities(self) -> list[str]:
        """The tables of which more than half would go, each with the numbers, in words."""
        return [
            f"{len(frame):,} of {self.held[name]:,} {name}"
            for name, frame in self.tables.items()
            if name != "users" and 2 * len(frame) > self.held[name]
        ]

    def document(self) -> dict[str, object]:
        """Returns the numbers and examples as `ingest --replace --dry-run --json` prints them."""
        return {
            "domains": self.domains,
            "other_folders": self.others,
            "kept_live_interactions": len(self.live),
            "needs_yes": bool(self.majorities),
            "tables": {
                name: {"removed": len(frame), "of": self.held[name], "examples": _examples(frame)}
                for name, frame in self.tables.items()
            },
        }

    def text(self) -> str:
        """Returns what would go, in words."""
        lines = [
            f"  {len(frame):,} of {self.held[name]:,} {name}, such as {', '.join(_examples(frame))}"
            for name, frame in self.tables.items()
            if len(frame)
        ]
        where = f" in {', '.join(self.domains)}" if self.domains else ""
        head = f"--replace would remove{where}:" if lines else f"Nothing would be removed{where}."
        if len(self.live):
            lines.append(f"  {len(self.live):,} live interactions that the table lacks are kept")
        if self.others:
            lines.append(f"  {self.warning()}")
        if self.majorities:
            lines.append("  This is more than half of a table, and needs --yes.")
        return "\n".join([head, *lines])

    def warning(self) -> str:
        """Returns a sentence about the other folders of the domains; "" if there are none."""
        if not self.others:
            return ""
        return (
            f"these domains were loaded from {', '.join(self.others)}, too: what those have and "
            "these tables lack goes"
        )


def find_removal(
    graph: Graph, dataset: Dataset, path: Path, settings: Settings
) -> tuple[GraphRows, Removal]:
    """Compares tables with the graph; a table that is absent or empty removes nothing.

    What has a domain is compared in the domains that the tables name, items in those of the table
    of items, and both in those that earlier loads of the same folder named and no other folder
    does. What has none, such as follows, is compared as a whole.

    Returns:
        The rows of the tables, and what the graph has beyond them.
    """
    replaced = item_domains(dataset)
    rows = build_rows(dataset, settings, graph, replaced)
    path_name = str(path.absolute())
    named = {row["path"]: set(row["domains"]) for row in graph.read("ingest/known_domains")}
    own = named.pop(path_name, set())
    left = own - set(named_domains(rows)) - set().union(*named.values())
    domains = left | set(named_domains(rows))
    held = _held(graph, sorted(domains), sorted(left.union(replaced)) if replaced else [])
    gone = _without(held["items"], rows.items)
    interactions, live = _interactions(held["interactions"], rows.interactions, gone)
    tables = {
        "items": gone,
        "interactions": interactions,
        "texts": _without(held["texts"], rows.texts),
        "accounts": _without(held["accounts"], rows.accounts),
        "follows": _without(held["follows"], rows.follows),
        "categories": _without(held["categories"], rows.category_names),
    }
    tables["users"] = _users(held, tables, rows)
    loaded = held["interactions"].filter(pl.col("count") > pl.col("live"))
    removal = Removal(
        tables=tables,
        held={name: len(frame) for name, frame in held.items()}
        | {"interactions": max(len(loaded), len(interactions))},
        live=live,
        domains=sorted(domains),
        others=[other for other, theirs in named.items() if theirs & domains],
    )
    return rows, removal


def _held(graph: Graph, domains: list[str], domains_of_items: list[str]) -> dict[str, pl.DataFrame]:
    """Reads what the graph has, by table; `users` with the number of `ties` that keep a user."""
    items = [
        row["id"]
        for page in read_pages(graph, "ingest/held_items", domains=domains_of_items)
        for row in page
    ]
    pages: dict[str, list[pl.DataFrame]] = {"users": [], "interactions": []}
    pages |= {name: [] for name in LISTS}
    statement = "ingest/held_by_users"
    for page in read_pages(graph, statement, limit=USERS_PER_PAGE, domains=domains):
        for name, frame in _user_frames(page).items():
            pages[name].append(frame)
    empty = _user_frames([])
    names = graph.read("ingest/held_category_names")
    return {
        "items": pl.DataFrame({"key": items}, schema={"key": ID}),
        "categories": pl.DataFrame(names, schema={"category": ID, "language": ID}),
        **{name: pl.concat([empty[name], *frames]) for name, frames in pages.items()},
    }


def _user_frames(page: list[Row]) -> dict[str, pl.DataFrame]:
    frame = pl.DataFrame(
        page,
        schema={
            "id": ID,
            "items": pl.List(ID),
            "counts": pl.List(pl.Int64),
            "live": pl.List(pl.Int64),
            "texts": pl.List(ID),
            "follows": pl.List(ID),
            "accounts": pl.List(ID),
            "ties": pl.Int64,
        },
    ).rename({"id": "user_id"})
    pairs = frame.select("user_id", pl.col("items").alias("key"), "live", count="counts")
    lists = {
        name: frame.select("user_id", pl.col(name).alias(column)).explode(column).drop_nulls()
        for name, column in LISTS.items()
    }
    return {
        "users": frame.select("user_id", "ties"),
        "interactions": pairs.explode("key", "live", "count").drop_nulls(),
        **lists,
    }


def _without(held: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Returns what the rows lack; nothing where the table is absent or empty."""
    if rows.is_empty():
        return held.clear()
    keys = [name for name in held.columns if name in rows.columns]
    if "id" in keys or "key" in keys:
        keys = [name for name in keys if name != "user_id"]
    return held.join(rows, on=keys, how="anti")


def _interactions(
    pairs: pl.DataFrame, rows: pl.DataFrame, gone: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the pairs that go, with `of_removed`, and those of which live events stay."""
    of_removed = pairs.join(gone, on="key", how="semi").select(
        "user_id", "key", pl.lit(True).alias("of_removed")
    )
    lacking = pairs.join(gone, on="key", how="anti")
    if rows.is_empty():
        return of_removed, lacking.clear().select("user_id", "key")
    lacking = lacking.join(rows, on=["user_id", "key"], how="anti")
    missing = lacking.filter(pl.col("live") == 0).select(
        "user_id", "key", pl.lit(False).alias("of_removed")
    )
    live = lacking.filter(pl.col("live") > 0).select("user_id", "key")
    return pl.concat([of_removed, missing]), live


def _users(
    held: dict[str, pl.DataFrame], tables: dict[str, pl.DataFrame], rows: GraphRows
) -> pl.DataFrame:
    """Returns the users without ties after the load and the removal, whom no table names."""
    accounts = tables["accounts"]
    if not rows.accounts.is_empty():  # also those that get another owner
        accounts = held["accounts"].join(rows.accounts, on=["key", "user_id"], how="anti")
    follows = tables["follows"]
    followed = follows.select(pl.col("follows_id").alias("user_id"))
    lost = (tables["interactions"], tables["texts"], accounts, follows, followed)
    ties = pl.concat([frame.select("user_id") for frame in lost])
    return (
        held["users"]
        .join(rows.users, on="user_id", how="anti")
        .join(ties.group_by("user_id").len("lost"), on="user_id", how="left")
        .filter(pl.col("ties") == pl.col("lost").fill_null(0))
        .select("user_id")
    )


def _examples(frame: pl.DataFrame) -> list[str]:
    shown = frame.select(pl.col(pl.String)).head(MAX_EXAMPLES)
    return [" ".join(row) for row in shown.iter_rows()]
