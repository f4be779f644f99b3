"""Online load of validated tables into a graph that may already have content.

Loading the same tables twice changes nothing, and loading again completes an interrupted load:
every statement merges by key. `bulk` loads the same rows into an empty graph.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from isthmus.graph.database import BATCH_ROWS, Graph
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.readings import changed_readings, readings_json, stored_weights
from isthmus.graph.ingest.rows import IngestSummary, build_rows
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


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
    for sentence in changed_readings(stored_readings(graph, path), dataset.readings):
        logger.warning("%s", sentence)
    graph.write("ingest/domains", names=rows.items["domain"].unique().to_list())
    graph.write_batches("ingest/items", rows.items, "load items", BATCH_ROWS // 2)
    graph.write_batches("ingest/users", rows.users, "load users")
    graph.write_batches("ingest/interactions", rows.interactions, "load interactions")
    graph.write_batches("ingest/texts", rows.texts, "load texts", tables=str(path.absolute()))
    graph.write_batches("ingest/accounts", rows.accounts, "load accounts")
    graph.write_batches("ingest/follows", rows.follows, "load follows")
    graph.write_batches("ingest/category_names", rows.category_names, "load category names")
    graph.write(
        "ingest/dataset",
        path=str(path.absolute()),
        fingerprint=dataset.fingerprint,
        readings=readings_json(dataset.readings),
    )
    update_popularity(graph, settings.half_life_days)
    return rows.summary(start)


def stored_readings(graph: Graph, path: Path) -> str | None:
    """Returns the result of `readings_json` of the last load of a folder; None if there is none."""
    rows = graph.read("ingest/known_readings", path=str(path.absolute()))
    return rows[0]["readings"] if rows else None


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
