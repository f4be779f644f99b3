"""Reads a text clause by clause: what each is about, and whether the writer wants or rejects it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text import encode_cached
from isthmus.encoders.topics.bundled import SLOT, sentence_forms
from isthmus.encoders.topics.clauses import Clause, is_bare, split_clauses
from isthmus.encoders.topics.cluster_names import language_of
from isthmus.encoders.topics.cues import find_cues
from isthmus.encoders.topics.text_space import LANGUAGES, language_index, metric_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.encoders.text import TextEncoder, VectorCache
    from isthmus.encoders.topics.text_space import TextSpace
    from isthmus.encoders.topics.topic_reader import TopicReader

MAX_TOPICS = 3
MIN_SHARE = 0.05
"""Share of the probability of a clause's first topic, below which another topic is dropped."""
TITLE_SENTENCES = 200
TITLE_QUANTILE = 0.1
SEED = 7


@dataclass(frozen=True)
class ReadClause:
    """A clause of a text, and what was read in it.

    Attributes:
        text: Its words.
        search: Vector whose dot product with an item's embedding is the similarity of the two in
            the metric of the text space, float32 (dimensions,).
        polarity: From 1, the writer wants what the clause is about, to -1, he rejects it.
        about: Whether it is about something in the catalogue.
        topics: Shares of its topics by their position, which sum to 1; empty if it is about none.
        part: Number of its part of the text, as of `Clause`.
    """

    text: str
    search: NDArray[np.float32]
    polarity: float
    about: bool
    topics: dict[int, float]
    part: int = 0


@dataclass(frozen=True)
class TextReader:
    """Reads texts in any language of the encoder.

    Attributes:
        space: The text space of the encoder.
        topics: The reader of topics.
    """

    space: TextSpace
    topics: TopicReader

    def read(
        self,
        texts: Sequence[str | None],
        vectors: NDArray[np.float32],
        encoder: TextEncoder,
        cache: VectorCache | None = None,
        languages: NDArray[np.int64] | None = None,
    ) -> list[list[ReadClause]]:
        """Reads texts; a text without topics in any clause is about nothing in the catalogue.

        Args:
            texts: The words, None where only the embedding is known.
            vectors: Embeddings of the whole texts, float32 (texts, dimensions).
            encoder: Encodes the clauses of texts that have several.
            cache: Cache of the clauses' vectors; None to encode without.
            languages: Positions in LANGUAGES, (texts,); None to find them from the words.
        """
        if languages is None:
            languages = language_index(texts)
        clauses = [[Clause("")] if text is None else split_clauses(text) for text in texts]
        several = [
            k
            for k, parts in enumerate(clauses)
            if len(parts) > 1 or (parts[0].text and _sentence(parts[0]))
        ]
        words = [_sentence(part) or part.text for k in several for part in clauses[k]]
        encoded = _encode(words, encoder, cache)
        starts = np.cumsum([0, *(len(clauses[k]) for k in several)])
        own = {k: encoded[a:b] for k, a, b in zip(several, starts[:-1], starts[1:], strict=True)}
        parts = [
            (part, text is not None)
            for text, own_parts in zip(texts, clauses, strict=True)
            for part in own_parts
        ]
        counts = [len(own_parts) for own_parts in clauses]
        all_vectors = [own.get(k, vectors[k : k + 1]) for k in range(len(clauses))]
        flat = np.concatenate([vectors[:0], *all_vectors])
        # A clause has the language of its text.
        read = self._read_clauses(parts, flat, np.repeat(languages, counts))
        ends = np.cumsum([0, *counts])
        return [_join(read[a:b]) for a, b in pairwise(ends)]

    def clause_of_vector(
        self, vector: NDArray[np.float32], language: str | None, polarity: float
    ) -> ReadClause:
        """Returns a text of which only the embedding and the polarity are known, as one clause."""
        index = LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES) - 1
        centered = (vector - self.topics.text_means[index])[None, :]
        search = centered @ self.space.metric
        search /= metric_lengths(centered, search)[:, None]
        return ReadClause("", search[0], polarity, True, {})

    def _read_clauses(
        self,
        parts: list[tuple[Clause, bool]],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> list[ReadClause]:
        """Reads clauses, each with whether its words are known."""
        centered = (vectors - self.topics.text_means[languages]).astype(np.float32)
        search = centered @ self.space.metric
        lengths = metric_lengths(centered, search)
        logits = self.topics.logits(vectors, languages)
        about = self.space.has_subject(centered)
        if logits.shape[1]:
            about &= logits.max(axis=1) / lengths >= self.topics.min_logit
        shares = self.topics.probabilities(vectors, languages)
        words = [part.text if known else None for part, known in parts]
        polarity = self.space.polarity(words, centered)
        return [
            ReadClause(
                text=part.text,
                search=search[k] / lengths[k],
                polarity=-1.0 if part.rejected else float(polarity[k]),
                about=bool(about[k]),
                topics=_top(shares[k]) if about[k] and shares.shape[1] else {},
                part=part.part,
            )
            for k, (part, _) in enumerate(parts)
        ]


def _sentence(clause: Clause) -> str | None:
    """The sentence that is encoded for an exception or a bare name; None for any other clause.

    A name alone lies elsewhere in the space of embeddings than sentences about it.
    """
    chinese = language_of(clause.text) == "zh"
    if clause.rejected:
        return f"不要{clause.text}" if chinese else f"I don't want {clause.text}"
    if not is_bare(clause.text) or find_cues(clause.text):
        return None
    return f"我想要{clause.text}" if chinese else f"I want {clause.text}"


def _encode(
    words: list[str], encoder: TextEncoder, cache: VectorCache | None
) -> NDArray[np.float32]:
    if not words:
        return np.zeros((0, encoder.dimensions), np.float32)
    if cache is None:
        return encoder.encode(words, "query")
    return encode_cached(encoder, cache, words, "query")[0]


def _top(shares: NDArray[np.float64]) -> dict[int, float]:
    """The largest shares by topic, scaled to sum to 1."""
    best = [int(k) for k in np.argsort(-shares, kind="stable")[:MAX_TOPICS]]
    best = [k for k in best if shares[k] >= MIN_SHARE * shares[best[0]]]
    total = float(shares[best].sum())
    return {k: float(shares[k]) / total for k in best}


def _join(clauses: list[ReadClause]) -> list[ReadClause]:
    """Applies a verdict about nothing to what precedes it.

    That is a bare name ("Metal? No thanks."), or after a contrast ("…, but never again") all.
    """
    joined = list(clauses)
    for k, clause in enumerate(clauses):
        if clause.about or not find_cues(clause.text):
            continue
        for before, earlier in enumerate(clauses[:k]):
            names = before == k - 1 and is_bare(earlier.text)
            if earlier.about and (names or earlier.part < clause.part):
                joined[before] = replace(joined[before], polarity=clause.polarity)
    return joined


def fit_min_logit(
    reader: TextReader, titles: Sequence[str], encoder: TextEncoder, cache: VectorCache
) -> float:
    """Returns the largest logit of a text below which it is about nothing in the catalogue.

    It is the quantile TITLE_QUANTILE of sentences about the titles of items.
    """
    rng, forms = Random(SEED), sentence_forms("wants")
    named = [title for title in titles if title.strip()]
    chosen = rng.sample(named, min(TITLE_SENTENCES, len(named)))
    if not chosen:
        return -np.inf
    texts = [
        rng.choice(forms["zh" if language_of(title) == "zh" else "en"]).replace(SLOT, title)
        for title in chosen
    ]
    vectors, _, _ = encode_cached(encoder, cache, texts, "sentence")
    languages = language_index(texts)
    centered = (vectors - reader.topics.text_means[languages]).astype(np.float32)
    lengths = metric_lengths(centered, centered @ reader.space.metric)
    first = reader.topics.logits(vectors, languages).max(axis=1) / lengths
    return float(np.quantile(first, TITLE_QUANTILE))
