"""Attributes that the graph declares: the properties of items and users from columns of tables.

A load declares them, and then `refresh_attributes` describes what the graph has: their types, their
values, and the indexes for filters.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import asdict, dataclass

from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.database.statements import fill_place

MAX_INDEXES = 20
"""Each index is written with each load, and a filter uses one or two."""
MAX_VALUES = 20
"""Different values of an attribute that are stored; of one that has more, examples."""
EXAMPLES = 3
INDEX = "attribute_"


@dataclass(frozen=True)
class Attribute:
    """A declared attribute, with the fields of `attributes/declared`.

    Attributes:
        label: Item or User.
        name: The property.
        column: The column that it was read from.
        type: boolean, number, datetime, text or list.
        nodes: How many nodes have it.
        low: The lowest number or time, as text; None of other types.
        high: The highest.
        values: All different values, or some, as texts.
        complete: Whether they are all.
    """

    label: str
    name: str
    column: str
    type: str
    nodes: int = 0
    low: str | None = None
    high: str | None = None
    values: tuple[str, ...] = ()
    complete: bool = False

    @property
    def key(self) -> str:
        """The key of the declaration."""
        return f"{self.label}.{self.name}"

    def document(self) -> Row:
        """Returns the fields as `schema --json` prints them."""
        return asdict(self) | {"values": list(self.values)}


def read_attributes(graph: Graph) -> list[Attribute]:
    """Returns the declared attributes, by label and then by falling number of nodes."""
    rows = graph.read("attributes/declared")
    return [Attribute(**row | {"values": tuple(row["values"])}) for row in rows]


def refresh_attributes(graph: Graph) -> None:
    """Describes the declared attributes as the graph has them now.

    Values of different types, of different loads, become texts, or lists where one is a list.
    Declarations and indexes of attributes that no node has any more are deleted.
    """
    declared = read_attributes(graph)
    found = {each.key: _describe(graph, each, types) for each, types in _types(graph, declared)}
    graph.write("attributes/set_description", rows=[row for row in found.values() if row])
    if gone := [key for key, row in found.items() if not row]:
        graph.write("attributes/forget", keys=gone)
    if declared:
        _index(graph, [row for row in found.values() if row and row["label"] == "Item"])


def _types(graph: Graph, declared: list[Attribute]) -> list[tuple[Attribute, list[Row]]]:
    """Returns each attribute with the rows of `attributes/describe`, one for each type."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for label in sorted({each.label for each in declared}):
        names = [each.name for each in declared if each.label == label]
        for row in graph.read("attributes/describe", label=label, names=names):
            rows[f"{label}.{row['name']}"].append(row)
    return [(each, rows[each.key]) for each in declared]


def _describe(graph: Graph, attribute: Attribute, types: list[Row]) -> Row | None:
    """Returns a row of `attributes/set_description`; None where no node has the attribute."""
    if not types:
        return None
    kind = types[0]["type"]
    named = {"label": attribute.label, "name": attribute.name}
    if len(types) > 1:
        kind = "list" if any(row["type"] == "list" for row in types) else "text"
        graph.write_in_transactions("attributes/unify", type=kind, **named)
    values = graph.read("attributes/values", most=MAX_VALUES + 1, **named)[0]["values"]
    complete = len(values) <= MAX_VALUES
    is_range = kind in ("number", "datetime")
    return named | {
        "type": kind,
        "nodes": sum(row["nodes"] for row in types),
        "low": types[0]["low"] if is_range else None,
        "high": types[0]["high"] if is_range else None,
        "values": values if complete else values[:EXAMPLES],
        "complete": complete,
    }


def _index(graph: Graph, described: list[Row]) -> None:
    """Creates the indexes of the attributes of items, and drops those of others.

    A range index holds no lists; of the rest, those that most items have are indexed.
    """
    useful = sorted(
        (row for row in described if row["type"] != "list"),
        key=lambda row: (-row["nodes"], row["name"]),
    )
    names = {_index_name(row["name"]): row["name"] for row in useful[:MAX_INDEXES]}
    existing = {row["name"] for row in graph.read("admin/indexes") if _is_ours(row["name"])}
    for index in sorted(existing - names.keys()):
        graph.write("admin/drop_index", name=index)
    for index in sorted(names.keys() - existing):
        text = fill_place("attributes/create_index", "attribute", quote_name(names[index]))
        graph.change_schema(text, index=index)


def _is_ours(index: str) -> bool:
    return index.startswith(INDEX) and index != "attribute_key"


def _index_name(name: str) -> str:
    return INDEX + hashlib.sha256(name.encode()).hexdigest()[:12]


def quote_name(name: str) -> str:
    """Returns the name of an attribute as Cypher has it.

    Raises:
        ValueError: It is no identifier, so that it was not declared by a load.
    """
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of an attribute")
    return f"`{name}`"
