"""Names of groups of texts: the terms that set each apart, in each language of its texts."""

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

TERMS_IN_NAME = 3
MOST_TERMS_IN_NAME = 6
TERMS_COMPARED = 60
CHARACTERS_OF_NAME = 40
TEXTS_READ = 200  # of a group, the nearest to its center
CHARACTERS_READ = 400
SHARE_TO_NAME = 0.05  # of these texts must hold a term before it may name the group
SHARE_TO_ABSORB = 0.6
SHARE_OF_LANGUAGE = 0.2
"""Of a group's texts must be in a language before the group has a name in it."""

# Written without spaces between words: Chinese characters and Japanese syllables.
UNSPACED_CHARACTERS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED = re.compile(rf"[{UNSPACED_CHARACTERS}]+")
WORD_MINIMUM = 3
WORD = re.compile(rf"[^\W\d_]{{{WORD_MINIMUM},}}")
# Characters that hold a Chinese sentence together, and make up the words that do.
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
    """The language that the script of a text speaks for, as a code of ISO 639.

    Latin script counts as English; `und` is what has none of these scripts.
    """
    return next((code for code, script in SCRIPTS.items() if script.search(text)), UNDETERMINED)


def name_in_languages(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    closeness: NDArray[np.floating],
    given: Mapping[int, Mapping[str, str]],
) -> list[dict[str, str]]:
    """Names of each group by language, that of most of its texts first.

    Args:
        texts: All texts.
        labels: Their groups, 0 to the number of groups - 1, none empty.
        closeness: How near each text is to the center of its group.
        given: What some groups are called already. They keep these names and get others only in
            languages that they have none in.
    """
    languages = np.array([language_of(text) for text in texts])
    sizes = np.bincount(labels)
    names: list[dict[str, str]] = [dict(given.get(k, {})) for k in range(len(sizes))]
    for language, _ in Counter(languages.tolist()).most_common():
        held = np.bincount(labels[languages == language], minlength=len(sizes))
        rows = np.flatnonzero((languages == language) & (held >= SHARE_OF_LANGUAGE * sizes)[labels])
        if not len(rows):
            continue
        groups, within = np.unique(labels[rows], return_inverse=True)
        kept = {
            k: names[g][language] for k, g in enumerate(groups.tolist()) if language in names[g]
        }
        found = name_groups([texts[row] for row in rows.tolist()], within, closeness[rows], kept)
        for group, name in zip(groups.tolist(), found, strict=True):
            names[group].setdefault(language, name)
    for group, called in enumerate(names):
        if len(called) > 1:
            called.pop(UNDETERMINED, None)
        if group not in given:
            counts = Counter(languages[labels == group].tolist())
            names[group] = dict(sorted(called.items(), key=lambda name: -counts[name[0]]))
    return names


def name_groups(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    closeness: NDArray[np.floating],
    given: Mapping[int, str] | None = None,
) -> list[str]:
    """A name for each group: the terms that are frequent in it and rare elsewhere.

    Class-based TF-IDF (Grootendorst 2022, arXiv:2203.05794, section 3.3), with the number of a
    group's texts that hold a term as its frequency.

    Args:
        texts: All texts.
        labels: Their groups, 0 to the number of groups - 1, none empty.
        closeness: How near each text is to the center of its group; the nearest are read.
        given: What some groups are called already; the others get other names.
    """
    given = given or {}
    read = _nearest(labels, closeness)
    terms, held = _term_counts([texts[row][:CHARACTERS_READ] for row in read], labels[read])
    sizes = np.bincount(labels[read])
    everywhere = np.maximum(held.sum(axis=0), 1)
    weight = np.log1p(held.sum() / len(sizes) / everywhere)
    names = dict(given)
    for group, size in enumerate(sizes):
        if group in given:
            continue
        row = held[[group]]
        enough = row.data >= max(min(2, size), SHARE_TO_NAME * size)
        columns, counts = row.indices[enough], row.data[enough]
        best = np.lexsort((columns, -counts * weight[columns]))[:TERMS_COMPARED]
        chosen = _without_overlap([(terms[columns[place]], counts[place]) for place in best])
        if not chosen:
            nearest = texts[read[labels[read] == group][0]]
            chosen = [" ".join(nearest.split())[:CHARACTERS_OF_NAME] or "other"]
        names[group] = _new_name(chosen, names.values())
    return [names[group] for group in range(len(sizes))]


def _new_name(terms: list[str], names: Collection[str]) -> str:
    """The first terms, as many as it takes to differ from all other names; else with a number."""
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
    return terms, one_hot(labels) @ held


def terms_of(text: str) -> list[str]:
    """What could name a text: its words and pairs of words; in Japanese, short runs of signs."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    text = html.unescape(text).casefold()
    unspaced = _runs if SCRIPTS["ja"].search(text) else _chinese_words
    terms = [term for run in UNSPACED.findall(text) for term in unspaced(run)]
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


def _runs(run: str) -> list[str]:
    """Two to four neighbours of a text without spaces that no particle begins or ends."""
    parts = (run[k : k + length] for length in RUN_LENGTHS for k in range(len(run) - length + 1))
    return [part for part in parts if PARTICLES.isdisjoint((part[0], part[-1]))]


def _chinese_words(run: str) -> list[str]:
    """Words of two characters at least and pairs of neighbours, without what only binds."""
    words = _tokenizer().lcut(run)
    pairs = [one + other for one, other in pairwise(words) if not (_binds(one) or _binds(other))]
    return [*(word for word in words if len(word) > 1 and not _binds(word)), *pairs]


def _binds(word: str) -> bool:
    return 2 * sum(character in PARTICLES for character in word) >= len(word)


@functools.cache
def _tokenizer() -> Tokenizer:
    """Jieba with its own dictionary, read anew: its cache in a folder of all users is not safe."""
    with warnings.catch_warnings(action="ignore"):  # what its age brings up as it is imported
        import jieba

    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


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
