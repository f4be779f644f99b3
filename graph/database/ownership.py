"""Nodes of somebody else under the labels of isthmus, which are found before anything is written.

A database with a recorded migration is isthmus's own, and a node in it is foreign if it lacks the
key of its label. A database without one is isthmus's own only if it is empty of these labels, or
was just made by a bulk load, which records its tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus.graph.database.errors import ForeignNodes

Read = Callable[[str], list[dict[str, Any]]]


def count_foreign_nodes(read: Read) -> dict[str, int]:
    """Returns the number of nodes of somebody else by label; empty if there are none.

    Args:
        read: Runs a statement of the catalogue and returns its rows.
    """
    if not any(row["checksum"] for row in read("admin/migrations")):
        counts = read("admin/labelled")[0]
        if not counts.pop("loads"):
            return {label: nodes for label, nodes in counts.items() if nodes}
    return {row["label"]: row["nodes"] for row in read("admin/without_key") if row["nodes"]}


def foreign_nodes_error(counts: dict[str, int], where: str, edition: str) -> ForeignNodes:
    """Returns the error for a database with nodes of somebody else.

    Args:
        counts: Result of `count_foreign_nodes`.
        where: The database, for example "neo4j at bolt://HOST:7687".
        edition: Edition of the server; `community` has one database only.
    """
    named = ", ".join(f"{nodes:,} {label}" for label, nodes in counts.items())
    advice = "Move or relabel these nodes, or give isthmus an empty database of its own: "
    if edition != "community":
        advice += "create one and name it by NEO4J_DATABASE, or "
    advice += (
        "set NEO4J_URI to a server with an empty one, or unset NEO4J_URI so that isthmus runs a "
        "server (in another folder with --home)."
    )
    return ForeignNodes(
        f"The database {where} has nodes of somebody else under labels that isthmus uses: {named}. "
        "Nothing was written.",
        advice,
    )
