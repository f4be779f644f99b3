"""What texts are about, out of topics that are known by name: by their embeddings and their words.

Embeddings say it first, but all texts of one corpus lie close together and what sets them apart
most may be whether they praise or complain. Words then say it better, learned from what embeddings
said: naive Bayes by expectation maximisation (Nigam and others, "Text classification from labeled
and unlabeled documents using EM", 2000). What was learned goes back into a linear discriminant of
embeddings, so that any later text can be read without its words being kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from isthmus.encoders.topics.cluster_names import UNSPACED, WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# A softmax of cosines between what is left of embeddings without their mean.
TEMPERATURE = 0.08
ROUNDS = 10
SMOOTHING = 0.1
FEWEST_TEXTS_OF_A_TERM = 3
# Fewer texts a topic than this teach nothing.
TEXTS_A_TOPIC = 20
# Of the covariance within topics, so much stands for what few texts cannot say of it.
SHRINKAGE = 0.2


@dataclass(frozen=True)
class Topics:
    """A linear discriminant of embeddings.

    Attributes:
        directions: Float32 (topics, dimensions).
        offsets: Float64 (topics,).
    """

    directions: NDArray[np.float32]
    offsets: NDArray[np.float64]

    def weights(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely each text is about each topic, rows that add up to 1, (texts, topics).

        Args:
            vectors: Embeddings of unit length, float32 (texts, dimensions).
        """
        likely: NDArray[np.float64] = softmax(vectors @ self.directions.T + self.offsets, axis=1)
        return likely


def learn_topics(
    topics: NDArray[np.float32],
    vectors: NDArray[np.float32],
    words: Sequence[str],
    known: csr_array | None = None,
) -> Topics:
    """Learns to tell topics apart in a corpus, without labels or with some.

    Args:
        topics: Embeddings of unit length of what topics are called or of what is said of them,
            float32 (topics, dimensions).
        vectors: Embeddings of the texts, float32 (texts, dimensions).
        words: The texts themselves.
        known: What texts are known to be about, rows that add up to 1 or to nothing, (texts,
            topics).
    """
    named = _by_name(topics, vectors if len(vectors) else topics)
    if len(vectors) < TEXTS_A_TOPIC * len(topics):
        return named
    terms = _terms(words)
    if terms is None:
        return named
    likely = _clamped(named.weights(vectors), known)
    for _ in range(ROUNDS):
        likely = _clamped(_by_words(terms, likely), known)
    return _discriminant(vectors, likely)


def _by_name(topics: NDArray[np.float32], vectors: NDArray[np.float32]) -> Topics:
    """Topics as near as their names are, both without their mean, as a linear discriminant."""
    if not len(topics):
        return Topics(topics, np.zeros(0))
    mean = vectors.mean(axis=0)
    left = topics - topics.mean(axis=0) if len(topics) > 1 else topics
    lengths = np.linalg.norm(left, axis=1, keepdims=True)
    spread = np.linalg.norm(vectors - mean, axis=1).mean()
    directions = left / np.maximum(lengths * max(float(spread), 1e-6) * TEMPERATURE, 1e-12)
    return Topics(directions.astype(np.float32), -(directions @ mean).astype(np.float64))


def _by_words(terms: csr_array, likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """One round of naive Bayes: what texts are about by the words of all that are about the same.

    The words of a text are no independent witnesses: their evidence is over the root of their
    number.
    """
    shares = (likely.sum(axis=0) + 1) / (len(likely) + likely.shape[1])
    counts = (terms.T @ likely).T + SMOOTHING
    chances = np.log(counts / counts.sum(axis=1, keepdims=True))
    number = np.asarray(terms.sum(axis=1)).ravel()[:, None]
    again: NDArray[np.float64] = softmax(
        (terms @ chances.T) / np.sqrt(number + 1) + np.log(shares), axis=1
    )
    return again


def _discriminant(vectors: NDArray[np.float32], likely: NDArray[np.float64]) -> Topics:
    """Fisher's linear discriminant: the topics' means under one covariance within them."""
    number = np.maximum(likely.sum(axis=0), 1e-9)
    mean = vectors.mean(axis=0)
    left = vectors - mean
    means = (likely.T @ left) / number[:, None]
    within = left.T @ left / len(left) - (means * (number / len(left))[:, None]).T @ means
    within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    directions = np.linalg.solve(within, means.T).T
    offsets = -0.5 * (directions * means).sum(axis=1) + np.log(number / number.sum())
    return Topics(directions.astype(np.float32), offsets - directions @ mean)


def _clamped(likely: NDArray[np.float64], known: csr_array | None) -> NDArray[np.float64]:
    """What is known, in place of what is likely."""
    if known is None:
        return likely
    sure = np.asarray(known.sum(axis=1)).ravel() > 0
    likely[sure] = known[sure].toarray()
    return likely


def _terms(words: Sequence[str]) -> csr_array | None:
    """1 for each term that a text holds, (texts, terms); None where nothing stands in several."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(
        analyzer=terms_of, min_df=FEWEST_TEXTS_OF_A_TERM, binary=True, dtype=np.float64
    )
    try:
        return csr_array(vectorizer.fit_transform(words))
    except ValueError:  # no term is in so many texts
        return None


def terms_of(text: str) -> list[str]:
    """Words, and of scripts without spaces the characters and their pairs."""
    text = text.casefold()
    found = WORD.findall(UNSPACED.sub(" ", text))
    for run in UNSPACED.findall(text):
        found += run
        found += re.findall(r"(?=(..))", run)
    return found
