"""The rows of an export, in batches that know where the next run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from isthmus.errors import InputError
from isthmus.graph.generations import EDGE_KINDS, active_generation, read_edge_pages
from isthmus.graph.interests import (
    active_version_number,
    encoded_version,
    interests_of_users,
    read_pages,
    read_vector_pages,
)
from isthmus.graph.serving import recommend_for_users

if TYPE_CHECKING:
    from isthmus.graph.database import Graph
    from isthmus.settings import Settings

BATCH_USERS = 64
BATCH_SOURCES = 500
PATH = pl.Struct(
    {
        "kind": pl.String,
        "from": pl.String,
        "title": pl.String,
        "via": pl.String,
        "share": pl.Float64,
    }
)
COLUMNS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "recommendations": {
        "user_id": pl.String,
        "domain": pl.String,
        "rank": pl.Int32,
        "item_id": pl.String,
        "title": pl.String,
        "score": pl.Float64,
        "generation": pl.Int64,
    },
    "edges": {
        "kind": pl.String,
        "source": pl.String,
        "target": pl.String,
        "weight": pl.Float32,
        "generation": pl.Int64,
    },
    "interests": {
        "user_id": pl.String,
        "interest": pl.String,
        "name": pl.String,
        "weight": pl.Float64,
        "written": pl.Float64,
        "likes": pl.Int64,
        "dislikes": pl.Int64,
        "texts": pl.Int64,
        "first_at": pl.String,
        "last_at": pl.String,
    },
    "vectors": {
        "domain": pl.String,
        "item_id": pl.String,
        "version": pl.Int64,
        "vector": pl.List(pl.Float32),
    },
}
"""Columns by what is exported."""

Cursor = dict[str, Any]
"""What was exported last, from which the next run goes on; {} at the beginning."""


@dataclass(frozen=True)
class Selection:
    """What is exported.

    Attributes:
        what: A key of `COLUMNS`.
        domains: Names of the domains; none for vectors and edges of all.
        users: Ids of the users; None for all.
        n: Maximum number of recommendations for a user and domain.
        paths: Whether recommendations have the paths of their scores.
    """

    what: str
    domains: Sequence[str] = ()
    users: Sequence[str] | None = None
    n: int = 10
    paths: bool = False

    def columns(self) -> dict[str, Any]:
        """Returns the columns of the rows."""
        return COLUMNS[self.what] | ({"paths": pl.List(PATH)} if self.paths else {})

    def document(self) -> dict[str, Any]:
        """Returns what distinguishes this selection from others; the users as their hash."""
        text = None if self.users is None else "\n".join(self.users).encode()
        users = None if text is None else hashlib.sha256(text).hexdigest()
        return {
            "what": self.what,
            "domains": list(self.domains),
            "users": users,
            "n": self.n,
            "paths": self.paths,
        }


@dataclass(frozen=True)
class Batch:
    """Rows of an export.

    Attributes:
        rows: Rows as dicts of the columns.
        cursor: Where the next batch begins.
        steps: Number of users, sources or items that they are from.
        unknown: Number of those users that do not exist.
    """

    rows: list[dict[str, Any]] = field(repr=False)
    cursor: Cursor
    steps: int
    unknown: int = 0


def read_origin(graph: Graph, what: str) -> dict[str, int | None]:
    """Returns the generation and the encoder version that the rows of an export come from.

    Raises:
        InputError: There are no edges or vectors yet.
    """
    active = active_generation(graph)
    generation = None if active is None else int(active["number"])
    if what == "edges" and generation is None:
        raise InputError("No edges are learned yet.", "Run `isthmus retrain` first.")
    if what in ("recommendations", "edges"):
        return {"generation": generation}
    if what == "vectors":
        return {"version": encoded_version(graph)}
    return {"version": active_version_number(graph)}


def count_steps(graph: Graph, selection: Selection) -> int | None:
    """Returns the number of users of an export; None where it is not known."""
    if selection.what not in ("recommendations", "interests"):
        return None
    if selection.users is not None:
        return len(selection.users)
    return int(graph.read("admin/contents")[0]["users"])


def read_batches(
    graph: Graph,
    settings: Settings,
    selection: Selection,
    origin: dict[str, int | None],
    cursor: Cursor,
) -> Iterator[Batch]:
    """Reads the rows from where a cursor stands.

    Raises:
        InputError: Another generation answers by now.
    """
    if selection.what == "recommendations":
        yield from _recommendations(graph, settings, selection, origin["generation"], cursor)
    elif selection.what == "interests":
        yield from _interests(graph, selection, cursor)
    elif selection.what == "edges":
        yield from _edges(graph, selection, origin["generation"] or 0, cursor)
    else:
        yield from _vectors(graph, selection, origin["version"] or 0, cursor)


def _recommendations(
    graph: Graph,
    settings: Settings,
    selection: Selection,
    generation: int | None,
    cursor: Cursor,
) -> Iterator[Batch]:
    for users, after in _user_batches(graph, selection, cursor):
        n, paths = selection.n, selection.paths
        answers = [
            recommend_for_users(graph, users, domain, n, settings, paths)
            for domain in selection.domains
        ]
        rows: list[dict[str, Any]] = []
        unknown = 0
        for of_user in zip(*answers, strict=True):
            for answer in of_user:
                if answer["items"] and answer["generation"] != generation:
                    raise changed_generation(generation, answer["generation"])
                rows += _rows(answer, generation)
            user = of_user[0]["user"]
            if not any(answer["items"] for answer in of_user):
                unknown += not graph.read("recommend/user", user=user)
        yield Batch(rows, after, len(users), unknown)


def _rows(answer: dict[str, Any], generation: int | None) -> list[dict[str, Any]]:
    head = {"user_id": answer["user"], "domain": answer["domain"], "generation": generation}
    return [
        head
        | {name: item[name] for name in ("item_id", "title", "score", "paths")}
        | {"rank": rank}
        for rank, item in enumerate(answer["items"], 1)
    ]


def _interests(graph: Graph, selection: Selection, cursor: Cursor) -> Iterator[Batch]:
    for users, after in _user_batches(graph, selection, cursor):
        found = interests_of_users(graph, users)
        rows = [{"user_id": user} | row for user in users for row in found.get(user, [])]
        yield Batch(rows, after, len(users), sum(user not in found for user in users))


def _edges(graph: Graph, selection: Selection, generation: int, cursor: Cursor) -> Iterator[Batch]:
    starts = tuple(f"{domain}:" for domain in selection.domains)
    begun = cursor.get("kind", EDGE_KINDS[0])
    for kind in EDGE_KINDS[EDGE_KINDS.index(begun) :]:
        after = cursor["after"] if kind == cursor.get("kind") else ""
        for sources in _in_batches(read_edge_pages(graph, kind, generation, after), BATCH_SOURCES):
            rows = [
                {
                    "kind": kind,
                    "source": source["id"],
                    "target": target,
                    "weight": weight,
                    "generation": generation,
                }
                for source in sources
                for target, weight in source["edges"]
                if not starts or target.startswith(starts)
            ]
            yield Batch(rows, {"kind": kind, "after": sources[-1]["id"]}, len(sources))


def _vectors(graph: Graph, selection: Selection, version: int, cursor: Cursor) -> Iterator[Batch]:
    domains: Sequence[str | None] = selection.domains or [None]
    begun = cursor.get("domain", 0)
    for k, domain in enumerate(domains):
        if k < begun:
            continue
        after = cursor["after"] if k == cursor.get("domain") else ""
        for page in read_vector_pages(graph, version, domain, after):
            rows = [row | {"version": version} for row in page if row["vector"] is not None]
            yield Batch(rows, {"domain": k, "after": page[-1]["id"]}, len(page))


def _user_batches(
    graph: Graph, selection: Selection, cursor: Cursor
) -> Iterator[tuple[list[str], Cursor]]:
    """Reads the users that come after a cursor, each batch with the cursor after it."""
    if selection.users is not None:
        for start in range(cursor.get("done", 0), len(selection.users), BATCH_USERS):
            users = list(selection.users[start : start + BATCH_USERS])
            yield users, {"done": start + len(users)}
        return
    after = cursor.get("after", "")
    for page in read_pages(graph, "recommend/users", BATCH_USERS, after):
        yield [row["id"] for row in page], {"after": page[-1]["id"]}


def _in_batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


def changed_generation(before: int | None, now: int | None) -> InputError:
    """Returns the error for a generation that was activated during an export."""
    return InputError(
        f"The export began with {_name(before)}, and {_name(now)} answers by now: its rows would "
        "be of two models.",
        "Run the command with --restart to begin again.",
    )


def _name(generation: int | None) -> str:
    return "no generation" if generation is None else f"generation {generation}"
