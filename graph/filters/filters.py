"""What a recommendation is restricted to, and how the statements apply it before they cut.

A filter that leaves many of the popular items is a predicate of the statement, which walks the
items by popularity until it has enough. One that leaves few would walk through the domain: its
items are found first, by an index, and the statement scores these and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row, read_attributes
from isthmus.graph.filters.names import known_names
from isthmus.graph.filters.times import EXAMPLE, read_time
from isthmus.graph.filters.translation import translate

SAMPLE = 1_000
FEW = 100
"""Of the sample: from here on the predicate finds enough items soon."""
MOST_ITEMS = 3_000
"""Items that a statement scores one by one."""


@dataclass(frozen=True)
class Filter:
    """What recommended items are restricted to.

    Attributes:
        where: An expression of attributes, as `price < 30 and in_stock`; see `translate`.
        exclude: Ids of items of the domain that are not recommended.
        since: The date from which on the items were published, as text, date or moment.
        max_per_category: How many items of one category there may be.
    """

    where: str | None = None
    exclude: Sequence[str] = ()
    since: str | date | None = None
    max_per_category: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return self == Filter() or not (
            self.where is not None or self.exclude or self.since or self.max_per_category
        )


@dataclass(frozen=True)
class BoundFilter:
    """A filter as the statements of one domain take it.

    Attributes:
        domain: The domain.
        predicate: Cypher on the item `j`.
        parameters: Its parameters.
        items: The keys of all items that it leaves, if they are few; else None.
        share: The share of the sample of popular items that it leaves.
        max_per_category: As in `Filter`.
    """

    domain: str
    predicate: str = "true"
    parameters: dict[str, Any] = field(default_factory=dict)
    items: list[str] | None = None
    share: float = 1.0
    max_per_category: int | None = None

    def read(self, graph: Graph, name: str, **parameters: Any) -> list[Row]:
        """Runs a statement with a place for the predicate."""
        return graph.read_where(name, self.predicate, **parameters, **self.parameters)

    def without(self, items: Sequence[str], categories: Sequence[str]) -> BoundFilter:
        """Returns the filter without some more items and without the items of some categories."""
        predicate = (
            f"{self.predicate} AND NOT j.key IN $filter_chosen "
            "AND none(c IN coalesce(j.categories, []) WHERE c IN $filter_full)"
        )
        more = {"filter_chosen": list(items), "filter_full": list(categories)}
        return replace(self, predicate=predicate, parameters=self.parameters | more)


def bind_filter(graph: Graph, domain: str, given: Filter) -> BoundFilter:
    """Translates a filter, and finds the items that it leaves if they are few.

    Raises:
        InputError: The expression or the date is wrong, or names what the graph does not declare.
    """
    predicate, parameters = _predicate(graph, domain, given)
    most = given.max_per_category
    if most is not None and most < 1:
        raise InputError(f"The most of one category is {most}.", "Give a number from 1 on.")
    bound = BoundFilter(domain, predicate, parameters, max_per_category=most)
    if predicate == "true":
        return bound
    sample = bound.read(graph, "recommend/filter_sample", domain=domain, sample=SAMPLE)[0]
    share = sample["left"] / max(sample["sampled"], 1)
    if sample["left"] <= FEW:
        rows = bound.read(graph, "recommend/filtered_items", domain=domain, most=MOST_ITEMS + 1)
        if len(rows) <= MOST_ITEMS:
            keys = [row["key"] for row in rows]
            found = {"filter_items": keys}
            return replace(
                bound, predicate="j.key IN $filter_items", parameters=found, items=keys, share=share
            )
    return replace(bound, share=share)


def count_filtered(graph: Graph, bound: BoundFilter) -> int:
    """Returns how many items of the domain a filter leaves."""
    if bound.items is not None:
        return len(bound.items)
    return int(bound.read(graph, "recommend/filter_size", domain=bound.domain)[0]["items"])


def _predicate(graph: Graph, domain: str, given: Filter) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    if given.where is not None:
        translated = translate(given.where, known_names(read_attributes(graph)))
        parts.append(f"({translated.cypher})")
        parameters |= translated.parameters
    if given.exclude:
        parts.append("NOT j.key IN $filter_exclude")
        parameters["filter_exclude"] = [f"{domain}:{item}" for item in given.exclude]
    if given.since is not None:
        parts.append("j.published_at >= $filter_since")
        parameters["filter_since"] = _moment(given.since)
    return " AND ".join(parts) or "true", parameters


def _moment(since: str | date) -> datetime:
    if isinstance(since, datetime):
        return since if since.tzinfo else since.replace(tzinfo=UTC)
    try:
        return read_time(str(since))[0]
    except ValueError as error:
        raise InputError(f"{since!r} is no date.", f"Write it as {EXAMPLE}.") from error
