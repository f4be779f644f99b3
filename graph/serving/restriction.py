"""Ranks within a filter: the statement with its predicate, at most n of a category, notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from isthmus.graph.database import Graph, Row
from isthmus.graph.filters import BoundFilter, count_filtered

AHEAD = 4
"""How many times more items are ranked than are wanted, where categories are limited."""

Rank = Callable[[BoundFilter | None, int], list[Row]]
"""Returns the rows of the best items within a filter, at most a number of them."""


def read_within(
    graph: Graph, name: str, within: BoundFilter | None, /, **parameters: Any
) -> list[Row]:
    """Runs a statement with the predicate of a filter, or as it stands without one."""
    if within is None:
        return graph.read(name, **parameters)
    return within.read(graph, name, **parameters)


def rank_within(graph: Graph, rank: Rank, bound: BoundFilter | None, n: int) -> list[Row]:
    """Returns the best `n` rows within a filter.

    With a maximum per category, an item is left out if one of its categories has as many better
    items already. Ranking goes on without the categories that are full, until there are `n`.
    """
    if bound is None or bound.max_per_category is None:
        return rank(bound, n)
    chosen: list[Row] = []
    counts: Counter[str] = Counter()
    within, wanted = bound, n * AHEAD
    while True:
        rows = rank(within, wanted)
        keys = [f"{bound.domain}:{row['item_id']}" for row in rows]
        found = graph.read("recommend/categories", items=keys)
        categories = {row["key"]: set(row["categories"]) for row in found}
        for key, row in zip(keys, rows, strict=True):
            own = categories.get(key, set())
            if all(counts[name] < bound.max_per_category for name in own):
                chosen.append(row)
                counts.update(own)
                if len(chosen) == n:
                    return chosen
        if len(rows) < wanted:
            return chosen
        full = [name for name, count in counts.items() if count >= bound.max_per_category]
        within = bound.without([f"{bound.domain}:{row['item_id']}" for row in chosen], full)


def shortage_note(graph: Graph, bound: BoundFilter, shown: int, other: str) -> str:
    """Returns a sentence on why there are fewer items than were asked for.

    Args:
        graph: The graph.
        bound: The filter.
        shown: Number of items in the answer.
        other: What is the case with the items that the filter leaves and that are not shown, such
            as "ana has interactions with".
    """
    left = count_filtered(graph, bound)
    total = graph.read("recommend/domain_size", domain=bound.domain)[0]["items"]
    note = f"The filter leaves {left:,} of the {total:,} items of {bound.domain}"
    if bound.max_per_category is not None:
        note += f"; with at most {bound.max_per_category} of a category the answer has {shown:,}"
    elif left > shown:
        note += f"; {other} {left - shown:,} of them"
    return f"{note}."
