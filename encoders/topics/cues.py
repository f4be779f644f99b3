"""Cues of wanting and rejecting: words by which a writer says what he wants, in two languages."""

from __future__ import annotations

import functools
import re
import tomllib
from typing import TYPE_CHECKING

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


def has_cues(text: str | None) -> bool:
    """Whether there are cues in the language of a text."""
    return text is not None and language_of(text) in _patterns()


def find_cues(text: str) -> list[int]:
    """Returns the signs of the cues of a text in their order: 1 for wanting, -1 for rejecting.

    Where cues overlap, the longest counts. A word of wanting shortly after a negation rejects.
    """
    text = text[:MAX_CHARACTERS].casefold().replace("\u2019", "'")
    language = language_of(text)
    found = sorted(
        (match.start() - match.end(), match.start(), sign, match.end())
        for sign, pattern in _patterns().get(language, ())
        for match in pattern.finditer(text)
        if match.end() > match.start()
    )
    taken: list[tuple[int, int, int]] = []
    for _, start, sign, end in found:
        if all(end <= other or start >= stop for other, stop, _ in taken):
            taken.append((start, end, sign))
    rest = text
    for start, end, _ in taken:
        rest = rest[:start] + USED * (end - start) + rest[end:]
    negated = _NEGATION.get(language)
    return [
        -1 if sign > 0 and negated is not None and negated.search(rest[:start]) else sign
        for start, _, sign in sorted(taken)
        if sign
    ]


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
