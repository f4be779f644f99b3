"""What a load did: counts of new, changed, unchanged and removed rows of each table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from isthmus.graph.database import Row


@dataclass(frozen=True)
class Changes:
    """How the rows of a table differ from what the graph had; one row a user and item, or a text.

    Attributes:
        new: Rows that the graph did not have.
        changed: Rows of which the graph had something else.
        unchanged: Rows that the graph had already, or of which it knows something newer.
        removed: What the graph had and the table lacks; 0 unless the load replaces.
        repeated: Further rows of the table that repeat one of these.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    repeated: int = 0

    @classmethod
    def count(cls, height: int, results: Iterable[Row], repeated: int = 0) -> Changes:
        """Adds up the results of a statement that returns `new` and `changed`.

        Args:
            height: Number of rows that were written.
            results: A row for each transaction.
            repeated: Number of further rows of the table.
        """
        rows = list(results)
        new = sum(row["new"] for row in rows)
        changed = sum(row["changed"] for row in rows)
        return cls(new, changed, height - new - changed, repeated=repeated)

    @property
    def any(self) -> bool:
        """Whether there is anything to count."""
        return any(asdict(self).values())

    def text(self) -> str:
        """Returns the counts that are not 0, in words."""
        counts = [f"{count:,} {name}" for name, count in asdict(self).items() if count]
        return ", ".join(counts) or "nothing"


@dataclass(frozen=True)
class IngestSummary:
    """Counts of a load.

    Attributes:
        users: Users in the tables.
        items: Items in the table of items.
        interactions: Pairs of a user and an item.
        texts: Texts.
        rejected: Invalid rows; `quarantine` lists them.
        seconds: From the tables in memory to the commit of the last row.
        quarantine: The file of the rejected rows, or None if there are none.
        command: After a bulk load for an external server, the command to run on its machine; None
            if the graph is complete.
        changes: What the load changed, by table; those of `users` are the users of all tables.
        cleaned: Number of titles and texts from which control characters were removed.
    """

    users: int
    items: int
    interactions: int
    texts: int
    rejected: int
    seconds: float
    quarantine: str | None
    command: str | None = None
    changes: dict[str, Changes] = field(default_factory=dict)
    cleaned: int = 0

    def document(self) -> dict[str, object]:
        """Returns the result as `--json` prints it."""
        return asdict(self)


def changes_text(changes: Mapping[str, Changes]) -> str:
    """Returns a line for each table that has rows or lost some."""
    return "\n".join(f"{name}: {counts.text()}" for name, counts in changes.items() if counts.any)
