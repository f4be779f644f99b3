"""Online load of validated tables into a graph that may already have content.

Loading the same tables twice changes nothing, and loading again completes an interrupted load:
every statement merges by key. A value that a table lacks says nothing: what the graph has is kept.
`bulk` loads the same rows into an empty graph.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isthmus.graph.database import BATCH_ROWS, Graph, read_attributes, refresh_attributes
from isthmus.graph.ingest.attributes import (
    ITEM_COLUMNS,
    LABELS,
    USER_COLUMNS,
    attribute_columns,
    cast_attributes,
    pack_attributes,
)
from isthmus.graph.ingest.changes import Changes, IngestSummary
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.readings import changed_readings, readings_json, stored_weights
from isthmus.graph.ingest.rows import (
    GraphRows,
    build_rows,
    quarantine_rejected,
)
from isthmus.graph.ingest.scope import declared_rows, named_domains
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

STATEMENTS = {"categories": "category_names"}
"""Names of statements that differ from those of the tables."""


def ingest_dataset(graph: Graph, dataset: Dataset, path: Path, settings: Settings) -> IngestSummary:
    """Writes a dataset into the graph.

    Args:
        graph: The graph to write to.
        dataset: Valid tables.
        path: The folder that the tables were read from; the graph stores it, since the texts are
            read from there again unless they are stored too.
        settings: `keep_text`, `max_rejected_share`, `half_life_days`, `home` for the quarantine.

    Raises:
        InputError: More rows are invalid than the setting allows; nothing was written.
    """
    start = time.monotonic()
    rows = build_rows(dataset, settings, graph)
    quarantine_rejected(rows, dataset, settings)
    changes = write_rows(graph, rows, dataset, path)
    if is_interrupted(graph, path):
        logger.warning(
            "an earlier load of %s with --replace was interrupted, and some of what the tables "
            "lack is still there; load it with --replace again",
            path,
        )
    refresh_attributes(graph)
    update_popularity(graph, settings.half_life_days)
    return rows.summary(start, settings, changes)


def write_rows(
    graph: Graph,
    rows: GraphRows,
    dataset: Dataset,
    path: Path,
    cleared: Sequence[str] | None = None,
) -> dict[str, Changes]:
    """Writes the rows of a dataset, and records that it was loaded.

    Args:
        graph: The graph to write to.
        rows: Rows of the tables.
        dataset: The tables.
        path: The folder that the tables were read from.
        cleared: Where the tables replace what the graph has: the columns of items in which an empty
            value deletes the one of the graph; attributes that the tables lack go, too. None to add
            to the graph.

    Returns:
        What changed, by table.
    """
    for sentence in changed_readings(stored_readings(graph, path), dataset.readings):
        logger.warning("%s", sentence)
    graph.write("ingest/domains", names=rows.items["domain"].unique().to_list())
    known = read_attributes(graph)
    declared = declared_rows(rows, dataset)
    graph.write("attributes/declare", rows=declared)
    parameters: dict[str, dict[str, Any]] = {
        "items": {"size": BATCH_ROWS // 2, "cleared": list(cleared or ())},
        "users": {"cleared": []},
        "interactions": {"replace": cleared is not None},
        "texts": {"tables": str(path.absolute())},
    }
    frames = rows.tables()
    for name, own in (("items", ITEM_COLUMNS), ("users", USER_COLUMNS)):
        types = {each.name: each.type for each in known if each.label == LABELS[name]}
        if cleared is None:
            frames[name] = cast_attributes(frames[name], own, types)
        elif not getattr(dataset, name).is_empty():
            parameters[name]["cleared"] += types
        kinds = attribute_columns(frames[name], own)
        parameters[name] |= {
            "names": sorted(kinds.keys() | set(parameters[name]["cleared"]) & types.keys()),
            "times": [column for column, kind in kinds.items() if kind == "datetime"],
        }
        frames[name] = pack_attributes(frames[name], own)
    changes = {}
    for name, frame in frames.items():
        statement = f"ingest/{STATEMENTS.get(name, name)}"
        results = graph.write_batches(statement, frame, f"load {name}", **parameters.get(name, {}))
        changes[name] = Changes.count(len(frame), results, rows.repeated.get(name, 0))
    graph.write(
        "ingest/dataset",
        path=str(path.absolute()),
        fingerprint=dataset.fingerprint,
        readings=readings_json(dataset.readings),
        domains=named_domains(rows),
        replacing=cleared is not None,
    )
    return changes


def stored_readings(graph: Graph, path: Path) -> str | None:
    """Returns the result of `readings_json` of the last load of a folder; None if there is none."""
    rows = graph.read("ingest/known_readings", path=str(path.absolute()))
    return rows[0]["readings"] if rows else None


def is_interrupted(graph: Graph, path: Path) -> bool:
    """Returns whether a load that replaces what a folder left was interrupted."""
    rows = graph.read("ingest/known_readings", path=str(path.absolute()))
    return bool(rows and rows[0]["replacing"])


def remembered_weights(graph: Graph, path: Path) -> str | None:
    """Returns the option `--weights` with which a folder was loaded last; None if without."""
    return stored_weights(stored_readings(graph, path))


def loaded_datasets(graph: Graph) -> list[str]:
    """Returns the fingerprints of the datasets that were loaded into a graph."""
    return [row["fingerprint"] for row in graph.read("encode/datasets")]


def update_popularity(graph: Graph, half_life_days: float) -> None:
    """Recomputes `likes`, with decay, and `popularity`, between 0 and 1, of every item."""
    graph.write("ingest/newest")
    graph.write_in_transactions("ingest/likes", half_life_days=half_life_days)
    scale_popularity(graph)


def scale_popularity(graph: Graph) -> None:
    """Scales `popularity` to between 0 and 1 by the current maximum of likes in each domain."""
    graph.write("ingest/most_likes")
    graph.write_in_transactions("ingest/popularity")
