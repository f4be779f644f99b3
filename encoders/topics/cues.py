"""Cues of wanting and rejecting: words by which a writer says what he wants, in two languages."""

from __future__ import annotations

import functools
import re
import tomllib
from collections import defaultdict
from re import _constants as operations  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isthmus.encoders.topics.bundled import read_text
from isthmus.encoders.topics.cluster_names import language_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIGNS = {"wants": 1, "rejects": -1, "neutral": 0}
FEATURES = 5
MAX_CHARACTERS = 2_000
"""Of a text that are searched for cues; the time grows with their square."""
USED = "\0"
"""In place of the characters of a cue: no negation stands inside one."""
# A negation that ends at most three words, or four Chinese characters, before a cue.
_NEGATION = {
    "en": re.compile(r"(?:\b(?:not|no|never|nobody|hardly|without)|n't)(?: [\w']+){0,3} ?$"),
    "zh": re.compile(r"[不没别勿][^，。！？；,\0]{0,3}$"),
}
# How Chinese prohibitions begin, and what may stand between one and a word of wanting within it.
_PROHIBITIONS = "不别勿少"
_WITHIN_PROHIBITION = re.compile(r"[^，。！？；,.!?;]{0,2}")
_FILLERS = {
    "en": re.compile(
        r"\b(?:i|i'm|i've|i'd|me|my|we|us|it|it's|its|they|them|that|that's|this|these|those|he|she"
        r"|him|her|to|for|of|am|is|are|was|were|be|do|did|have|had|really|just|so|very|much|all|at"
        r"|and|a|an|the|any|please|again|ever|now)\b|[\W_\0]"
    ),
    "zh": re.compile(
        r"[我你您他她它们咱这那些个就是真的都也还再了吧呢啊呀吗太很挺确实在其而又却倒得让给到请]|[\W\0]"
    ),
}
"""Words and characters that name nothing."""


@functools.cache
def _patterns() -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    """Signs and patterns of the cues by language."""
    table = tomllib.loads(read_text("cues.toml"))
    wrap = {"en": r"(?<![a-z])(?:{})(?![a-z])"}
    return {
        language: [
            (SIGNS[kind], re.compile(wrap.get(language, "{}").replace("{}", pattern)))
            for kind, patterns in kinds.items()
            for pattern in patterns
        ]
        for language, kinds in table.items()
    }


@functools.cache
def _patterns_by_words() -> dict[str, dict[str, list[int]]]:
    """By language, the patterns that can match only where some characters stand in the text."""
    by_words: dict[str, dict[str, list[int]]] = {}
    for language, patterns in _patterns().items():
        numbers = by_words.setdefault(language, defaultdict(list))
        for number, (_, pattern) in enumerate(patterns):
            for words in _required(parser.parse(pattern.pattern)) or {""}:
                numbers[words].append(number)
    return by_words


def _required(parsed: Any) -> set[str] | None:
    """Returns characters of which some must stand in any match of a parsed pattern.

    Hundreds of patterns are searched in each clause, and a dozen could match: to look for these
    characters first takes a tenth of the time.
    """
    found: list[set[str]] = []
    literal = ""
    for operation, value in [*parsed, (None, None)]:
        if operation is operations.LITERAL:
            literal += chr(value)
            continue
        if literal:
            found.append({literal})
            literal = ""
        if operation is operations.SUBPATTERN:
            parts = [_required(value[-1])]
        elif operation is operations.BRANCH:
            parts = [_required(branch) for branch in value[1]]
        elif operation in (operations.MAX_REPEAT, operations.MIN_REPEAT) and value[0]:
            parts = [_required(value[2])]
        else:
            continue
        if all(parts):
            found.append(set().union(*(part for part in parts if part)))
    return max(found, key=lambda words: min(map(len, words)), default=None)


def has_cues(text: str | None) -> bool:
    """Whether there are cues in the language of a text."""
    return text is not None and language_of(text) in _patterns()


class _Cue(NamedTuple):
    """A cue in a text: its place, its sign, and whether its pattern leaves words open."""

    start: int
    end: int
    sign: int
    is_open: bool


def find_cues(text: str) -> list[int]:
    """Returns the signs of the cues of a text in their order: 1 for wanting, -1 for rejecting.

    Where cues overlap, the longest counts. A word of wanting shortly after a negation rejects, and
    one right after a Chinese prohibition (不要再推荐给我了) belongs to it.
    """
    text, language, cues = _match_cues(text[:MAX_CHARACTERS])
    rest = _mask(text, cues)
    negated = _NEGATION.get(language)
    signs: list[int] = []
    end: int | None = None  # of the last prohibition
    for cue in cues:
        prohibited = end is not None and _WITHIN_PROHIBITION.fullmatch(text, end, cue.start)
        sign = cue.sign
        if sign > 0 and (prohibited or (negated and negated.search(rest[: cue.start]))):
            sign = -1
        if sign < 0 and (prohibited or text[cue.start] in _PROHIBITIONS):
            end = cue.end
        if sign:
            signs.append(sign)
    return signs


def is_only_cues(text: str) -> bool:
    """Whether a text has cues and besides them nothing but pronouns and particles."""
    text, language, cues = _match_cues(text[:MAX_CHARACTERS])
    fillers = _FILLERS.get(language)
    # Words that a pattern leaves open ("nothing beats …") may name something.
    closed = [cue for cue in cues if cue.sign and not cue.is_open]
    return bool(closed) and fillers is not None and not fillers.sub("", _mask(text, closed))


@functools.lru_cache(maxsize=1024)
def _match_cues(text: str) -> tuple[str, str, tuple[_Cue, ...]]:
    """The text in lower case, its language, and its cues in order.

    The splitting, the classifiers and the verdict ask for the same clause, one after the other.
    """
    text = text.casefold().replace("\u2019", "'")
    language = language_of(text)
    by_words = _patterns_by_words().get(language, {})
    numbers = {k for words, some in by_words.items() if words in text for k in some}
    found = [
        _Cue(match.start(), match.end(), sign, r"\w+" in pattern.pattern)
        for sign, pattern in (_patterns()[language][number] for number in sorted(numbers))
        for match in pattern.finditer(text)
        if match.end() > match.start()
    ]
    taken: list[_Cue] = []
    for cue in sorted(found, key=lambda cue: (cue.start - cue.end, cue)):
        if all(cue.end <= other.start or cue.start >= other.end for other in taken):
            taken.append(cue)
    return text, language, tuple(sorted(taken))


def _mask(text: str, cues: Sequence[_Cue]) -> str:
    """The text with USED in place of the characters of the cues."""
    for cue in cues:
        text = text[: cue.start] + USED * (cue.end - cue.start) + text[cue.end :]
    return text


def cue_features(texts: Sequence[str | None]) -> NDArray[np.float64]:
    """Counts the cues of texts, float64 (texts, FEATURES); zeros where the words are unknown.

    The columns: sign of the sum, any wanting, any rejecting, half the sum up to 1, the last sign.
    """
    rows = np.zeros((len(texts), FEATURES))
    for row, text in zip(rows, texts, strict=True):
        signs = find_cues(text) if text else []
        if signs:
            total = sum(signs)
            row[:] = np.sign(total), 1 in signs, -1 in signs, np.clip(total / 2, -1, 1), signs[-1]
    return rows
