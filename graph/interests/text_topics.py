"""What texts say: which interests they are about, and whether they praise or complain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text.encoder import TextEncoder
from isthmus.encoders.topics.discriminant import Topics, learn_topics
from isthmus.encoders.topics.polarity import learn_polarity
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.interests.embeddings import pages, with_words

INTERESTS_A_TEXT = 3
LEAST_WEIGHT = 0.01

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Interests:
    """Interests as arrays.

    Attributes:
        ids: Their keys.
        names: What they are called by language, in that of most items first.
        vectors: Embeddings of unit length, float32 (interests, dimensions).
    """

    ids: list[str]
    names: list[dict[str, str]]
    vectors: Vectors


@dataclass(frozen=True)
class Texts:
    """What users wrote, as arrays.

    Attributes:
        ids: Their keys, ascending.
        vectors: Embeddings of unit length, float32 (texts, dimensions).
        words: The texts themselves, None where they cannot be had.
        items: Key of the item that each is about, or None.
        said: Weight that its writer gave that item; 0 where none is known, (texts,).
    """

    ids: list[str]
    vectors: Vectors
    words: list[str | None]
    items: list[str | None]
    said: NDArray[np.float64]


def written(graph: Graph, version: int) -> Texts:
    """Texts with a vector of an encoder version, with their words where they can be had."""
    found = pages(graph, "interests/texts", version=version)
    rows = with_words(graph, [row for page in found for row in page])
    return Texts(
        ids=[row["id"] for row in rows],
        vectors=np.array([row["embedding"] for row in rows], dtype=np.float32),
        words=[row["text"] for row in rows],
        items=[row["item"] for row in rows],
        said=np.array([row["said"] or 0.0 for row in rows]),
    )


def read_texts(
    interests: Interests, about: dict[str, list[Row]], texts: Texts, encoder: TextEncoder
) -> tuple[Topics, NDArray[np.float64]]:
    """Learns from texts how to tell what a text is about, and how they praise and complain.

    Args:
        interests: What there is.
        about: What items are about: a text about an item is about the same.
        texts: What users wrote.
        encoder: That made the embeddings.

    Returns:
        What reads interests from embeddings, and the polarity of the texts, from -1 to 1, (texts,).
    """
    place = {interest: k for k, interest in enumerate(interests.ids)}
    with_words = np.array([k for k, words in enumerate(texts.words) if words], dtype=np.int64)
    entries = [
        (row, place[of_item["id"]], of_item["weight"])
        for row, k in enumerate(with_words)
        for of_item in about.get(texts.items[k] or "", [])
    ]
    rows, columns, parts = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(with_words), len(interests.ids))
    known = csr_array((np.array(parts, dtype=np.float64), (rows, columns)), shape=shape)
    words = [texts.words[k] or "" for k in with_words]
    topics = learn_topics(interests.vectors, texts.vectors[with_words], words, known)
    if not len(texts.ids):
        return topics, np.zeros(0)
    return topics, learn_polarity(encoder, texts.vectors, texts.said).of(texts.vectors)


def most_likely(ids: list[str], topics: Topics, vectors: Vectors) -> list[list[Row]]:
    """The interests that texts are most likely about, with weights that add up to 1.

    Args:
        ids: Of all interests.
        topics: What reads them from embeddings.
        vectors: Embeddings of texts of unit length, float32 (texts, dimensions).

    Returns:
        For each text a list of `{"interest": id, "weight": float}`, at most `INTERESTS_A_TEXT`.
    """
    if not ids or not len(vectors):
        return [[] for _ in vectors]
    found = []
    for row in topics.weights(vectors):
        best = np.argsort(-row, kind="stable")[: min(INTERESTS_A_TEXT, len(ids))]
        best = best[row[best] >= LEAST_WEIGHT * row[best[0]]]
        weights = row[best] / row[best].sum()
        found.append(
            [
                {"interest": ids[k], "weight": float(weight)}
                for k, weight in zip(best, weights, strict=True)
            ]
        )
    return found


def interests_of_text(graph: Graph, vectors: Vectors, version: int) -> list[Row]:
    """What one text is about, by its embedding of an encoder version, (1, dimensions)."""
    rows = graph.read("interests/readers", version=version)
    directions = np.array([row["direction"] for row in rows], dtype=np.float32)
    offsets = np.array([row["bias"] for row in rows])
    return most_likely([row["id"] for row in rows], Topics(directions, offsets), vectors)[0]
