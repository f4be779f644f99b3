"""What an expression may name: the attributes of items, and what every item has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.graph.database import Attribute, quote_name
from isthmus.graph.filters.times import EXAMPLE
from isthmus.graph.ingest import ITEMS

KINDS = {
    "boolean": "true or false",
    "number": "a number",
    "datetime": "a date",
    "text": "a text",
    "list": "a list of texts",
}


@dataclass(frozen=True)
class Name:
    """What an expression may name.

    Attributes:
        cypher: The property of the item `j`.
        type: A key of KINDS.
        absent: Cypher that is true where an item has no value.
        example: A value for errors, as an expression writes it.
    """

    cypher: str
    type: str
    absent: str
    example: str


ALIASES = {
    alias: column.name
    for column in ITEMS.columns
    if column.name in ("title", "categories", "published_at")
    for alias in column.aliases
}
"""Names of columns that are read as what every item has."""
BUILT_IN = {
    "title": Name("j.title", "text", "coalesce(j.title, '') = ''", "'Dune'"),
    "published_at": Name("j.published_at", "datetime", "j.published_at IS NULL", EXAMPLE),
    "categories": Name("j.categories", "list", "j.categories IS NULL", "'space'"),
    "popularity": Name("j.popularity", "number", "j.popularity IS NULL", "0.5"),
    "likes": Name("j.likes", "number", "j.likes IS NULL", "10"),
}


INDEXED = ("published_at",)
"""Those that have an index with the domain."""


def known_names(attributes: Sequence[Attribute]) -> dict[str, Name]:
    """Returns what an expression may name: the attributes of items, and what every item has."""
    names = {}
    for each in attributes:
        if each.label == "Item":
            cypher = f"j.{quote_name(each.name)}"
            names[each.name] = Name(cypher, each.type, f"{cypher} IS NULL", _example(each))
    return BUILT_IN | names


def _example(attribute: Attribute) -> str:
    value = attribute.low or (attribute.values[0] if attribute.values else "")
    match attribute.type:
        case "number":
            return f"{float(value or 1):g}"
        case "datetime":
            return f"'{value[:10]}'"
        case "boolean":
            return "True"
        case _:
            return repr(value)
