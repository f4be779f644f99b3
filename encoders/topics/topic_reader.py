"""The reader that finds the interests of a text: candidates, and the judge that chooses one.

The interests' names and the titles of their items always give a reader. Readers that are learned
from the texts of the corpus serve only where they are better on texts held out from them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from isthmus.encoders.topics.clusters import normalize_rows
from isthmus.encoders.topics.discriminant import MIN_TOPIC_TEXTS, fit_topic_classifier
from isthmus.encoders.topics.text_space import LANGUAGES, TextSpace, metric_lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

MIN_LABELLED = 50
"""Labelled texts below which no learned reader is considered."""
MIN_HELD_OUT = 10
FOLDS = 5
RIDGE = 3.0
CONFIDENCE = 1.96
MEAN_TEXTS = 50
"""Weight of the bundled mean of a language, in texts of the corpus."""
SHARPNESS = 100.0
"""Mean length of the directions. On the posts of the demo, the mean probability of the first topic
is then near the share of posts whose first topic is right (.80 and .79)."""


@dataclass(frozen=True)
class TopicReader:
    """A linear classifier of embeddings, with an intercept for each language of the text.

    Attributes:
        directions: Weights, float32 (topics, dimensions).
        offsets: Intercepts, float64 (topics, LANGUAGES).
        text_means: Mean embedding of the corpus's texts by language, (LANGUAGES, dimensions).
        min_evidence: Evidence, as of `TextReader.evidence`, below which a text is about no topic.
    """

    directions: NDArray[np.float32]
    offsets: NDArray[np.float64]
    text_means: NDArray[np.float32]
    min_evidence: float = -np.inf

    def logits(
        self, vectors: NDArray[np.float32], languages: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Returns the logit of each topic for each text, float64 (texts, topics).

        Args:
            vectors: Embeddings of unit length, float32 (texts, dimensions).
            languages: Positions in LANGUAGES, (texts,).
        """
        result: NDArray[np.float64] = vectors @ self.directions.T + self.offsets[:, languages].T
        return result

    def probabilities(
        self, vectors: NDArray[np.float32], languages: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Returns the probability of each topic for each text, (texts, topics); rows sum to 1."""
        logits = self.logits(vectors, languages)
        result: NDArray[np.float64] = softmax(logits, axis=1) if logits.size else logits
        return result


@dataclass(frozen=True)
class Corpus:
    """Texts of users, and what is known of them.

    Attributes:
        vectors: Embeddings, float32 (texts, dimensions).
        words: The texts, None where the words are unknown.
        languages: Positions of their languages in LANGUAGES, (texts,).
        labels: Share of each topic in the item that a text is about, or in what its writer likes;
            rows sum to 1, or to 0 for unlabelled texts, (texts, topics).
        groups: Number of the writer of each text, (texts,): no writer is both learned from and
            held out.
    """

    vectors: NDArray[np.float32]
    words: Sequence[str | None]
    languages: NDArray[np.int64]
    labels: csr_array
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class ReaderChoice:
    """The reader that serves, and what was measured on held-out texts.

    Attributes:
        reader: Name of the chosen reader: `names`, `labels`, `corpus` or `chat`.
        judged_on: What the held-out texts are labelled by: `items and likes`, `names in texts`, or
            `nothing` where there are too few.
        texts: Number of held-out texts.
        names_score: Mean label of the first topic that the reader by names found; of the reader
            that `chat` was compared with.
        learned_score: The same of the learned reader, or of `chat`.
        gain: 95 % interval of the paired difference.
    """

    reader: str
    judged_on: str
    texts: int = 0
    names_score: float = 0.0
    learned_score: float = 0.0
    gain: tuple[float, float] = (0.0, 0.0)


def names_reader(
    space: TextSpace,
    names: NDArray[np.float32],
    name_languages: NDArray[np.int64],
    name_topics: NDArray[np.int64],
    title_centers: NDArray[np.float32],
    text_means: NDArray[np.float32],
) -> TopicReader:
    """Builds the reader by the names of topics and the titles of their items.

    The cosine, in the metric of the text space, of a text to the sum of a topic's name and the
    centre of its titles, each without the mean of its language.

    Args:
        space: The text space of the encoder.
        names: Embeddings of names, float32 (names, dimensions).
        name_languages: Positions in LANGUAGES, (names,).
        name_topics: The topic of each name, (names,).
        title_centers: Mean of the centred embeddings of each topic's items, zeros where it has
            none, (topics, dimensions).
        text_means: Mean embedding of texts by language, (LANGUAGES, dimensions).
    """
    centered = space.normalize(names - space.name_means[name_languages])
    centers = np.zeros_like(title_centers)
    np.add.at(centers, name_topics, centered)
    centers = space.normalize(space.normalize(centers) + space.normalize(title_centers))
    directions = centers @ space.metric
    directions *= SHARPNESS / max(float(np.linalg.norm(directions, axis=1).mean()), 1e-9)
    return TopicReader(directions, _offsets(directions, text_means), text_means)


def corpus_means(
    space: TextSpace, vectors: NDArray[np.float32], languages: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Means by language of a corpus, drawn towards the bundled means where texts are few."""
    sums, counts = MEAN_TEXTS * space.text_means, np.full(len(LANGUAGES), float(MEAN_TEXTS))
    np.add.at(sums, languages, vectors)
    np.add.at(counts, languages, 1)
    means: NDArray[np.float32] = (sums / counts[:, None]).astype(np.float32)
    return means


def choose_reader(
    space: TextSpace, names: TopicReader, corpus: Corpus, mask_names: Callable[[], Corpus]
) -> tuple[TopicReader, ReaderChoice]:
    """Learns a reader from a corpus, and returns it if it beats the reader by names.

    Where texts are labelled, by the item that they are about or by what their writer likes, a fifth
    of the writers is held out. Else the texts that name exactly one topic are, without that name.
    The learned reader is chosen only if the 95 % interval of its paired gain lies above 0. The
    scores are comparable between readers only: a writer likes more than he writes about.

    Args:
        space: The text space of the encoder.
        names: The reader by names, the fallback.
        corpus: Texts of users.
        mask_names: Returns the texts that name exactly one topic, without that name, labelled by
            it; their groups are their positions in the corpus.
    """
    learn: Callable[[Corpus], TopicReader | None]
    every = _rows(corpus, np.asarray(corpus.labels.sum(axis=1)).ravel() > 0)
    if len(every.words) >= MIN_LABELLED:
        name, judged_on, learn = "labels", "items and likes", partial(learn_labels, space, names)
        judged, training = hold_out_writers(every)
    else:
        name, judged_on, learn = "corpus", "names in texts", partial(_learn_words, names)
        every, judged = corpus, mask_names()
        training = _rows(corpus, ~np.isin(np.arange(len(corpus.words)), judged.groups))
    enough = min(len(judged.words), len(training.words)) >= MIN_HELD_OUT
    learned = learn(training) if enough else None
    if learned is None:
        return names, ReaderChoice("names", "nothing")
    ours, theirs = first_labels(learned, judged), first_labels(names, judged)
    choice = compare_readers(name, judged_on, ours, theirs)
    reader = learn(every) if choice.gain[0] > 0 else None
    return (names, replace(choice, reader="names")) if reader is None else (reader, choice)


def hold_out_writers(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Divides the labelled texts of a corpus: those of a fifth of the writers, and the others."""
    labelled = np.asarray(corpus.labels.sum(axis=1)).ravel() > 0
    held_out = corpus.groups % FOLDS == 0
    return _rows(corpus, labelled & held_out), _rows(corpus, labelled & ~held_out)


def compare_readers(
    name: str, judged_on: str, ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> ReaderChoice:
    """Returns the choice of a reader with what `first_labels` gives for it and for another."""
    return ReaderChoice(
        name,
        judged_on,
        len(ours),
        round(float(theirs.mean()), 4),
        round(float(ours.mean()), 4),
        _interval(ours - theirs),
    )


def first_labels(reader: TopicReader, texts: Corpus) -> NDArray[np.float64]:
    """Label of the first topic that a reader finds for each text, (texts,)."""
    found = reader.logits(texts.vectors, texts.languages).argmax(axis=1)
    result: NDArray[np.float64] = texts.labels.toarray()[np.arange(len(found)), found]
    return result


def learn_labels(space: TextSpace, names: TopicReader, labelled: Corpus) -> TopicReader:
    """Ridge regression of the labels on embeddings, added to `names` on the same scale."""
    centered = (labelled.vectors - names.text_means[labelled.languages]).astype(np.float32)
    lengths = metric_lengths(centered, centered @ space.metric)
    rows = centered.astype(np.float64) / lengths[:, None]
    labels = labelled.labels.toarray()
    # With M the metric, the ridge penalises w' M^-1 w: what differs within subjects costs more.
    gram = space.metric @ (rows.T @ rows) + RIDGE * np.eye(rows.shape[1])
    weights = np.linalg.solve(gram, space.metric @ (rows.T @ (labels - labels.mean(axis=0)))).T
    spread, names_spread = (float((rows @ w.T).std()) for w in (weights, names.directions))
    weights = weights * names_spread / max(spread, 1e-12) + names.directions
    weights *= names_spread / max(float((rows @ weights.T).std()), 1e-12)
    directions = weights.astype(np.float32)
    return replace(names, directions=directions, offsets=_offsets(directions, names.text_means))


def _learn_words(names: TopicReader, corpus: Corpus) -> TopicReader | None:
    """The discriminant that expectation maximisation learns from the words of the texts."""
    rows = np.array([k for k, words in enumerate(corpus.words) if words], dtype=np.int64)
    if len(rows) < MIN_TOPIC_TEXTS * len(names.directions) or len(names.directions) < 2:
        return None
    words = [corpus.words[row] or "" for row in rows]
    classifier = fit_topic_classifier(
        normalize_rows(names.directions), corpus.vectors[rows], words, corpus.labels[rows]
    )
    offsets = np.repeat(classifier.offsets[:, None], len(LANGUAGES), axis=1)
    return replace(names, directions=classifier.directions, offsets=offsets)


def _offsets(
    directions: NDArray[np.float32], text_means: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Intercepts at which the mean text of each language has the logit 0, (topics, LANGUAGES)."""
    offsets: NDArray[np.float64] = -(directions @ text_means.T).astype(np.float64)
    return offsets


def _interval(gains: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of a mean of paired differences."""
    margin = CONFIDENCE * float(gains.std()) / len(gains) ** 0.5
    mean = float(gains.mean())
    return round(mean - margin, 4), round(mean + margin, 4)


def _rows(corpus: Corpus, chosen: NDArray[np.bool_]) -> Corpus:
    rows = np.flatnonzero(chosen).tolist()
    return Corpus(
        corpus.vectors[rows],
        [corpus.words[row] for row in rows],
        corpus.languages[rows],
        corpus.labels[rows],
        corpus.groups[rows],
    )
