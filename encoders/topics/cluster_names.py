"""Names clusters of texts by their characteristic terms, in each language of their texts."""

from __future__ import annotations

import functools
import html
import re
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.topics.clusters import one_hot

if TYPE_CHECKING:
    from jieba import Tokenizer
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

NAME_TERMS = 3
MAX_NAME_TERMS = 6
CANDIDATE_TERMS = 60
MAX_NAME_CHARACTERS = 40
CLUSTER_TEXTS = 200  # texts per cluster, nearest to its centre first
TEXT_CHARACTERS = 400
MIN_TERM_SHARE = 0.05  # of a cluster's texts must contain a term that names it
MIN_ABSORB_SHARE = 0.6
MIN_LANGUAGE_SHARE = 0.2
"""Share of a cluster's texts in a language, below which the cluster gets no name in it."""

# Scripts without spaces between words: Chinese characters and Japanese syllables.
UNSPACED_CHARACTERS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED = re.compile(rf"[{UNSPACED_CHARACTERS}]+")
MIN_WORD_CHARACTERS = 3
WORD = re.compile(rf"[^\W\d_]{{{MIN_WORD_CHARACTERS},}}")
# Function characters of Chinese, of which function words consist.
PARTICLES = frozenset(
    "的了是我你他她它们这那不没有在和与及或就都也还很太更最把被让给对从到为以而但又才"
    "吗呢吧啊呀哦嗯着过得其个一些么什怎哪谁"
)
RUN_LENGTHS = (2, 3, 4)

SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "en": re.compile(r"[A-Za-z\u00c0-\u024f]"),
}
UNDETERMINED = "und"


def language_of(text: str) -> str:
    """Guesses the language of a text from its script, as a code of ISO 639.

    Latin script counts as English; a text in none of the known scripts is `und`.
    """
    return next((code for code, script in SCRIPTS.items() if script.search(text)), UNDETERMINED)


def name_clusters(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    closeness: NDArray[np.floating],
    given: Mapping[int, Mapping[str, str]],
) -> list[dict[str, str]]:
    """Names each cluster by language; the most frequent language of its texts comes first.

    Args:
        texts: All texts.
        labels: Cluster of each text, 0 to the number of clusters - 1, none empty.
        closeness: Similarity of each text to the centre of its cluster.
        given: Names that clusters have already, by language. These clusters keep their names and
            get new ones only in other languages.

    Returns:
        Names by language, for each cluster.
    """
    languages = np.array([language_of(text) for text in texts])
    sizes = np.bincount(labels)
    names: list[dict[str, str]] = [dict(given.get(cluster, {})) for cluster in range(len(sizes))]
    for language, _ in Counter(languages.tolist()).most_common():
        in_language = languages == language
        counts = np.bincount(labels[in_language], minlength=len(sizes))
        rows = np.flatnonzero(in_language & (counts >= MIN_LANGUAGE_SHARE * sizes)[labels])
        if not len(rows):
            continue
        clusters, local_labels = np.unique(labels[rows], return_inverse=True)
        existing = {
            local: names[cluster][language]
            for local, cluster in enumerate(clusters.tolist())
            if language in names[cluster]
        }
        new_names = name_groups(
            [texts[row] for row in rows.tolist()], local_labels, closeness[rows], existing
        )
        for cluster, name in zip(clusters.tolist(), new_names, strict=True):
            names[cluster].setdefault(language, name)
    for cluster, by_language in enumerate(names):
        if len(by_language) > 1:
            by_language.pop(UNDETERMINED, None)
        if cluster not in given:
            texts_in = Counter(languages[labels == cluster].tolist())
            names[cluster] = dict(sorted(by_language.items(), key=lambda item: -texts_in[item[0]]))
    return names


def name_groups(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    closeness: NDArray[np.floating],
    given: Mapping[int, str] | None = None,
) -> list[str]:
    """Names each cluster by the terms that are frequent in it and rare elsewhere.

    Class-based TF-IDF (Grootendorst 2022, arXiv:2203.05794, section 3.3); the frequency of a term
    is the number of the cluster's texts that contain it.

    Args:
        texts: All texts.
        labels: Cluster of each text, 0 to the number of clusters - 1, none empty.
        closeness: Similarity of each text to the centre of its cluster; the CLUSTER_TEXTS nearest
            texts of each cluster count.
        given: Names that clusters have already; the other clusters get different names.
    """
    given = given or {}
    rows = _nearest_texts(labels, closeness)
    terms, term_counts = _term_counts([texts[row][:TEXT_CHARACTERS] for row in rows], labels[rows])
    sizes = np.bincount(labels[rows])
    totals = np.maximum(term_counts.sum(axis=0), 1)
    weight = np.log1p(term_counts.sum() / len(sizes) / totals)
    names = dict(given)
    for cluster, size in enumerate(sizes):
        if cluster in given:
            continue
        row = term_counts[[cluster]]
        frequent = row.data >= max(min(2, size), MIN_TERM_SHARE * size)
        columns, counts = row.indices[frequent], row.data[frequent]
        best = np.lexsort((columns, -counts * weight[columns]))[:CANDIDATE_TERMS]
        name_terms = _select_terms([(terms[columns[k]], counts[k]) for k in best])
        if not name_terms:
            nearest = texts[rows[labels[rows] == cluster][0]]
            name_terms = [" ".join(nearest.split())[:MAX_NAME_CHARACTERS] or "other"]
        names[cluster] = _unique_name(name_terms, names.values())
    return [names[cluster] for cluster in range(len(sizes))]


def _unique_name(terms: list[str], names: Collection[str]) -> str:
    """Joins the first terms, as many as make the name unique; appends a number if none do."""
    for count in range(NAME_TERMS, max(len(terms), NAME_TERMS) + 1):
        name = ", ".join(terms[:count])
        if name not in names:
            return name
    number = 2
    while f"{name} ({number})" in names:
        number += 1
    return f"{name} ({number})"


def _nearest_texts(labels: NDArray[np.int64], closeness: NDArray[np.floating]) -> NDArray[np.int64]:
    """Rows of the CLUSTER_TEXTS nearest texts of each cluster, by cluster, nearest first."""
    order = np.lexsort((-closeness, labels))
    starts = np.searchsorted(labels[order], labels[order])
    return order[np.arange(len(order)) - starts < CLUSTER_TEXTS]


def _term_counts(texts: list[str], labels: NDArray[np.int64]) -> tuple[list[str], csr_array]:
    """Terms, and the number of texts of each cluster that contain them, (clusters, terms)."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=terms_of, binary=True, dtype=np.int32)
    try:
        contains: csr_array = vectorizer.fit_transform(texts)
    except ValueError:  # no text contains a term
        return [], csr_array(np.zeros((int(labels.max()) + 1, 0), np.float32))
    terms: list[str] = vectorizer.get_feature_names_out().tolist()
    return terms, one_hot(labels) @ contains


def terms_of(text: str) -> list[str]:
    """Candidate terms of a text: words and pairs of words; in Japanese, runs of characters."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    text = html.unescape(text).casefold()
    split = _runs if SCRIPTS["ja"].search(text) else _chinese_words
    terms = [term for run in UNSPACED.findall(text) for term in split(run)]
    previous, end = "", 0
    text = UNSPACED.sub(" ", text)
    for match in WORD.finditer(text):
        word = match.group()
        if word in ENGLISH_STOP_WORDS:
            previous = ""
            continue
        terms.append(word)
        if previous and text[end : match.start()] in (" ", "-"):
            terms.append(f"{previous} {word}")
        previous, end = word, match.end()
    return terms


def _runs(run: str) -> list[str]:
    """Runs of two to four characters that neither start nor end with a particle."""
    parts = (run[k : k + length] for length in RUN_LENGTHS for k in range(len(run) - length + 1))
    return [part for part in parts if PARTICLES.isdisjoint((part[0], part[-1]))]


def _chinese_words(run: str) -> list[str]:
    """Words of at least two characters and pairs of adjacent words, without function words."""
    words = _tokenizer().lcut(run)
    pairs = [
        one + other
        for one, other in pairwise(words)
        if not (_is_function_word(one) or _is_function_word(other))
    ]
    return [*(word for word in words if len(word) > 1 and not _is_function_word(word)), *pairs]


def _is_function_word(word: str) -> bool:
    return 2 * sum(character in PARTICLES for character in word) >= len(word)


@functools.cache
def _tokenizer() -> Tokenizer:
    """Jieba with its dictionary read directly, as its cache in the shared temp folder is unsafe."""
    with warnings.catch_warnings(action="ignore"):  # the old package warns at import
        import jieba

    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def _select_terms(ranked: list[tuple[str, float]]) -> list[str]:
    """Returns the first MAX_NAME_TERMS terms of `ranked` that do not overlap.

    A longer term replaces a part of it that seldom occurs without it.

    Args:
        ranked: Terms and their counts, best first.
    """
    selected: list[str] = []
    for term, count in ranked:
        longer = [
            other
            for other, other_count in ranked
            if term in other and len(other) > len(term) and other_count >= MIN_ABSORB_SHARE * count
        ]
        term = max(longer, key=len, default=term)
        if not any(_overlap(term, other) for other in selected):
            selected.append(term)
        if len(selected) == MAX_NAME_TERMS:
            break
    return selected


def _overlap(one: str, other: str) -> bool:
    # Terms in Latin script overlap if they share a word, Chinese runs if they share two characters.
    if UNSPACED.match(one):
        return any(one[start : start + 2] in other for start in range(len(one) - 1))
    return not {_singular(word) for word in one.split()}.isdisjoint(map(_singular, other.split()))


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > MIN_WORD_CHARACTERS else word
