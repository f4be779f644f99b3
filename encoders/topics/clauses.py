"""Splits a text into the clauses that may each praise, ask for or reject something else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from isthmus.encoders.topics.cluster_names import language_of
from isthmus.encoders.topics.cues import find_cues

MAX_CHARACTERS = 400
"""Longer texts are reviews, which are read as a whole."""
MAX_CLAUSES = 6
MIN_CHARACTERS = 2
BARE_WORDS, BARE_CHARACTERS = 2, 4
"""Length of a bare name in words or Chinese characters."""

_SENTENCE = r"(?<=[。！？；!?;…\n])|(?<=[.])\s+"
_CONTRAST = (
    r"(?<!anything )(?<!everything )(?<!nothing )(?<!all )"
    r"\b(?:but|however|although|though|whereas|yet|while)\b(?!\s+(?:if|when)\b)"
    r"|但是|但|不过|可是|然而|只是|虽然|尽管"
)
# A comma, or the word "and", ends a clause only where a new statement follows: in a list of things
# the verb belongs to all of them.
_STATEMENT = (
    r",?\s+and\s+(?=(?:i|we|my|please|not|no|never|don'?t|can'?t|cannot|hate|skip|avoid)\b)"
    r"|,\s*(?=(?:i|i'm|i've|i'd|we|my|he|she|not|no|never|please|just|don'?t|can'?t|cannot|won'?t"
    r"|hate|love|give|show|skip|avoid|anything|nothing|definitely)\b)"
    r"|[，,](?=[^，,。]*(?:喜欢|爱|讨厌|不|别|受不了|想|烦|腻|迷|恨|没|求|要|更|还是|敬谢|拒|算了|免))"
)
_EXCEPT = (
    r"\b(?:except(?:\s+for)?|apart\s+from|other\s+than|rather\s+than|instead\s+of"
    r"|(?<=anything )but|(?<=everything )but|(?<=all )but)\b"
    r"|而不是|而非|除了|除去|除开|除"
)
_BESIDES = re.compile(r"^[^。！？]*?(?:也|还)")
_EXCEPTION = re.compile(rf"(?P<marker>{_EXCEPT})(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_CONTRASTS = re.compile(_CONTRAST, re.IGNORECASE)
# The comma after a concession is a contrast too: "Although I like jazz, metal bores me".
_CONCESSION = re.compile(
    r"(\b(?:although|though|while|whereas)\b[^,.!?;]*|(?:虽然|尽管)[^，。！？；]*)[,，]",
    re.IGNORECASE,
)
_STATEMENTS = re.compile(rf"{_SENTENCE}|{_STATEMENT}", re.IGNORECASE)
# Where the thing that a Chinese exception names ends: 除了恐怖片|以外，|都行.
_END_OF_EXCEPTION = re.compile(r"以外|之外|外|[，,]|(?=我|都|全|什么|其他|其它|别的|啥)")
_ENDS = tuple("。！？；!?;….\n")
_TRIM = " \t\n,，、.。:：;；?？!！"


@dataclass(frozen=True)
class Clause:
    """A part of a text.

    Attributes:
        text: Its words.
        rejected: Whether the text makes an exception of it ("anything except …"), so that it is
            rejected whatever the words of the clause are.
        part: Number of its part of the text: a contrast ("but") begins another part.
    """

    text: str
    rejected: bool = False
    part: int = field(default=0, compare=False)


def split_clauses(text: str) -> list[Clause]:
    """Splits a text at sentence ends, contrasts and exceptions; at least one clause.

    Long texts and texts of many clauses are one clause each.
    """
    if len(text) > MAX_CHARACTERS:
        return [Clause(text)]
    clauses = [
        Clause(words.strip(_TRIM), clause.rejected, number)
        for number, part in enumerate(_CONTRASTS.split(_CONCESSION.sub(r"\1 but ", text)))
        for clause in _split_exception(part)
        for words in ([clause.text] if clause.rejected else _split_where_signs_differ(clause.text))
    ]
    clauses = [c for c in clauses if len(c.text) >= (1 if c.rejected else MIN_CHARACTERS)]
    several = 1 < len(clauses) <= MAX_CLAUSES or (len(clauses) == 1 and clauses[0].rejected)
    return clauses if several else [Clause(text)]


def _split_where_signs_differ(part: str) -> list[str]:
    """Splits at sentence ends and new statements where the cues on both sides differ in sign.

    What has no cue belongs to what follows it, at the end to what precedes it; but a bare name
    ("Metal? No thanks.") is a clause of its own.
    """
    groups: list[tuple[int, int, int]] = []  # sign, start, end
    start = 0
    for match in (*_STATEMENTS.finditer(part), None):
        end = len(part) if match is None else match.start()
        sign = int(np.sign(sum(find_cues(part[start:end]))))
        before, first, stop = groups[-1] if groups else (0, start, start)
        ended = part[stop - 1 : stop] in _ENDS
        bare = ended and is_bare(part[first:stop].strip(_TRIM))
        if groups and not bare and (sign in (0, before) or before == 0):
            groups[-1] = (sign or before, first, end)
        else:
            groups.append((sign, start, end))
        start = end if match is None else match.end()
    return [part[first:end] for _, first, end in groups]


def is_bare(text: str) -> bool:
    """Whether a text is so short that it can only be a name, a search term."""
    if language_of(text) == "zh":
        return len(text) <= BARE_CHARACTERS
    return len(text.split()) <= BARE_WORDS


def _split_exception(sentence: str) -> list[Clause]:
    """Splits a sentence at "except …"; the clause after that is rejected."""
    found = _EXCEPTION.search(sentence)
    if found is None:
        return [Clause(sentence)]
    before, rest = sentence[: found.start()], found["rest"]
    if not found["marker"].startswith("除"):
        # "Except for horror, I like everything": what follows the comma is no exception.
        thing, _, after = rest.partition(",") if not before.strip() else (rest, "", "")
        return [Clause(before), Clause(thing, rejected=True), Clause(after)]
    end = _END_OF_EXCEPTION.search(rest)
    thing, after = (rest[: end.start()], rest[end.end() :]) if end else (rest, "")
    return [Clause(before), Clause(thing, rejected=not _BESIDES.match(rest)), Clause(after)]
