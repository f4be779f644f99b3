"""The texts that a model can learn from: titles, and what people wrote."""

from __future__ import annotations

from pathlib import Path

from graph.connection import Graph
from graph.embeddings import pages, words_from_tables
from graph.sources import read_dataset


def texts_of_graph(graph: Graph) -> list[str]:
    """Titles of all items and the words of all texts, those kept and those in tables loaded."""
    found: list[str] = []
    for page in pages(graph, "encode/items_without_embedding", again=True):
        found += [row["text"] for row in page if row["text"] is not None]
    kept: dict[str, str | None] = {}
    for page in pages(graph, "encode/texts_without_embedding", again=True):
        kept |= {row["id"]: row["text"] for row in page}
    if any(text is None for text in kept.values()):
        words = words_from_tables(graph)
        kept = {key: text if text is not None else words.get(key) for key, text in kept.items()}
    return [*found, *(text for text in kept.values() if text is not None)]


def texts_of_tables(folder: Path) -> list[str]:
    """Titles and texts of a dataset that need not be in the graph.

    Raises:
        InputError: There are no tables, or they are wrong.
    """
    dataset = read_dataset(folder)
    titles = dataset.items["title"].drop_nulls().to_list()
    return [*titles, *dataset.texts["text"].drop_nulls().to_list()]
