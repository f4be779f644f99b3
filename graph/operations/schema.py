"""What a graph holds: nodes and relationships with their numbers, and the attributes of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from isthmus.graph.database import Attribute, Graph, Row, read_attributes
from isthmus.output import escape_controls

MAX_SHOWN = 60
"""Characters of a value in the text."""
BUILT_IN = "title, categories, published_at, popularity and likes"


@dataclass(frozen=True)
class GraphSchema:
    """What a graph holds.

    Attributes:
        nodes: Number of nodes by label.
        relationships: Number of relationships by type.
        attributes: The declared attributes, by label and then by falling number of nodes.
    """

    nodes: dict[str, int]
    relationships: dict[str, int]
    attributes: list[Attribute]

    def document(self) -> Row:
        """Returns the schema as `schema --json` prints it."""
        return {
            "nodes": self.nodes,
            "relationships": self.relationships,
            "attributes": [each.document() for each in self.attributes],
        }

    def text(self) -> str:
        """Returns a line for each label, type and attribute."""
        if not self.nodes:
            return "The graph is empty. Load your tables with `isthmus ingest FOLDER`."
        lines = ["Nodes:", *_counts(self.nodes), "Relationships:", *_counts(self.relationships)]
        for label in sorted({each.label for each in self.attributes}):
            lines.append(f"Attributes of {label}:")
            own = [each for each in self.attributes if each.label == label]
            lines += _table([_attribute_cells(each, self.nodes.get(label, 0)) for each in own])
        if any(each.label == "Item" for each in self.attributes):
            lines.append(f"--where compares attributes of Item, and {BUILT_IN}.")
        else:
            lines.append(f"No column of items is an attribute; --where compares {BUILT_IN}.")
        return "\n".join(lines)


def describe_schema(graph: Graph) -> GraphSchema:
    """Returns what a graph holds; housekeeping (locks, migrations, loads) is left out."""
    nodes = graph.read("admin/labelled")[0]
    hidden = ("Migration", "Dataset", "Attribute", "loads")
    return GraphSchema(
        {label: count for label, count in nodes.items() if count and label not in hidden},
        {row["relationship"]: row["count"] for row in graph.read("admin/relationships")},
        read_attributes(graph),
    )


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"  {name:<16} {count:>12,}" for name, count in counts.items()]


def _attribute_cells(attribute: Attribute, nodes: int) -> tuple[str, ...]:
    share = f"{attribute.nodes:,} of {nodes:,}"
    column = f"from {attribute.column}" if attribute.column != attribute.name else ""
    return attribute.name, attribute.type, share, _values(attribute), escape_controls(column)


def _values(attribute: Attribute) -> str:
    if attribute.low is not None and attribute.high is not None:
        ends = [_short(attribute.type, end) for end in (attribute.low, attribute.high)]
        return " to ".join(ends) if ends[0] != ends[1] else ends[0]
    shown = ", ".join(escape_controls(value[:MAX_SHOWN]) for value in attribute.values)
    return shown if attribute.complete else f"{shown}, …"


def _short(kind: str, end: str) -> str:
    if kind == "datetime":
        return end.removesuffix("T00:00:00Z").removesuffix("T00:00Z")
    return f"{float(end):.10g}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Aligns columns by the width of characters, of which those of Chinese take two places."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
