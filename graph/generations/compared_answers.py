"""Compares what two generations recommend to a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError, NothingToDo
from isthmus.graph.generations.publish import list_generations
from isthmus.graph.serving import check_names, rank_items

if TYPE_CHECKING:
    from isthmus.graph.database import Graph, Row
    from isthmus.settings import Settings

RANKED = 100
"""Items that are ranked at least, to say where one of the first `n` stands in the other list."""


def compare_answers(
    graph: Graph,
    user: str,
    domain: str,
    n: int,
    settings: Settings,
    first: int | None = None,
    second: int | None = None,
) -> dict[str, Any]:
    """Ranks the items of a domain for a user with the edges and weights of two generations.

    Both rank today's items for today's history: they differ in what they have learned alone.

    Args:
        graph: The graph.
        user: The user's id.
        domain: The domain of the items.
        n: Number of items of each list.
        settings: As for `rank_items`.
        first: Number of a generation whose edges the graph still has; None for the one before the
            second.
        second: Number of another; None for the active one.

    Returns:
        `user`, `domain`, `same`, the number of items in both lists, and `first` and `second`, each
        with `generation`, `state`, `created_at` and `items`: rows of `rank`, `item_id`, `title`,
        `score` and `other_rank`, the place of the item in the other generation, or None if it is
        not among the first `RANKED` or `n` there.

    Raises:
        NothingToDo: No two generations have edges.
        InputError: A number is of no generation that has edges, or both numbers are the same.
        NotFound: The user or the domain does not exist.
    """
    check_names(graph, user, domain)
    chosen = _choose(list_generations(graph), first, second)
    ranked = [
        rank_items(graph, user, domain, max(n, RANKED), settings, generation=row["number"])
        for row in chosen
    ]
    places = [{row["item_id"]: k for k, row in enumerate(rows, start=1)} for rows in ranked]
    sides = [
        {
            "generation": row["number"],
            "state": row["state"],
            "created_at": row["created_at"],
            "items": _describe(own[:n], other),
        }
        for row, own, other in zip(chosen, ranked, reversed(places), strict=True)
    ]
    listed = [{item["item_id"] for item in side["items"]} for side in sides]
    return {
        "user": user,
        "domain": domain,
        "same": len(listed[0] & listed[1]),
        "first": sides[0],
        "second": sides[1],
    }


def _describe(rows: list[Row], other: dict[str, int]) -> list[Row]:
    return [
        {
            "rank": rank,
            "item_id": row["item_id"],
            "title": row["title"],
            "score": row["score"],
            "other_rank": other.get(row["item_id"]),
        }
        for rank, row in enumerate(rows, start=1)
    ]


def _choose(generations: list[Row], first: int | None, second: int | None) -> tuple[Row, Row]:
    """Returns the two generations that are compared.

    Args:
        generations: All of them, newest first.
        first: Number of one, or None for the newest one before the second.
        second: Number of another, or None for the active one.
    """
    kept = {row["number"]: row for row in generations if row["state"] in ("active", "retired")}
    if not kept:
        raise NothingToDo("No edges are learned yet.", "Run `isthmus retrain`.")
    if len(kept) == 1:
        raise NothingToDo(
            f"Only generation {next(iter(kept))} has edges.",
            "After the next promotion there are two: that one keeps the edges of this one.",
        )
    if second is None:
        active = [number for number, row in kept.items() if row["state"] == "active"]
        second = active[0] if active and active[0] != first else max(kept.keys() - {first})
    if first is None:
        first = max(kept.keys() - {second}, key=lambda number: (number < (second or 0), number))
    for number in (first, second):
        if number not in kept:
            raise InputError(
                f"Generation {number} has no edges in the graph.",
                f"These have: {', '.join(map(str, sorted(kept)))}.",
            )
    if first == second:
        raise InputError(
            f"Generation {first} is compared with itself.",
            f"These have edges: {', '.join(map(str, sorted(kept)))}.",
        )
    return kept[first], kept[second]
