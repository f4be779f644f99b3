"""Interests of texts: the reader that a graph's items, texts and likes give, and its storage."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from isthmus.encoders.text import TextEncoder, VectorCache, encode_cached
from isthmus.encoders.topics import (
    LANGUAGES,
    Corpus,
    ReadClause,
    ReaderChoice,
    TextReader,
    TextSpace,
    TopicReader,
    choose_reader,
    corpus_means,
    fit_min_evidence,
    fit_polarity,
    language_index,
    load_text_space,
    names_reader,
    normalize_rows,
)
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.text_words import TextWords

MAX_INTERESTS_PER_TEXT = 5
MASKED_TEXTS = 400

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
        writers: Ids of their writers.
        languages: Positions of their languages in `encoders.topics.LANGUAGES`, (texts,).
        read: Whether each text has interests already.
    """

    ids: list[str]
    vectors: Vectors
    words: list[str | None]
    items: list[str | None]
    item_weights: NDArray[np.float64]
    writers: list[str]
    languages: NDArray[np.int64]
    read: list[bool]


def load_texts(graph: Graph, version: int, words: TextWords) -> Texts:
    """Reads the texts that have a vector of an encoder version, with their words if found."""
    pages = read_pages(graph, "interests/texts", version=version)
    rows = [row for page in pages for row in page]
    words.attach(rows)
    languages = language_index([row["text"] for row in rows])
    without_words = [k for k, row in enumerate(rows) if row["text"] is None]
    for k in without_words:
        language = rows[k]["language"]
        languages[k] = LANGUAGES.index(language) if language in LANGUAGES else languages[k]
    return Texts(
        ids=[row["id"] for row in rows],
        vectors=np.array([row["embedding"] for row in rows], dtype=np.float32),
        words=[row["text"] for row in rows],
        items=[row["item"] for row in rows],
        item_weights=np.array([row["item_weight"] or 0.0 for row in rows]),
        writers=[row["writer"] for row in rows],
        languages=languages,
        read=[row["read"] for row in rows],
    )


def load_writers_likes(graph: Graph) -> dict[str, list[str]]:
    """Returns the keys of the items that each writer of a text likes, by the writer's id."""
    pages = read_pages(graph, "interests/writers")
    return {row["id"]: row["likes"] for page in pages for row in page}


def learn_reader(
    interests: Interests,
    items: list[Row],
    item_interests: dict[str, list[Row]],
    texts: Texts,
    likes: dict[str, list[str]],
    encoder: TextEncoder,
    cache: VectorCache,
) -> tuple[TextReader, ReaderChoice]:
    """Learns the reader of texts of a graph.

    Args:
        interests: All interests.
        items: Rows of `id`, `title` and `embedding`, which may be None.
        item_interests: Interests of items by key.
        texts: Texts of users.
        likes: Keys of the items that a writer likes, by the writer's id.
        encoder: The encoder of all embeddings.
        cache: Its vector cache.
    """
    space = load_text_space(encoder, cache)
    if not interests.ids:
        nothing = np.zeros((0, encoder.dimensions), np.float32)
        topics = TopicReader(nothing, np.zeros((0, len(LANGUAGES))), space.text_means)
        return TextReader(space, topics), ReaderChoice("names", "nothing")
    vectors = texts.vectors.reshape(-1, encoder.dimensions)
    means = corpus_means(space, vectors, texts.languages)
    names = build_names_reader(space, interests, items, item_interests, means, (encoder, cache))
    corpus = build_corpus(space, names, interests, item_interests, texts, likes)
    mask_names = partial(_masked_corpus, interests, texts, encoder, cache)
    topics, choice = choose_reader(space, names, corpus, mask_names)
    reader = TextReader(space, topics)
    titles = [item["title"] or "" for item in items if item_interests.get(item["id"])]
    min_evidence = fit_min_evidence(reader, titles, encoder, cache)
    return TextReader(space, replace(topics, min_evidence=min_evidence)), choice


def build_names_reader(
    space: TextSpace,
    interests: Interests,
    items: list[Row],
    item_interests: dict[str, list[Row]],
    text_means: Vectors,
    encoding: tuple[TextEncoder, VectorCache],
) -> TopicReader:
    """The reader by the names of interests and the embeddings of their items."""
    pairs = [(k, name) for k, names in enumerate(interests.names) for name in names.values()]
    topics, names = [k for k, _ in pairs], [name for _, name in pairs]
    vectors, _, _ = encode_cached(*encoding, names, "passage")
    embedded = [item for item in items if item["embedding"] is not None]
    centers = np.zeros((len(interests.ids), vectors.shape[1]), np.float32)
    if embedded:
        rows = np.array([item["embedding"] for item in embedded], dtype=np.float32)
        languages = language_index([item["title"] for item in embedded])
        for language in np.unique(languages):
            rows[languages == language] -= rows[languages == language].mean(axis=0)
        about = _shares(interests, item_interests, [item["id"] for item in embedded])
        centers = normalize_rows(np.asarray(about.T @ rows, dtype=np.float32))
    return names_reader(
        space, vectors, language_index(names), np.array(topics, dtype=np.int64), centers, text_means
    )


def _shares(
    interests: Interests, item_interests: dict[str, list[Row]], keys: list[str | None]
) -> csr_array:
    """Weights of the interests of some items, (items, interests)."""
    column = {interest: k for k, interest in enumerate(interests.ids)}
    entries = [
        (row, column[interest["id"]], interest["weight"])
        for row, key in enumerate(keys)
        for interest in item_interests.get(key or "", [])
    ]
    rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(keys), len(column))
    return csr_array((np.array(weights, dtype=np.float64), (rows, columns)), shape=shape)


def build_corpus(
    space: TextSpace,
    names: TopicReader,
    interests: Interests,
    item_interests: dict[str, list[Row]],
    texts: Texts,
    likes: dict[str, list[str]],
) -> Corpus:
    """The texts with their labels: their item's interests, or those of what the writer likes.

    A text that rejects something has no label, as its writer does not like what it is about.
    """
    writers = sorted({*texts.writers})
    group = {writer: k for k, writer in enumerate(writers)}
    groups = np.array([group[writer] for writer in texts.writers], dtype=np.int64)
    liked = [(k, key) for k, writer in enumerate(writers) for key in likes.get(writer, [])]
    of_items = _shares(interests, item_interests, [key for _, key in liked])
    ones = (np.ones(len(liked)), ([k for k, _ in liked], np.arange(len(liked))))
    profiles = csr_array(ones, shape=(len(writers), len(liked))) @ of_items
    labels = csr_array(_shares(interests, item_interests, texts.items))
    if len(texts.ids):
        wanted = space.polarity(texts.words, texts.vectors, texts.languages) > 0
        general = np.array([item is None for item in texts.items])
        labels = labels + csr_array(profiles[groups].multiply((general & wanted)[:, None]))
    sums = np.asarray(labels.sum(axis=1)).ravel()
    scale = np.where(sums > 0, 1 / np.maximum(sums, 1e-12), 0)
    normalized = csr_array(labels.multiply(scale[:, None]))
    return Corpus(texts.vectors, texts.words, texts.languages, normalized, groups)


def _masked_corpus(
    interests: Interests, texts: Texts, encoder: TextEncoder, cache: VectorCache
) -> Corpus:
    """Texts about no item that name exactly one interest, without that name.

    Their groups are their positions among the texts.
    """
    patterns = [
        re.compile("|".join(rf"\b{re.escape(n)}\b" if n.isascii() else re.escape(n) for n in names))
        for names in ([name.casefold() for name in own.values()] for own in interests.names)
    ]
    rows: list[int] = []
    words: list[str] = []
    topics: list[int] = []
    for row, (text, item) in enumerate(zip(texts.words, texts.items, strict=True)):
        if len(words) == MASKED_TEXTS:
            break
        if text is None or item is not None:
            continue
        folded = text.casefold()
        named = [k for k, pattern in enumerate(patterns) if pattern.search(folded)]
        if len(named) == 1:
            rows.append(row)
            words.append(patterns[named[0]].sub(" ", folded))
            topics.append(named[0])
    vectors, _, _ = encode_cached(encoder, cache, words, "query")
    ones = (np.ones(len(topics)), (np.arange(len(topics)), topics))
    labels = csr_array(ones, shape=(len(topics), len(interests.ids)))
    return Corpus(vectors, words, texts.languages[rows], labels, np.array(rows, dtype=np.int64))


def read_texts(
    reader: TextReader, ids: list[str], texts: Texts, encoder: TextEncoder, cache: VectorCache
) -> tuple[list[list[Row]], NDArray[np.float64]]:
    """Finds the interests of texts, and their polarity.

    A text about an item is a review: its polarity is read as praise or complaint, of all that it is
    about. Any other text is read clause by clause.

    Returns:
        For each text rows of `interest`, `weight` (summing to 1) and `polarity`; and the polarity
        of the texts, (texts,).
    """
    if not len(texts.ids):
        return [], np.zeros(0)
    reviews = fit_polarity(encoder, texts.vectors, texts.item_weights).predict(texts.vectors)
    read = reader.read(texts.words, texts.vectors, encoder, cache, texts.languages)
    polarity = np.array(
        [
            reviews[k] if texts.items[k] is not None else mean_polarity(clauses)
            for k, clauses in enumerate(read)
        ]
    )
    about = [
        interests_of_clauses(ids, clauses, None if texts.items[k] is None else float(polarity[k]))
        for k, clauses in enumerate(read)
    ]
    return about, polarity


def interests_of_clauses(
    ids: list[str], clauses: list[ReadClause], polarity: float | None = None
) -> list[Row]:
    """Joins the topics of clauses to rows of `interest`, `weight` and `polarity`.

    Args:
        ids: Ids of all interests.
        clauses: The clauses of a text.
        polarity: The polarity of all clauses; None for the polarity of each.
    """
    weights: dict[int, float] = {}
    signed: dict[int, float] = {}
    for clause in clauses:
        for topic, share in clause.topics.items():
            weights[topic] = weights.get(topic, 0.0) + share
            value = clause.polarity if polarity is None else polarity
            signed[topic] = signed.get(topic, 0.0) + share * value
    best = sorted(weights, key=lambda topic: (-weights[topic], topic))[:MAX_INTERESTS_PER_TEXT]
    total = sum(weights[topic] for topic in best)
    return [
        {
            "interest": ids[topic],
            "weight": weights[topic] / total,
            "polarity": signed[topic] / weights[topic],
        }
        for topic in best
    ]


def mean_polarity(clauses: list[ReadClause]) -> float:
    """Mean polarity of the clauses that are about something, or of all if none is."""
    about = [clause for clause in clauses if clause.about] or clauses
    return sum(clause.polarity for clause in about) / len(about)


def reader_rows(reader: TextReader) -> Row:
    """Returns the parameters of `interests/set_reader`, without the version."""
    return {
        "text_means": reader.topics.text_means.ravel().astype(float).tolist(),
        "min_evidence": float(reader.topics.min_evidence),
    }


def load_reader(
    graph: Graph, encoder: TextEncoder, cache: VectorCache, version: int
) -> tuple[TextReader, list[str]]:
    """Reads the reader of an encoder version, and the ids of its interests."""
    space = load_text_space(encoder, cache)
    rows = graph.read("interests/readers", version=version)
    of_version = graph.read("interests/reader", version=version)[0]
    means = np.array(of_version["text_means"] or space.text_means.ravel(), dtype=np.float32)
    topics = TopicReader(
        np.array([row["direction"] for row in rows], dtype=np.float32).reshape(
            len(rows), encoder.dimensions
        ),
        np.array([row["offsets"] for row in rows]).reshape(len(rows), len(LANGUAGES)),
        means.reshape(len(LANGUAGES), encoder.dimensions),
        -np.inf if of_version["min_evidence"] is None else of_version["min_evidence"],
    )
    return TextReader(space, topics), [row["id"] for row in rows]


def choice_document(choice: ReaderChoice) -> str:
    """The choice of the reader as it is stored on the encoder version, JSON."""
    return json.dumps(vars(choice))
