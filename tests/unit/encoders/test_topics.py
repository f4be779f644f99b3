"""What texts are about is learned from their embeddings and their words together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.encoders.topics.discriminant import TEXTS_A_TOPIC, learn_topics, terms_of

DIMENSIONS = 24
LETTERS = "abcdefghij"
COMMON = [f"common{a}{b}" for a in LETTERS for b in LETTERS]


def corpus(size: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Texts about three topics whose embeddings waver and whose words do not.

    Returns:
        Topics of the texts, their embeddings, the words.
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
    """Embeddings of the topics' names, each a little like the next topic too."""
    vectors = 0.1 * np.eye(DIMENSIONS)[1:4]
    vectors += misleading * np.roll(vectors, 1, axis=0)
    vectors[:, 0] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def right(about: np.ndarray, weights: np.ndarray) -> float:
    return float((weights.argmax(axis=1) == about).mean())


def test_words_teach_to_read_embeddings_that_waver() -> None:
    about, vectors, texts = corpus(600, noise=0.03)
    names = topics(misleading=0.8)
    by_name = right(about, learn_topics(names, vectors, [""] * 600).weights(vectors))
    learned = learn_topics(names, vectors, texts)
    assert right(about, learned.weights(vectors)) > by_name + 0.05
    new_about, new_vectors, _ = corpus(600, noise=0.03, seed=1)
    assert right(new_about, learned.weights(new_vectors)) > by_name + 0.05


def test_topics_whose_names_say_nothing_are_learned_from_texts_that_are_known() -> None:
    about, vectors, texts = corpus(600, noise=0.02)
    nameless = np.repeat(vectors[:1], 3, axis=0)
    some = np.arange(0, 600, 4)
    known = csr_array((np.ones(len(some)), (some, about[some])), shape=(600, 3))
    learned = learn_topics(nameless, vectors, texts, known)
    assert right(about, learned.weights(vectors)) > 0.95


@pytest.mark.parametrize("size", [0, 1, 3 * TEXTS_A_TOPIC - 1])
def test_few_texts_are_read_by_the_names_of_topics(size: int) -> None:
    _, vectors, texts = corpus(size, noise=0.01)
    learned = learn_topics(topics(), vectors, texts)
    asked_about, asked, _ = corpus(50, noise=0.01, seed=2)
    assert right(asked_about, learned.weights(asked)) > (0.9 if size > 1 else 0.3)
    np.testing.assert_allclose(learned.weights(asked).sum(axis=1), 1)


def test_one_topic_is_what_all_texts_are_about() -> None:
    _, vectors, texts = corpus(100, noise=0.05)
    assert learn_topics(topics()[:1], vectors, texts).weights(vectors).tolist() == [[1.0]] * 100


def test_terms_are_words_and_characters_with_their_pairs() -> None:
    assert terms_of("Great 房间大 tea!") == ["great", "tea", "房", "间", "大", "房间", "间大"]
    assert terms_of("😀 \x00 1234") == []
