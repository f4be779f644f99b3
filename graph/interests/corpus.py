"""The texts that a model can learn from: titles, and what people wrote."""

from __future__ import annotations

from pathlib import Path

from isthmus.graph.database.connection import Graph
from isthmus.graph.interests.embeddings import pages, with_words
from isthmus.graph.sources import read_dataset


def texts_of_graph(graph: Graph) -> list[str]:
    """Titles of all items and the words of all texts, those kept and those in tables loaded."""
    found: list[str] = []
    for page in pages(graph, "encode/items_without_embedding", version=None):
        found += [row["text"] for row in page if row["text"] is not None]
    texts = pages(graph, "encode/texts_without_embedding", version=None)
    written = with_words(graph, [row for page in texts for row in page])
    return [*found, *(row["text"] for row in written if row["text"] is not None)]


def texts_of_tables(folder: Path) -> list[str]:
    """Titles and texts of a dataset that need not be in the graph.

    Raises:
        InputError: There are no tables, or they are wrong.
    """
    dataset = read_dataset(folder)
    titles = dataset.items["title"].drop_nulls().to_list()
    return [*titles, *dataset.texts["text"].drop_nulls().to_list()]
