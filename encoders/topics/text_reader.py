"""Reads a text clause by clause: what each is about, and whether the writer wants or rejects it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.text import encode_cached
from isthmus.encoders.topics.bundled import SLOT, phrases_about_nothing, plain, sentence_forms
from isthmus.encoders.topics.clauses import Clause, is_bare, split_clauses
from isthmus.encoders.topics.cluster_names import language_of
from isthmus.encoders.topics.cues import find_cues, is_only_cues
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
TITLE_SENTENCES = 400
TITLE_QUANTILE = 0.05
SUBJECT_WEIGHT = 5.0
"""Of the logit that a text has a subject, beside its largest logit of a topic."""
MIN_SUBJECT_LOGIT = -1.0
"""Where the titles of the catalogue do not say what a text about it reaches."""
MIN_CLEAR_SUBJECT_LOGIT = 1.2
"""A text that reaches it is no mere verdict, although it is about nothing in the catalogue."""
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
        verdict: Whether it only wants or rejects what another clause names ("but never again").
        silent: Whether it has no cue and stands beside a rejection, as of `Clause`.
    """

    text: str
    search: NDArray[np.float32]
    polarity: float
    about: bool
    topics: dict[int, float]
    part: int = 0
    verdict: bool = False
    silent: bool = False


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
        clause_vectors = _clause_vectors(clauses, vectors, encoder, cache)
        parts = [
            (part, text is not None)
            for text, own_parts in zip(texts, clauses, strict=True)
            for part in own_parts
        ]
        counts = [len(own_parts) for own_parts in clauses]
        # A clause has the language of its text.
        read = self._read_clauses(parts, clause_vectors, np.repeat(languages, counts))
        ends = np.cumsum([0, *counts])
        joined = [_join(read[a:b]) for a, b in pairwise(ends)]
        # What no clause says alone, the whole text may say.
        silent = [
            k for k, own in enumerate(joined) if len(own) > 1 and not any(c.about for c in own)
        ]
        whole = [(Clause(texts[k] or ""), True) for k in silent]
        for k, clause in zip(
            silent, self._read_clauses(whole, vectors[silent], languages[silent]), strict=True
        ):
            joined[k] = [clause] if clause.about else joined[k]
        return joined

    def clause_of_vector(
        self, vector: NDArray[np.float32], language: str | None, polarity: float
    ) -> ReadClause:
        """Returns a text of which only the embedding and the polarity are known, as one clause."""
        index = LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES) - 1
        centered = (vector - self.topics.text_means[index])[None, :]
        search = centered @ self.space.metric
        search /= metric_lengths(centered, search)[:, None]
        return ReadClause("", search[0], polarity, True, {})

    def evidence(
        self,
        texts: Sequence[str | None],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """How much shows that texts are about something in the catalogue, (texts,).

        The largest logit of a topic and the logit that there is a subject, weighted: a text far
        from the names of the catalogue is about it if it clearly has a subject, and one without
        much of a subject if it is close to a name.

        Args:
            texts: The words, None where they are unknown.
            vectors: Embeddings of unit length, float32 (texts, dimensions).
            languages: Positions in LANGUAGES, (texts,).
        """
        subjects = self.space.subject_logits(texts, vectors, languages)
        return self._evidence(subjects, vectors, languages)

    def _evidence(
        self,
        subjects: NDArray[np.float64],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """`evidence`, with the logits that the texts have a subject."""
        evidence: NDArray[np.float64] = SUBJECT_WEIGHT * subjects
        logits = self.topics.logits(vectors, languages)
        if logits.shape[1]:
            centered = (vectors - self.topics.text_means[languages]).astype(np.float32)
            lengths = metric_lengths(centered, centered @ self.space.metric)
            evidence = evidence + logits.max(axis=1) / lengths
        return evidence

    def _read_clauses(
        self,
        parts: list[tuple[Clause, bool]],
        vectors: NDArray[np.float32],
        languages: NDArray[np.int64],
    ) -> list[ReadClause]:
        """Reads clauses, each with whether its words are known."""
        centered = (vectors - self.topics.text_means[languages]).astype(np.float32)
        search = centered @ self.space.metric
        search /= metric_lengths(centered, search)[:, None]
        least = max(self.topics.min_evidence, SUBJECT_WEIGHT * MIN_SUBJECT_LOGIT)
        words = [part.text if known else None for part, known in parts]
        subjects = self.space.subject_logits(words, vectors, languages)
        about = self._evidence(subjects, vectors, languages) >= least
        shares = self.topics.probabilities(vectors, languages)
        polarity = self.space.polarity(words, vectors, languages)
        read = []
        for k, (part, _) in enumerate(parts):
            verdict = is_only_cues(part.text) or (
                not about[k]
                and subjects[k] < MIN_CLEAR_SUBJECT_LOGIT
                and bool(find_cues(part.text))
            )
            named = bool(about[k]) and not verdict
            read.append(
                ReadClause(
                    text=part.text,
                    search=search[k],
                    polarity=-1.0 if part.rejected else float(polarity[k]),
                    about=named,
                    topics=_top(shares[k]) if named and shares.shape[1] else {},
                    part=part.part,
                    verdict=verdict,
                    silent=part.silent,
                )
            )
        return read


def _sentence(clause: Clause) -> str | None:
    """The sentence that is encoded for an exception or a bare name; None for any other clause.

    A name alone lies elsewhere in the space of embeddings than sentences about it.
    """
    chinese = language_of(clause.text) == "zh"
    if clause.rejected:
        return f"不要{clause.text}" if chinese else f"I don't want {clause.text}"
    if not is_bare(clause.text) or find_cues(clause.text):
        return None
    if plain(clause.text) in phrases_about_nothing():
        return None
    return f"我想要{clause.text}" if chinese else f"I want {clause.text}"


def _clause_vectors(
    clauses: list[list[Clause]],
    vectors: NDArray[np.float32],
    encoder: TextEncoder,
    cache: VectorCache | None,
) -> NDArray[np.float32]:
    """Embeddings of all clauses, one after the other; of a text with one clause its own."""
    several = [
        k
        for k, parts in enumerate(clauses)
        if len(parts) > 1 or (parts[0].text and _sentence(parts[0]))
    ]
    words = [_sentence(part) or part.text for k in several for part in clauses[k]]
    encoded = _encode(words, encoder, cache)
    starts = np.cumsum([0, *(len(clauses[k]) for k in several)])
    own = {k: encoded[a:b] for k, a, b in zip(several, starts[:-1], starts[1:], strict=True)}
    all_vectors = [own.get(k, vectors[k : k + 1]) for k in range(len(clauses))]
    return np.concatenate([vectors[:0], *all_vectors])


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
    """Gives what has no cue the polarity of a rejection beside it, and applies verdicts.

    A statement without cues belongs to a rejection of the same topic beside it ("I can't stand
    horror. All that blood."). A rejection that names nothing is about the one before it or, at the
    start, the one after it. A verdict is about what precedes it: a bare name ("Metal? No thanks."),
    also where the verdict is about the same topic ("Painting? I hate mixing colours"), or after a
    contrast ("…, but never again") all.
    """
    joined = list(clauses)
    for k, rejection in enumerate(clauses):
        if rejection.silent or rejection.polarity >= 0:
            continue
        beside = [j for j in (k - 1, k + 1) if 0 <= j < len(clauses) and clauses[j].silent]
        if rejection.about:
            beside = [j for j in beside if _first(clauses[j]) == _first(rejection)]
        for j in beside if rejection.about else beside[:1]:
            joined[j] = replace(clauses[j], polarity=rejection.polarity)
    for k, clause in enumerate(clauses):
        for before, earlier in enumerate(clauses[:k]):
            bare = before == k - 1 and is_bare(earlier.text) and not find_cues(earlier.text)
            same = bare and bool(find_cues(clause.text)) and _first(clause) == _first(earlier)
            after_contrast = clause.verdict and earlier.part < clause.part
            if earlier.about and (same or (bare and clause.verdict) or after_contrast):
                joined[before] = replace(joined[before], polarity=clause.polarity)
    return joined


def _first(clause: ReadClause) -> int | None:
    return next(iter(clause.topics), None)


def fit_min_evidence(
    reader: TextReader, titles: Sequence[str], encoder: TextEncoder, cache: VectorCache
) -> float:
    """Returns the evidence of a text below which it is about nothing in the catalogue.

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
    return float(
        np.quantile(reader.evidence(texts, vectors, language_index(texts)), TITLE_QUANTILE)
    )
