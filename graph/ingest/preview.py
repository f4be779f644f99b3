"""What a load of a dataset would do, without a graph: what `ingest --dry-run` prints."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.ingest.readings import ColumnReading, Readings
from isthmus.graph.ingest.rejected import first_reasons
from isthmus.graph.ingest.schema import TABLES
from isthmus.output import escape_controls


@dataclass(frozen=True)
class Preview:
    """What was understood of a dataset.

    Attributes:
        rows: Number of valid rows of each table that has any.
        readings: How the columns were understood, by table and column.
        read: Number of rows read.
        repeated: Number of rows that repeat an earlier row.
        rejected: Number of invalid rows; `reasons` describes the first of each kind.
        reasons: Sentences with file, line, column, value and reason.
        unknown_items: Whether some rejected items may exist in the graph.
        no_items: Whether all items that the rows name must be in the graph already.
        too_many: Whether more rows are invalid than the setting allows.
    """

    rows: dict[str, int]
    readings: Readings
    read: int
    repeated: int
    rejected: int
    reasons: list[str]
    unknown_items: bool
    no_items: bool
    too_many: bool

    def document(self) -> dict[str, object]:
        """Returns the fields as `--json` prints them."""
        tables = {
            name: {
                "rows": count,
                "columns": {
                    column: reading.document()
                    for column, reading in self.readings.get(name, {}).items()
                },
            }
            for name, count in self.rows.items()
        }
        return {
            "tables": tables,
            "rows": self.read,
            "repeated": self.repeated,
            "rejected": self.rejected,
            "first_rejected": self.reasons,
            "would_load": not self.too_many,
        }

    def text(self) -> str:
        """Returns a paragraph for each table, and the first rejected rows."""
        lines = []
        for name, count in self.rows.items():
            lines.append(f"{name}: {count:,} rows")
            for reading in self.readings.get(name, {}).values():
                lines += _column_lines(reading)
        lines.append(
            f"{self.rejected:,} of {self.read:,} rows are rejected"
            + (", more than the setting max_rejected_share allows" if self.too_many else "")
            + (":" if self.reasons else ".")
        )
        lines += [f"  {reason}" for reason in self.reasons]
        if self.no_items:
            lines.append(
                "  There is no table items: a load rejects the items that the graph lacks."
            )
        if self.unknown_items:
            lines.append("  An item that only the graph has is found by the load itself.")
        if self.repeated:
            lines.append(f"{self.repeated:,} rows repeat another row and count once.")
        return "\n".join([*lines, "Nothing was written."])


def preview_dataset(dataset: Dataset, max_rejected_share: float) -> Preview:
    """Examines a dataset as a load would, with the items of its own table.

    Args:
        dataset: Valid tables.
        max_rejected_share: Setting of the load.
    """
    _, interactions = resolve_items(dataset.interactions, dataset.items)
    _, texts = resolve_items(dataset.texts, dataset.items)
    unknown = pl.concat([interactions, texts])
    no_items = dataset.items.is_empty() and not unknown.is_empty()
    if no_items:  # an addition to a graph: every item may be there
        unknown = unknown.clear()
    rejected = pl.concat([dataset.rejected, unknown])
    heights = {name: getattr(dataset, name).height for name in TABLES}
    return Preview(
        rows={name: height for name, height in heights.items() if height},
        readings=dataset.readings,
        read=dataset.rows,
        repeated=dataset.repeated,
        rejected=rejected.height,
        reasons=first_reasons(rejected),
        unknown_items=not unknown.is_empty(),
        no_items=no_items,
        too_many=rejected.height > max_rejected_share * dataset.rows,
    )


def _column_lines(reading: ColumnReading) -> list[str]:
    name = reading.column
    if reading.source != reading.column:
        name = f"{escape_controls(reading.source)} -> {reading.column}"
    examples = ", ".join(
        escape_controls(value if value == read else f"{value} -> {read}")
        for value, read in reading.examples
    )
    missing = f"; {reading.missing:,} missing" if reading.missing else ""
    lines = [f"  {name} ({reading.kind}): {examples}{missing}"]
    return [*lines, *(f"      {note}" for note in reading.notes)]
