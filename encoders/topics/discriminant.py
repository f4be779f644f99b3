"""Topic classifier of texts, trained on the names of the topics, on embeddings and on words.

The first topic probabilities come from the embeddings. But the embeddings of one corpus lie close
together, and their largest differences may be those of praise and complaint, so words refine the
probabilities: naive Bayes by expectation maximisation (Nigam and others, "Text classification from
labeled and unlabeled documents using EM", 2000). A linear discriminant of embeddings is then fitted
to the result, so that later texts are classified without their words.
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

# Of the softmax over cosines of centred embeddings.
TEMPERATURE = 0.08
EM_ROUNDS = 10
SMOOTHING = 0.1
MIN_TERM_TEXTS = 3
# With fewer texts per topic only the names of the topics are used.
MIN_TOPIC_TEXTS = 20
# Regularises the covariance within topics, which few texts estimate poorly.
SHRINKAGE = 0.2


@dataclass(frozen=True)
class TopicClassifier:
    """A linear discriminant of embeddings.

    Attributes:
        directions: Weights, float32 (topics, dimensions).
        offsets: Intercepts, float64 (topics,).
    """

    directions: NDArray[np.float32]
    offsets: NDArray[np.float64]

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability of each topic for each text, (texts, topics); rows add up to 1.

        Args:
            vectors: Embeddings of unit length, float32 (texts, dimensions).
        """
        result: NDArray[np.float64] = softmax(vectors @ self.directions.T + self.offsets, axis=1)
        return result


def fit_topic_classifier(
    topics: NDArray[np.float32],
    vectors: NDArray[np.float32],
    words: Sequence[str],
    known: csr_array | None = None,
) -> TopicClassifier:
    """Trains the topic classifier of a corpus, with few or no labelled texts.

    Args:
        topics: Embeddings of unit length of the topics' names or descriptions, float32 (topics,
            dimensions).
        vectors: Embeddings of the texts, float32 (texts, dimensions).
        words: The texts.
        known: Known topics of the texts, rows that add up to 1, or to 0 for unlabelled texts,
            (texts, topics).
    """
    initial = _fit_to_names(topics, vectors if len(vectors) else topics)
    if len(vectors) < MIN_TOPIC_TEXTS * len(topics):
        return initial
    terms = _term_matrix(words)
    if terms is None:
        return initial
    probabilities = _clamp(initial.probabilities(vectors), known)
    for _ in range(EM_ROUNDS):
        probabilities = _clamp(_naive_bayes_round(terms, probabilities), known)
    return _fit_discriminant(vectors, probabilities)


def _fit_to_names(topics: NDArray[np.float32], vectors: NDArray[np.float32]) -> TopicClassifier:
    """Scores topics by the cosine of the centred text to the centred name, as a discriminant."""
    if not len(topics):
        return TopicClassifier(topics, np.zeros(0))
    mean = vectors.mean(axis=0)
    centered = topics - topics.mean(axis=0) if len(topics) > 1 else topics
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    spread = np.linalg.norm(vectors - mean, axis=1).mean()
    directions = centered / np.maximum(lengths * max(float(spread), 1e-6) * TEMPERATURE, 1e-12)
    return TopicClassifier(directions.astype(np.float32), -(directions @ mean).astype(np.float64))


def _naive_bayes_round(terms: csr_array, posterior: NDArray[np.float64]) -> NDArray[np.float64]:
    """One round of expectation maximisation of naive Bayes; returns the new probabilities.

    The words of a text are not independent, so their log likelihood is divided by the square root
    of their number.

    Args:
        terms: Terms of each text, (texts, terms).
        posterior: Topic probabilities of the texts, (texts, topics).
    """
    prior = (posterior.sum(axis=0) + 1) / (len(posterior) + posterior.shape[1])
    counts = (terms.T @ posterior).T + SMOOTHING
    log_likelihood = np.log(counts / counts.sum(axis=1, keepdims=True))
    term_counts = np.asarray(terms.sum(axis=1)).ravel()[:, None]
    result: NDArray[np.float64] = softmax(
        (terms @ log_likelihood.T) / np.sqrt(term_counts + 1) + np.log(prior), axis=1
    )
    return result


def _fit_discriminant(
    vectors: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> TopicClassifier:
    """Fisher's linear discriminant: means of the topics and their shared covariance."""
    sizes = np.maximum(probabilities.sum(axis=0), 1e-9)
    mean = vectors.mean(axis=0)
    centered = vectors - mean
    means = (probabilities.T @ centered) / sizes[:, None]
    total = centered.T @ centered / len(centered)
    within = total - (means * (sizes / len(centered))[:, None]).T @ means
    within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    directions = np.linalg.solve(within, means.T).T
    offsets = -0.5 * (directions * means).sum(axis=1) + np.log(sizes / sizes.sum())
    return TopicClassifier(directions.astype(np.float32), offsets - directions @ mean)


def _clamp(probabilities: NDArray[np.float64], known: csr_array | None) -> NDArray[np.float64]:
    """Overwrites the probabilities of labelled texts with their known topics."""
    if known is None:
        return probabilities
    labelled = np.asarray(known.sum(axis=1)).ravel() > 0
    probabilities[labelled] = known[labelled].toarray()
    return probabilities


def _term_matrix(words: Sequence[str]) -> csr_array | None:
    """1 for each term that a text contains, (texts, terms); None if all terms are too rare."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(
        analyzer=terms_of, min_df=MIN_TERM_TEXTS, binary=True, dtype=np.float64
    )
    try:
        return csr_array(vectorizer.fit_transform(words))
    except ValueError:  # no term is in MIN_TERM_TEXTS texts
        return None


def terms_of(text: str) -> list[str]:
    """Words of a text; for scripts without spaces, single characters and pairs of characters."""
    text = text.casefold()
    terms = WORD.findall(UNSPACED.sub(" ", text))
    for run in UNSPACED.findall(text):
        terms += run
        terms += re.findall(r"(?=(..))", run)
    return terms
