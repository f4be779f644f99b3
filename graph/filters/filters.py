"""What a recommendation is restricted to, and how the statements apply it before they cut.

A filter is a predicate of the statement, which walks the items by popularity until it has enough.
One that leaves few of the popular items would walk through the domain: where it requires a value of
an attribute with an index, the statement begins with that index instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, cast

from isthmus.errors import InputError
from isthmus.graph.database import Graph, Row, read_attributes
from isthmus.graph.filters.names import known_names
from isthmus.graph.filters.times import EXAMPLE, read_time
from isthmus.graph.filters.translation import Predicate, translate
from isthmus.graph.ingest import find_near_item

SAMPLE = 200
FEW = 0.03
"""Share of the sample above which a walk by popularity finds enough items soon."""
MOST_ITEMS = 3_000
"""Items that are scored for a text one by one."""


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
        indexed: A property of the item with an index that finds what the filter leaves, or None.
        share: The share of the popular items that it leaves, of a sample.
        max_per_category: As in `Filter`.
        note: A sentence on what it excludes and no domain has, or None.
    """

    domain: str
    predicate: str = "true"
    parameters: dict[str, Any] = field(default_factory=dict)
    indexed: str | None = None
    share: float = 1.0
    max_per_category: int | None = None
    note: str | None = None

    @property
    def leaves_few(self) -> bool:
        """Whether it leaves few of the popular items."""
        return self.share <= FEW

    @property
    def reads_index(self) -> bool:
        """Whether statements begin with the index of what it requires, not with the popular."""
        return self.leaves_few and self.indexed is not None

    def read(self, graph: Graph, name: str, **parameters: Any) -> list[Row]:
        """Runs a statement with places for the predicate and the index."""
        hint = ""
        if self.reads_index and self.indexed is not None:
            hint = f"USING INDEX j:Item(domain, {self.indexed.removeprefix('j.')})"
        return graph.read_where(name, self.predicate, hint, **parameters, **self.parameters)

    def without(self, items: Sequence[str], categories: Sequence[str]) -> BoundFilter:
        """Returns the filter without some more items and without the items of some categories."""
        predicate = (
            f"{self.predicate} AND NOT j.key IN $filter_chosen "
            "AND none(c IN coalesce(j.categories, []) WHERE c IN $filter_full)"
        )
        more = {"filter_chosen": list(items), "filter_full": list(categories)}
        return replace(self, predicate=predicate, parameters=self.parameters | more)


def bind_filter(graph: Graph, domain: str, given: Filter | BoundFilter) -> BoundFilter:
    """Translates a filter, and finds whether it leaves few items; a bound one is returned.

    Who asks often with the same filter binds it once, and again after a load.

    Raises:
        InputError: The expression or the date is wrong, or names what the graph does not declare.
        ValueError: It is bound to another domain.
    """
    if isinstance(given, BoundFilter):
        if given.domain != domain:
            raise ValueError(f"the filter is bound to {given.domain!r}, not to {domain!r}")
        return given
    if given.max_per_category is not None and given.max_per_category < 1:
        most = given.max_per_category
        raise InputError(f"The most of one category is {most}.", "Give a number from 1 on.")
    bound = _translate(graph, domain, given)
    if bound.predicate == "true":
        return bound
    [row] = bound.read(graph, "recommend/filter_sample", domain=domain, sample=SAMPLE)
    return replace(bound, share=row["left"] / max(row["sampled"], 1))


def few_items(graph: Graph, bound: BoundFilter) -> list[str] | None:
    """Returns the keys of all items that a filter leaves; None if they may be many."""
    if not bound.leaves_few:
        return None
    most = MOST_ITEMS + 1
    rows = bound.read(graph, "recommend/filtered_items", domain=bound.domain, most=most)
    return [row["key"] for row in rows] if len(rows) < most else None


def count_filtered(graph: Graph, bound: BoundFilter) -> int:
    """Returns how many items of the domain a filter leaves."""
    return int(bound.read(graph, "recommend/filter_size", domain=bound.domain)[0]["items"])


def _translate(graph: Graph, domain: str, given: Filter) -> BoundFilter:
    indexed = "j.published_at" if given.since is not None else None
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    if given.where is not None:
        translated = translate(given.where, known_names(read_attributes(graph)))
        parameters |= _name_categories(graph, translated)
        parts.append(f"({translated.cypher})")
        indexed = translated.indexed or indexed
    if given.exclude:
        parts.append("NOT j.key IN $filter_exclude")
        parameters["filter_exclude"] = [f"{domain}:{item}" for item in given.exclude]
    if given.since is not None:
        parts.append("j.published_at >= $filter_since")
        parameters["filter_since"] = _moment(given.since)
    predicate = " AND ".join(parts) or "true"
    most = given.max_per_category
    note = _unknown_note(graph, domain, given.exclude) if given.exclude else None
    return BoundFilter(domain, predicate, parameters, indexed, 1.0, most, note)


def _name_categories(graph: Graph, predicate: Predicate) -> dict[str, object]:
    """The parameters of a predicate, categories with what they are called in other languages."""
    parameters = dict(predicate.parameters)
    for each in predicate.categories:
        [name] = cast(list[str], parameters[each])
        rows = graph.read("interests/categories_called", name=name)
        parameters[each] = sorted({name, *(row["name"] for row in rows)})
    return parameters


def _unknown_note(graph: Graph, domain: str, excluded: Sequence[str]) -> str | None:
    """A sentence on excluded items that no domain has; one of another domain is no mistake."""
    known = {row["item_id"] for row in graph.read("ingest/known_items", item_ids=list(excluded))}
    unknown = [item for item in excluded if item not in known]
    if not unknown:
        return None
    others = f", and {len(unknown) - 1:,} more are unknown" if len(unknown) > 1 else ""
    near = find_near_item(graph, domain, unknown[0])
    meant = f"; did you mean {near!r}?" if near else "."
    return f"There is no item {unknown[0]!r} to exclude{others}{meant}"


def _moment(since: str | date) -> datetime:
    if isinstance(since, datetime):
        return since if since.tzinfo else since.replace(tzinfo=UTC)
    try:
        return read_time(str(since))[0]
    except ValueError as error:
        raise InputError(f"{since!r} is no date.", f"Write it as {EXAMPLE}.") from error
