"""Titles and texts to train a text model on."""

from __future__ import annotations

from pathlib import Path

from isthmus.graph.database import Graph
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.text_words import TextWords
from isthmus.graph.sources import read_dataset


def texts_of_graph(graph: Graph) -> list[str]:
    """Returns the titles of all items and the words of all texts, from the loaded tables if needed.

    Texts whose words neither the graph nor a table has are skipped.
    """
    pages = read_pages(graph, "encode/items_without_embedding", version=None)
    titles = [row["text"] for page in pages for row in page]
    pages = read_pages(graph, "encode/texts_without_embedding", version=None)
    texts = [row for page in pages for row in page]
    TextWords(graph).attach(texts)
    return [text for text in (*titles, *(row["text"] for row in texts)) if text is not None]


def texts_of_tables(folder: Path) -> list[str]:
    """Returns the titles and texts of a dataset that need not be in the graph.

    Raises:
        InputError: The folder has no tables, or they are invalid.
    """
    dataset = read_dataset(folder)
    titles = dataset.items["title"].drop_nulls().to_list()
    return [*titles, *dataset.texts["text"].drop_nulls().to_list()]
