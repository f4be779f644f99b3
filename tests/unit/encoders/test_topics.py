"""The topic classifier is trained on embeddings and words together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.encoders.topics.discriminant import MIN_TOPIC_TEXTS, fit_topic_classifier, terms_of

DIMENSIONS = 24
LETTERS = "abcdefghij"
COMMON = [f"common{a}{b}" for a in LETTERS for b in LETTERS]


def corpus(size: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Texts about three topics with noisy embeddings and topic-specific words.

    Returns:
        Topics of the texts, their embeddings, the texts.
    """
    rng = np.random.default_rng(seed)
    about = rng.integers(0, 3, size)
    vectors = 0.1 * np.eye(DIMENSIONS)[about + 1] + noise * rng.standard_normal((size, DIMENSIONS))
    vectors[:, 0] += 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [
        " ".join(
            [*rng.choice(COMMON, 4), *(f"word{k * 'x'}{a}" for a in rng.choice([*LETTERS], 2))]
        )
        for k in about
    ]
    return about, vectors.astype(np.float32), texts


def topics(misleading: float = 0) -> np.ndarray:
    """Embeddings of the topics' names, mixed with the next topic by the share `misleading`."""
    vectors = 0.1 * np.eye(DIMENSIONS)[1:4]
    vectors += misleading * np.roll(vectors, 1, axis=0)
    vectors[:, 0] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def accuracy(about: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == about).mean())


def test_words_improve_the_classification_of_noisy_embeddings() -> None:
    about, vectors, texts = corpus(600, noise=0.03)
    names = topics(misleading=0.8)
    names_only = fit_topic_classifier(names, vectors, [""] * 600)
    baseline = accuracy(about, names_only.probabilities(vectors))
    classifier = fit_topic_classifier(names, vectors, texts)
    assert accuracy(about, classifier.probabilities(vectors)) > baseline + 0.05
    new_about, new_vectors, _ = corpus(600, noise=0.03, seed=1)
    assert accuracy(new_about, classifier.probabilities(new_vectors)) > baseline + 0.05


def test_topics_with_uninformative_names_are_learned_from_labelled_texts() -> None:
    about, vectors, texts = corpus(600, noise=0.02)
    nameless = np.repeat(vectors[:1], 3, axis=0)
    rows = np.arange(0, 600, 4)
    known = csr_array((np.ones(len(rows)), (rows, about[rows])), shape=(600, 3))
    classifier = fit_topic_classifier(nameless, vectors, texts, known)
    assert accuracy(about, classifier.probabilities(vectors)) > 0.95


@pytest.mark.parametrize("size", [0, 1, 3 * MIN_TOPIC_TEXTS - 1])
def test_few_texts_are_classified_by_the_names_of_topics(size: int) -> None:
    _, vectors, texts = corpus(size, noise=0.01)
    classifier = fit_topic_classifier(topics(), vectors, texts)
    test_about, test_vectors, _ = corpus(50, noise=0.01, seed=2)
    assert accuracy(test_about, classifier.probabilities(test_vectors)) > (0.9 if size > 1 else 0.3)
    np.testing.assert_allclose(classifier.probabilities(test_vectors).sum(axis=1), 1)


def test_a_single_topic_has_probability_1_for_all_texts() -> None:
    _, vectors, texts = corpus(100, noise=0.05)
    assert (
        fit_topic_classifier(topics()[:1], vectors, texts).probabilities(vectors).tolist()
        == [[1.0]] * 100
    )


def test_terms_are_words_and_characters_with_their_pairs() -> None:
    assert terms_of("Great 房间大 tea!") == ["great", "tea", "房", "间", "大", "房间", "间大"]
    assert terms_of("😀 \x00 1234") == []
