"""Interests of texts by a topic classifier, and their polarity (praise or complaint)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text import TextEncoder
from isthmus.encoders.topics import TopicClassifier, fit_polarity, fit_topic_classifier
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.text_words import TextWords

MAX_INTERESTS_PER_TEXT = 3
MIN_WEIGHT = 0.01
"""Share of the weight of a text's first interest, below which another interest is dropped."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Interests:
    """Interests as arrays.

    Attributes:
        ids: Their ids.
        names: Their names by language, the language of most items first.
        vectors: Embeddings of unit length, float32 (interests, dimensions).
    """

    ids: list[str]
    names: list[dict[str, str]]
    vectors: Vectors


@dataclass(frozen=True)
class Texts:
    """Texts of users as arrays.

    Attributes:
        ids: Their ids, ascending.
        vectors: Embeddings of unit length, float32 (texts, dimensions).
        words: Their words, None if they are not found.
        items: Key of the item that each text is about, or None.
        item_weights: Weight that the writer gave that item; 0 if there is none, (texts,).
    """

    ids: list[str]
    vectors: Vectors
    words: list[str | None]
    items: list[str | None]
    item_weights: NDArray[np.float64]


def load_texts(graph: Graph, version: int, words: TextWords) -> Texts:
    """Reads the texts that have a vector of an encoder version, with their words if found."""
    pages = read_pages(graph, "interests/texts", version=version)
    rows = [row for page in pages for row in page]
    words.attach(rows)
    return Texts(
        ids=[row["id"] for row in rows],
        vectors=np.array([row["embedding"] for row in rows], dtype=np.float32),
        words=[row["text"] for row in rows],
        items=[row["item"] for row in rows],
        item_weights=np.array([row["item_weight"] or 0.0 for row in rows]),
    )


def learn_text_readers(
    interests: Interests,
    item_interests: dict[str, list[Row]],
    texts: Texts,
    encoder: TextEncoder,
) -> tuple[TopicClassifier, NDArray[np.float64]]:
    """Fits a topic classifier to the texts and computes their polarity.

    Args:
        interests: All interests.
        item_interests: Interests of items by key; a text about an item has the item's interests.
        texts: Texts of users.
        encoder: The encoder of all embeddings.

    Returns:
        The topic classifier, and the polarity of the texts from -1 to 1, (texts,).
    """
    column = {interest: k for k, interest in enumerate(interests.ids)}
    rows_with_words = np.array([k for k, words in enumerate(texts.words) if words], dtype=np.int64)
    entries = [
        (row, column[interest["id"]], interest["weight"])
        for row, k in enumerate(rows_with_words)
        for interest in item_interests.get(texts.items[k] or "", [])
    ]
    rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(rows_with_words), len(interests.ids))
    labels = csr_array((np.array(weights, dtype=np.float64), (rows, columns)), shape=shape)
    words = [texts.words[k] or "" for k in rows_with_words]
    topics = fit_topic_classifier(interests.vectors, texts.vectors[rows_with_words], words, labels)
    if not len(texts.ids):
        return topics, np.zeros(0)
    polarity = fit_polarity(encoder, texts.vectors, texts.item_weights)
    return topics, polarity.predict(texts.vectors)


def top_interests(ids: list[str], topics: TopicClassifier, vectors: Vectors) -> list[list[Row]]:
    """Returns the most probable interests of texts, with weights that add up to 1.

    Args:
        ids: Ids of all interests.
        topics: The topic classifier of these interests.
        vectors: Embeddings of texts of unit length, float32 (texts, dimensions).

    Returns:
        For each text up to `MAX_INTERESTS_PER_TEXT` of `{"interest": id, "weight": float}`.
    """
    if not ids or not len(vectors):
        return [[] for _ in vectors]
    interests = []
    for row in topics.probabilities(vectors):
        best = np.argsort(-row, kind="stable")[: min(MAX_INTERESTS_PER_TEXT, len(ids))]
        best = best[row[best] >= MIN_WEIGHT * row[best[0]]]
        weights = row[best] / row[best].sum()
        interests.append(
            [
                {"interest": ids[k], "weight": float(weight)}
                for k, weight in zip(best, weights, strict=True)
            ]
        )
    return interests


def interests_of_text(graph: Graph, vectors: Vectors, version: int) -> list[Row]:
    """Returns the interests of one text by its embedding of an encoder version, (1, dimensions)."""
    rows = graph.read("interests/readers", version=version)
    directions = np.array([row["direction"] for row in rows], dtype=np.float32)
    offsets = np.array([row["bias"] for row in rows])
    return top_interests(
        [row["id"] for row in rows], TopicClassifier(directions, offsets), vectors
    )[0]
