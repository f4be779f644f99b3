"""Records to graph, online: validated tables in, nodes and relationships out.

Loading the same tables twice changes nothing, and a load that was cut short is completed by
loading again: every statement merges by key. `bulk` loads the same rows into an empty graph.
"""

from __future__ import annotations

import time
from pathlib import Path

from isthmus.graph.database.connection import ROWS_A_BATCH, Graph
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.rows import Loaded, rows_of
from isthmus.settings import Settings


def ingest(graph: Graph, dataset: Dataset, path: Path, settings: Settings) -> Loaded:
    """Writes a dataset into the graph.

    Args:
        graph: Where to.
        dataset: Valid tables.
        path: The folder they came from; the graph remembers it, since it does not keep texts.
        settings: `keep_text`, `max_rejected_share`, `half_life_days`, `home` for the quarantine.

    Raises:
        InputError: More rows are wrong than the setting allows; nothing was written.
    """
    start = time.monotonic()
    rows = rows_of(dataset, settings, graph)
    graph.write("ingest/domains", names=rows.items["domain"].unique().to_list())
    graph.write_batches("ingest/items", rows.items, "load items", ROWS_A_BATCH // 2)
    graph.write_batches("ingest/users", rows.users, "load users")
    graph.write_batches("ingest/interactions", rows.interactions, "load interactions")
    graph.write_batches("ingest/texts", rows.texts, "load texts", tables=str(path.absolute()))
    graph.write_batches("ingest/accounts", rows.accounts, "load accounts")
    graph.write_batches("ingest/follows", rows.follows, "load follows")
    graph.write("ingest/dataset", path=str(path.absolute()), fingerprint=dataset.fingerprint)
    update_popularity(graph, settings.half_life_days)
    return rows.loaded(start)


def tables_loaded(graph: Graph) -> list[str]:
    """Fingerprints of the tables that were loaded into a graph."""
    return [row["fingerprint"] for row in graph.read("encode/datasets")]


def update_popularity(graph: Graph, half_life_days: float) -> None:
    """Counts likes anew: `likes`, decayed, and `popularity` between 0 and 1 of every item."""
    graph.write("ingest/newest")
    graph.write_in_transactions("ingest/likes", half_life_days=half_life_days)
    scale_popularity(graph)


def scale_popularity(graph: Graph) -> None:
    """Puts `popularity` between 0 and 1 by the most likes that an item of its domain has now."""
    graph.write("ingest/most_likes")
    graph.write_in_transactions("ingest/popularity")
