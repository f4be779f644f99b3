"""The reader by names serves unless a learned reader is better on texts held out from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from isthmus.encoders.topics.discriminant import MIN_TOPIC_TEXTS
from isthmus.encoders.topics.text_space import LANGUAGES, TextSpace
from isthmus.encoders.topics.topic_reader import (
    FOLDS,
    MEAN_TEXTS,
    MIN_HELD_OUT,
    MIN_LABELLED,
    SHARPNESS,
    Corpus,
    ReaderChoice,
    TopicReader,
    choose_reader,
    corpus_means,
    names_reader,
)

DIMENSIONS, TOPICS = 24, 3
LETTERS = "abcdefghij"
COMMON = [f"common{a}{b}" for a in LETTERS for b in LETTERS]
ENGLISH = LANGUAGES.index("en")
EYE = np.eye(DIMENSIONS, dtype=np.float32)
NO_MEANS = np.zeros((len(LANGUAGES), DIMENSIONS), np.float32)
SPACE = TextSpace(
    text_means=NO_MEANS,
    name_means=NO_MEANS,
    metric=EYE,
    polarity_weights=np.zeros(DIMENSIONS + 5),
    polarity_offset=0.0,
    subject_weights=np.zeros(DIMENSIONS),
    subject_offset=0.0,
)
"""Euclidean, and without a difference of languages."""
RIGHT = EYE[:TOPICS]
"""Embeddings of names that lie where the texts about them lie."""
MISLEADING = 0.8 * RIGHT + np.roll(RIGHT, 1, axis=0)
"""Names that lie nearer to the texts about another topic."""
UNCLEAR = RIGHT + 0.8 * np.roll(RIGHT, 1, axis=0)
"""Names that lie almost as near to the texts about another topic."""


def reader_by(names: np.ndarray, titles: np.ndarray | None = None) -> TopicReader:
    titles = np.zeros_like(names) if titles is None else titles
    languages = np.full(len(names), ENGLISH)
    return names_reader(SPACE, names, languages, np.arange(len(names)), titles, NO_MEANS)


def one_hot(topics: np.ndarray) -> csr_array:
    return csr_array((np.ones(len(topics)), (np.arange(len(topics)), topics)), (len(topics), 3))


@dataclass(frozen=True)
class Written:
    """Texts about one topic each.

    Attributes:
        about: Their topics.
        corpus: The texts, each by a writer of its own.
    """

    about: np.ndarray
    corpus: Corpus


def write(
    size: int,
    labels: np.ndarray | None = None,
    noise: float = 0.01,
    telling: bool = True,
    seed: int = 0,
) -> Written:
    """Texts about the topics 0, 1, 2, 0, …, with words of the topic if these are `telling`.

    Args:
        size: Number of texts.
        labels: Their labelled topics; None for texts without labels.
        noise: Standard deviation of the embeddings in each dimension.
        telling: Whether two words of each text are used of its topic only.
        seed: Seed of noise and words.
    """
    rng = np.random.default_rng(seed)
    about = np.arange(size) % TOPICS
    vectors = EYE[about] + noise * rng.standard_normal((size, DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [
        " ".join(
            [
                *rng.choice(COMMON, 4),
                *(f"word{k * 'x' if telling else ''}{a}" for a in rng.choice([*LETTERS], 2)),
            ]
        )
        for k in about
    ]
    known = csr_array((size, TOPICS)) if labels is None else one_hot(labels)
    languages = np.full(size, ENGLISH)
    corpus = Corpus(vectors.astype(np.float32), texts, languages, known, np.arange(size))
    return Written(about, corpus)


def labelled(texts: Written) -> Corpus:
    """The texts with their topics as labels."""
    return replace(texts.corpus, labels=one_hot(texts.about))


def first(texts: Written, size: int) -> Callable[[], Corpus]:
    """The first texts, as if each had named its topic."""
    corpus = labelled(texts)
    return lambda: Corpus(
        corpus.vectors[:size],
        corpus.words[:size],
        corpus.languages[:size],
        corpus.labels[:size],
        np.arange(size),
    )


def no_texts() -> Corpus:
    return write(0).corpus


def accuracy(reader: TopicReader, texts: Written) -> float:
    found = reader.logits(texts.corpus.vectors, texts.corpus.languages).argmax(axis=1)
    return float((found == texts.about).mean())


def test_names_serve_if_the_labels_are_shuffled() -> None:
    names = reader_by(RIGHT)
    for seed in range(5):
        labels = np.random.default_rng(seed).permutation(np.arange(300) % TOPICS)
        texts = write(300, labels, seed=seed)
        served, choice = choose_reader(SPACE, names, texts.corpus, no_texts)
        assert served is names
        assert (choice.reader, choice.judged_on) == ("names", "items and likes")
        assert choice.gain[0] <= 0
        assert accuracy(served, texts) == 1


def test_names_serve_if_the_labels_that_are_learned_from_are_wrong() -> None:
    about = np.arange(300) % TOPICS
    learned_from = np.arange(300) % FOLDS != 0
    texts = write(300, np.where(learned_from, (about + 1) % TOPICS, about), noise=0.1)
    served, choice = choose_reader(SPACE, reader_by(RIGHT), texts.corpus, no_texts)
    assert choice.reader == "names"
    assert choice.names_score > 0.95 > choice.learned_score
    assert choice.gain[1] < 0
    assert accuracy(served, texts) > 0.95


def test_labels_serve_if_they_are_right_and_the_names_misleading() -> None:
    texts = write(300, np.arange(300) % TOPICS)
    names = reader_by(MISLEADING)
    served, choice = choose_reader(SPACE, names, texts.corpus, no_texts)
    # A fifth of the 300 writers is held out: names are wrong about all their texts, labels right.
    assert choice == ReaderChoice("labels", "items and likes", 60, 0.0, 1.0, (1.0, 1.0))
    new = write(90, seed=1)
    assert (accuracy(names, new), accuracy(served, new)) == (0, 1)


def test_the_choice_has_the_interval_of_the_paired_gain() -> None:
    # The text about topic 2 is read as topic 1: the cosines are .45 and .71.
    names = reader_by(
        np.array([EYE[0], (EYE[1] + EYE[2]) / 2**0.5, (0.5 * EYE[2] + EYE[8]) / 1.25**0.5])
    )
    texts = write(300, np.arange(300) % TOPICS)
    _, choice = choose_reader(SPACE, names, texts.corpus, no_texts)
    assert (choice.reader, choice.texts) == ("labels", 60)
    assert (choice.names_score, choice.learned_score) == (0.6667, 1.0)
    # Of 60 differences 20 are 1: 1/3 ± 1.96 * sqrt(1/3 * 2/3 / 60).
    assert choice.gain == pytest.approx((0.2141, 0.4526), abs=1e-4)


def test_a_gain_that_may_be_chance_leaves_the_names() -> None:
    labels = np.arange(300) % TOPICS
    labels[0] = 1  # of the 60 held-out texts one, which the names do not find either
    names = reader_by(RIGHT)
    served, choice = choose_reader(SPACE, names, write(300, labels).corpus, no_texts)
    assert choice == ReaderChoice("names", "items and likes", 60, 0.9833, 0.9833, (0.0, 0.0))
    assert served is names


def test_unlabelled_texts_serve_if_their_words_are_right_and_the_names_misleading() -> None:
    corpus, names = write(800, noise=0.15), reader_by(UNCLEAR)
    served, choice = choose_reader(SPACE, names, corpus.corpus, first(corpus, 200))
    assert (choice.reader, choice.judged_on, choice.texts) == ("corpus", "names in texts", 200)
    assert choice.gain[0] > 0
    assert choice.names_score < 0.9 < choice.learned_score
    new = write(600, noise=0.15, seed=2)
    assert accuracy(served, new) > 0.95 > accuracy(names, new) + 0.05


def test_names_serve_if_the_words_of_unlabelled_texts_are_of_no_topic() -> None:
    corpus, names = write(800, noise=0.25, telling=False), reader_by(RIGHT)
    served, choice = choose_reader(SPACE, names, corpus.corpus, first(corpus, 200))
    assert served is names
    assert (choice.reader, choice.judged_on, choice.texts) == ("names", "names in texts", 200)
    assert choice.gain[0] <= 0


def test_names_serve_if_too_few_texts_have_words_to_learn_from() -> None:
    size = MIN_TOPIC_TEXTS * TOPICS
    corpus, names = write(size + 99), reader_by(MISLEADING)
    served, choice = choose_reader(SPACE, names, corpus.corpus, first(corpus, 100))
    assert served is names
    assert choice == ReaderChoice("names", "nothing")
    wordless = replace(corpus.corpus, words=[None] * (size + 99))
    served, choice = choose_reader(SPACE, names, wordless, first(corpus, 50))
    assert served is names


@pytest.mark.parametrize("size", [0, 1, MIN_LABELLED - 1])
def test_with_few_texts_names_serve_and_nothing_is_measured(size: int) -> None:
    few, names = write(size), reader_by(MISLEADING)
    for corpus in (few.corpus, labelled(few)):
        for masked in (no_texts, first(few, size), first(few, min(size, MIN_HELD_OUT))):
            served, choice = choose_reader(SPACE, names, corpus, masked)
            assert served is names
            assert choice == ReaderChoice("names", "nothing")


def test_labelled_texts_are_enough_from_min_labelled_on() -> None:
    enough = labelled(write(MIN_LABELLED))
    _, choice = choose_reader(SPACE, reader_by(MISLEADING), enough, no_texts)
    assert choice == ReaderChoice("labels", "items and likes", 10, 0.0, 1.0, (1.0, 1.0))


@pytest.mark.parametrize("writer", [0, 1])
def test_names_serve_if_all_labelled_texts_are_of_one_writer(writer: int) -> None:
    """No writer is both learned from and held out, so nothing can be measured."""
    texts = labelled(write(100))
    corpus = replace(texts, groups=np.full(100, writer))
    names = reader_by(RIGHT)
    served, choice = choose_reader(SPACE, names, corpus, no_texts)
    assert served is names
    assert choice == ReaderChoice("names", "nothing")


@pytest.mark.parametrize("reader", ["labels", "corpus"])
def test_two_runs_learn_the_same_reader(reader: str) -> None:
    texts, names = write(800, noise=0.15), reader_by(UNCLEAR)
    corpus = labelled(texts) if reader == "labels" else texts.corpus
    (one, choice), (two, again) = (
        choose_reader(SPACE, names, corpus, first(texts, 200)) for _ in range(2)
    )
    assert choice == again
    assert choice.reader == reader
    np.testing.assert_array_equal(one.directions, two.directions)
    np.testing.assert_array_equal(one.offsets, two.offsets)


def test_the_reader_by_names_adds_the_titles_of_the_items() -> None:
    reader = reader_by(RIGHT, titles=np.roll(RIGHT, 1, axis=0))
    expected = (RIGHT + np.roll(RIGHT, 1, axis=0)) / 2**0.5 * SHARPNESS
    np.testing.assert_allclose(reader.directions, expected, rtol=1e-5)
    np.testing.assert_array_equal(reader.offsets, np.zeros((TOPICS, len(LANGUAGES))))


def test_the_mean_text_of_each_language_has_the_logit_0() -> None:
    means = np.array([EYE[0], EYE[1] - EYE[2], 0.5 * EYE[2]])
    languages = np.full(TOPICS, ENGLISH)
    titles = np.zeros_like(RIGHT)
    reader = names_reader(SPACE, RIGHT, languages, np.arange(TOPICS), titles, means)
    np.testing.assert_allclose(reader.logits(means, np.arange(3)), np.zeros((3, TOPICS)), atol=1e-5)
    np.testing.assert_allclose(
        reader.probabilities(means, np.arange(3)), np.full((3, TOPICS), 1 / 3), atol=1e-6
    )


def test_the_names_of_a_topic_in_two_languages_count_as_one() -> None:
    names = np.vstack([RIGHT, RIGHT[:1]])
    means = NO_MEANS.copy()
    means[0] = EYE[9]
    space = TextSpace(**{**vars(SPACE), "name_means": means})
    names[3] += EYE[9]  # in Chinese, whose mean name is there
    reader = names_reader(
        space, names, np.array([1, 1, 1, 0]), np.array([0, 1, 2, 0]), np.zeros_like(RIGHT), NO_MEANS
    )
    np.testing.assert_allclose(reader.directions, SHARPNESS * RIGHT, atol=1e-4)


def test_the_means_of_few_texts_are_drawn_towards_the_bundled_means() -> None:
    means = NO_MEANS.copy()
    means[0] = EYE[0]
    space = TextSpace(**{**vars(SPACE), "text_means": means})
    vectors = np.repeat(EYE[1:2], 2 * MEAN_TEXTS, axis=0)
    found = corpus_means(space, vectors, np.zeros(2 * MEAN_TEXTS, int))
    np.testing.assert_allclose(found[0], (EYE[0] + 2 * EYE[1]) / 3, rtol=1e-6)
    np.testing.assert_array_equal(found[1:], means[1:])
