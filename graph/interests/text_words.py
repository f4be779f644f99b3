"""The words of texts that the graph does not store, read again from the tables."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path

import polars as pl

from isthmus.errors import IsthmusError
from isthmus.graph.database import Graph, Row
from isthmus.graph.ingest import item_key, known_items, resolve_items, text_id
from isthmus.graph.sources import read_dataset

logger = logging.getLogger("isthmus")


class TextWords:
    """Looks up the words of texts in the loaded tables, which it reads on first use and only once.

    Args:
        graph: The graph that the tables were loaded into.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def attach(self, texts: list[Row]) -> None:
        """Fills in `text` of rows in which it is None; it stays None if no table has the text."""
        for row in texts:
            if row["text"] is None:
                row["text"] = self._by_id.get(row["id"])

    @cached_property
    def _by_id(self) -> dict[str, str]:
        """Words by the id of the text."""
        words: dict[str, str] = {}
        for row in self._graph.read("encode/datasets"):
            try:
                dataset = read_dataset(Path(row["path"]))
            except IsthmusError as error:
                logger.warning("Cannot read the tables %s again: %s", row["path"], error.message)
                continue
            texts, _ = resolve_items(dataset.texts, known_items(self._graph, dataset))
            key = item_key(pl.col("domain"), pl.col("item_id")).alias("item_key")
            columns = texts.with_columns(key).select("user_id", "item_key", "timestamp", "text")
            words |= {text_id(*values): values[3] for values in columns.iter_rows()}
        return words
