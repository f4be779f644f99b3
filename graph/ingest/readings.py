"""How the columns of a dataset were understood: kept with it, and compared at its next load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Readings = Mapping[str, Mapping[str, "ColumnReading"]]
"""By table and column."""


@dataclass(frozen=True)
class ColumnReading:
    """What a column was taken for, from all of its values.

    Attributes:
        column: Name in the table.
        source: Name in the file.
        kind: Kind of its values.
        form: How its values are converted, such as `{"scale": "ratings", "top": 5.0}`; {} if by
            the rules of its kind alone. A dataset that is loaded again is compared by it.
        limits: Numbers of this load that the conversion needs, such as the count that weighs 1.
        notes: What was assumed, each a clause of a sentence.
        examples: Up to three values as the file has them, each with the value that was read.
        values: Number of values, without the missing ones.
        missing: Number of rows without a value.
    """

    column: str
    source: str
    kind: str = ""
    form: dict[str, str | float | bool] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    values: int = 0
    missing: int = 0

    @property
    def sentence(self) -> str:
        """What was assumed, in one line; "" if nothing was."""
        name = self.column
        if self.source != self.column:
            name = f"{self.source} is read as {self.column}"
        return f"{name}: {'; '.join(self.notes)}" if self.notes else ""

    def document(self) -> dict[str, object]:
        """Returns the reading as `ingest --dry-run --json` prints it."""
        return {
            "file_column": self.source,
            "type": self.kind,
            "form": self.form,
            "notes": list(self.notes),
            "examples": [{"value": value, "read": read} for value, read in self.examples],
            "values": self.values,
            "missing": self.missing,
        }


def readings_json(readings: Readings) -> str:
    """Returns the source and form of every column as JSON, to be stored with the dataset."""
    document = {
        table: {
            name: {"source": reading.source, "form": reading.form}
            for name, reading in columns.items()
        }
        for table, columns in readings.items()
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=False)


def changed_readings(stored: str | None, readings: Readings) -> list[str]:
    """Returns a sentence for each column that is read in another way than at the last load.

    Args:
        stored: Result of `readings_json` of the last load; None if there was none.
        readings: Readings of this load.
    """
    before = json.loads(stored) if stored else {}
    sentences = []
    for table, columns in readings.items():
        for name, reading in columns.items():
            old = before.get(table, {}).get(name)
            new: dict[str, object] = {"source": reading.source, "form": reading.form}
            if old is not None and old != new:
                sentences.append(
                    f"{table}: {name} is read as {_describe(new)}; the last load of this folder "
                    f"read it as {_describe(old)}"
                )
    return sentences


def stored_weights(stored: str | None) -> str | None:
    """Returns the option `--weights` of the last load, from `readings_json`; None for none."""
    weight = json.loads(stored).get("interactions", {}).get("weight", {}) if stored else {}
    option = weight.get("form", {}).get("option")
    return option if isinstance(option, str) else None


def _describe(reading: dict[str, object]) -> str:
    form = reading["form"]
    parts = [f"{key} {value}" for key, value in form.items()] if isinstance(form, dict) else []
    return f"{', '.join(parts) or 'its kind says'} from the column {reading['source']}"
