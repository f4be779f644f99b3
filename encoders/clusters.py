"""Groups of texts that are about the same, each named by the terms that set it apart."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

FEWEST, MOST = 8, 200
VECTORS_TO_FIT = 50_000
ROUNDS = 50

TERMS_IN_NAME = 3
MOST_TERMS_IN_NAME = 6
TERMS_COMPARED = 60
CHARACTERS_OF_NAME = 40
TEXTS_READ = 200  # of a cluster, the nearest to its center
CHARACTERS_READ = 400
SHARE_TO_NAME = 0.05  # of these texts must hold a term before it may name the cluster
SHARE_TO_ABSORB = 0.6

# Written without spaces between words: Chinese characters and Japanese syllables.
UNSPACED_CHARACTERS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED = re.compile(rf"[{UNSPACED_CHARACTERS}]+")
WORD_MINIMUM = 3
WORD = re.compile(rf"[^\W\d_]{{{WORD_MINIMUM},}}")
# Characters that hold a Chinese sentence together; no term begins or ends with one.
PARTICLES = frozenset(
    "的了是我你他她它们这那不没有在和与及或就都也还很太更最把被让给对从到为以而但又才"
    "吗呢吧啊呀哦嗯着过得其个一些么什怎哪谁"
)
RUN_LENGTHS = (2, 3, 4)


@dataclass(frozen=True)
class Clusters:
    """Groups of texts, the largest first.

    Attributes:
        labels: The group of each text, shape (texts,).
        centers: Means of the groups' vectors, brought to unit length, in the space of the vectors
            that were given, float32, shape (groups, dimensions).
        names: What each group is about, no two alike.
    """

    labels: NDArray[np.int64]
    centers: NDArray[np.float32]
    names: list[str]


def cluster(
    vectors: NDArray[np.float32], texts: Sequence[str], count: int | None = None, seed: int = 7
) -> Clusters:
    """Groups texts by k-means on their embeddings.

    All sentences of an E5 model lie in one narrow cone, so the mean is taken away first and what is
    left is brought to unit length: distances then tell what a text is about.

    Args:
        vectors: Embeddings of unit length, float32, shape (texts, dimensions).
        texts: What was embedded, the source of the names.
        count: How many groups; fewer come back where fewer texts differ. Without it the square
            root of the number of texts, between 8 and 200.
        seed: Of the random start.
    """
    if len(texts) == 0:
        return Clusters(np.zeros(0, np.int64), np.zeros((0, vectors.shape[1]), np.float32), [])
    if count is None:
        count = min(max(round(len(texts) ** 0.5), FEWEST), MOST)
    centered = vectors - vectors.mean(axis=0)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    centered /= np.maximum(norms, np.finfo(np.float32).eps)
    labels = _kmeans(centered, count, seed)

    one_hot = _one_hot(labels)
    centers = _unit(one_hot @ vectors)
    closeness = np.einsum("nd,nd->n", centered, _unit(one_hot @ centered)[labels])
    return Clusters(labels, centers, name_groups(texts, labels, closeness))


def _kmeans(points: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    distinct = len({row.tobytes() for row in points})
    chosen = np.random.default_rng(seed).permutation(len(points))[:VECTORS_TO_FIT]
    sample = points if len(points) <= VECTORS_TO_FIT else points[np.sort(chosen)]
    model = KMeans(min(count, distinct, len(sample)), n_init=1, max_iter=ROUNDS, random_state=seed)
    # Two threads add up in an order of their own each time; one gives the same groups always.
    with threadpool_limits(1):
        labels = model.fit(sample).predict(points)
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return rank[inverse]


def _one_hot(labels: NDArray[np.int64]) -> csr_array:
    from scipy.sparse import csr_array

    ones = np.ones(len(labels), np.float32)
    shape = (int(labels.max()) + 1, len(labels))
    return csr_array((ones, (labels, np.arange(len(labels)))), shape=shape)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)


def name_groups(
    texts: Sequence[str], labels: NDArray[np.int64], closeness: NDArray[np.floating]
) -> list[str]:
    """A name for each group: the terms that are frequent in it and rare elsewhere.

    Class-based TF-IDF (Grootendorst 2022, arXiv:2203.05794, section 3.3), with the number of a
    group's texts that hold a term as its frequency. Terms are words and pairs of words; in scripts
    without spaces, runs of two to four characters.

    Args:
        texts: All texts.
        labels: Their groups, 0 to the number of groups - 1, none empty.
        closeness: How near each text is to the center of its group; the nearest are read.
    """
    read = _nearest(labels, closeness)
    terms, held = _term_counts([texts[row][:CHARACTERS_READ] for row in read], labels[read])
    sizes = np.bincount(labels[read])
    everywhere = np.maximum(held.sum(axis=0), 1)
    weight = np.log1p(held.sum() / len(sizes) / everywhere)
    names: list[str] = []
    for group, size in enumerate(sizes):
        row = held[[group]]
        enough = row.data >= max(min(2, size), SHARE_TO_NAME * size)
        columns, counts = row.indices[enough], row.data[enough]
        best = np.lexsort((columns, -counts * weight[columns]))[:TERMS_COMPARED]
        chosen = _without_overlap([(terms[columns[place]], counts[place]) for place in best])
        if not chosen:
            nearest = texts[read[labels[read] == group][0]]
            chosen = [" ".join(nearest.split())[:CHARACTERS_OF_NAME] or "other"]
        names.append(_new_name(chosen, names))
    return names


def _new_name(terms: list[str], names: list[str]) -> str:
    """The first terms, as many as it takes to differ from all names before; else with a number."""
    for count in range(TERMS_IN_NAME, max(len(terms), TERMS_IN_NAME) + 1):
        name = ", ".join(terms[:count])
        if name not in names:
            return name
    number = 2
    while f"{name} ({number})" in names:
        number += 1
    return f"{name} ({number})"


def _nearest(labels: NDArray[np.int64], closeness: NDArray[np.floating]) -> NDArray[np.int64]:
    """Rows of at most TEXTS_READ texts of every group, group by group, the nearest first."""
    order = np.lexsort((-closeness, labels))
    starts = np.searchsorted(labels[order], labels[order])
    return order[np.arange(len(order)) - starts < TEXTS_READ]


def _term_counts(texts: list[str], labels: NDArray[np.int64]) -> tuple[list[str], csr_array]:
    """Terms, and how many texts of each group hold each, shape (groups, terms)."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=terms_of, binary=True, dtype=np.int32)
    try:
        held: csr_array = vectorizer.fit_transform(texts)
    except ValueError:  # no text has a term
        return [], csr_array(np.zeros((int(labels.max()) + 1, 0), np.float32))
    terms: list[str] = vectorizer.get_feature_names_out().tolist()
    return terms, _one_hot(labels) @ held


def terms_of(text: str) -> list[str]:
    """What could name a text: its words and pairs of words, in Chinese its short runs."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    text = html.unescape(text).casefold()
    terms = []
    for run in UNSPACED.findall(text):
        for length in RUN_LENGTHS:
            for start in range(len(run) - length + 1):
                term = run[start : start + length]
                if term[0] not in PARTICLES and term[-1] not in PARTICLES:
                    terms.append(term)
    before, end = "", 0
    text = UNSPACED.sub(" ", text)
    for match in WORD.finditer(text):
        word = match.group()
        if word in ENGLISH_STOP_WORDS:
            before = ""
            continue
        terms.append(word)
        if before and text[end : match.start()] in (" ", "-"):
            terms.append(f"{before} {word}")
        before, end = word, match.end()
    return terms


def _without_overlap(ranked: list[tuple[str, float]]) -> list[str]:
    """The first few terms of `ranked` that do not repeat each other.

    A longer term takes the place of a part of it that seldom occurs without it.
    """
    chosen: list[str] = []
    for term, count in ranked:
        longer = [
            other
            for other, held in ranked
            if term in other and len(other) > len(term) and held >= SHARE_TO_ABSORB * count
        ]
        term = max(longer, key=len, default=term)
        if not any(_share(term, other) for other in chosen):
            chosen.append(term)
        if len(chosen) == MOST_TERMS_IN_NAME:
            break
    return chosen


def _share(one: str, other: str) -> bool:
    # Words in Latin script share a word; Chinese runs overlap where they share two characters.
    if UNSPACED.match(one):
        return any(one[place : place + 2] in other for place in range(len(one) - 1))
    return not {_singular(word) for word in one.split()}.isdisjoint(map(_singular, other.split()))


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > WORD_MINIMUM else word
