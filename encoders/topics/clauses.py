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
# Where a new statement follows: after a comma in Chinese, in English before these words.
_STARTS = (
    r"(?:i|i'm|i've|i'd|i'll|we|my|he|she|they|it's|that's|what|now|so|then|not|no|never|without"
    r"|please|just|don'?t|can'?t|cannot|won'?t|hate|love|give|show|find|tell|play|bring|recommend|suggest|skip"
    r"|avoid|put|leave|let|let's|anything|something|nothing|definitely)\b"
)
_STATEMENT = rf",?\s+and\s+(?={_STARTS})|,\s+(?={_STARTS})|[，,](?=[^\W\da-zA-Z])"
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
# A statement that forbids something, apart from what precedes it: "Jazz for the evening, no metal".
_PROHIBITION = re.compile(
    r"\W*(?:(?:but|and|just|please|definitely)\s+)*(?:no|not|nothing|without|don'?t|do not)\b"
    r"|\W*(?:请|千万|但|就|也)*(?:不要|别|勿|不想要?|不带|不含|少来)",
    re.IGNORECASE,
)
# Where the thing that a Chinese exception names ends: 除了恐怖片|以外，|都行.
_END_OF_EXCEPTION = re.compile(r"以外|之外|外|[，,]|(?=我|都|全|什么|其他|其它|别的|啥)")
_END_OF_FIRST_EXCEPTION = re.compile(
    r",|\s(?=(?:i|i'd|i'm|i'll|we|we'd|give|show|find|tell|play|please|let's)\b)", re.IGNORECASE
)
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
        silent: Whether it has no cue and stands beside a rejection, to which it belongs unless it
            is about something else.
    """

    text: str
    rejected: bool = False
    part: int = field(default=0, compare=False)
    silent: bool = field(default=False, compare=False)


def split_clauses(text: str) -> list[Clause]:
    """Splits a text at sentence ends, contrasts and exceptions; at least one clause.

    Long texts and texts of many clauses are one clause each.
    """
    if len(text) > MAX_CHARACTERS:
        return [Clause(text)]
    parts = [
        (number, clause)
        for number, part in enumerate(_CONTRASTS.split(_CONCESSION.sub(r"\1 but ", text)))
        for clause in _split_exception(part)
    ]
    rejects = any(clause.rejected or -1 in find_cues(clause.text) for _, clause in parts)
    for with_silent in (True, False) if rejects else (False,):
        clauses = [
            Clause(words.strip(_TRIM), clause.rejected, number, silent)
            for number, clause in parts
            for words, silent in (
                [(clause.text, False)]
                if clause.rejected
                else _split_statements(clause.text, with_silent)
            )
        ]
        clauses = [c for c in clauses if len(c.text) >= (1 if c.rejected else MIN_CHARACTERS)]
        if len(clauses) <= MAX_CLAUSES:
            break
    several = 1 < len(clauses) <= MAX_CLAUSES or (len(clauses) == 1 and clauses[0].rejected)
    return clauses if several else [Clause(text)]


def _split_statements(part: str, with_silent: bool) -> list[tuple[str, bool]]:
    """Splits at sentence ends and new statements where the cues on both sides differ in sign.

    What has no cue belongs to what follows it, at the end to what precedes it; but a bare name
    ("Metal? No thanks.") is a clause of its own.

    Args:
        part: A part of a text without contrasts.
        with_silent: Whether a statement without cues beside a rejection is a clause too.

    Returns:
        The clauses, each with whether it is such a statement.
    """
    groups: list[tuple[int, int, int]] = []  # sign, start, end
    start = 0
    for match in (*_STATEMENTS.finditer(part), None):
        end = len(part) if match is None else match.start()
        sign = int(np.sign(sum(find_cues(part[start:end]))))
        before, first, stop = groups[-1] if groups else (0, start, start)
        ended = part[stop - 1 : stop] in _ENDS
        bare = ended and is_bare(part[first:stop].strip(_TRIM))
        statement = part[start:end]
        after = not sign and before < 0 and not is_bare(statement.strip())
        forbids = not before and sign < 0 and _PROHIBITION.match(statement) is not None
        silent = with_silent and (after or forbids)
        joined = before == 0 or sign in (0, before)
        if groups and not bare and joined and not silent:
            groups[-1] = (sign or before, first, end)
        else:
            groups.append((sign, start, end))
        start = end if match is None else match.end()
    signs = [0, *(sign for sign, _, _ in groups), 0]
    return [
        (part[first:end], not sign and min(signs[number], signs[number + 2]) < 0)
        for number, (sign, first, end) in enumerate(groups)
    ]


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
        # "Except for horror, I like everything", "Instead of horror give me jazz": what follows the
        # thing at the start of a sentence is no exception.
        end = None if before.strip() else _END_OF_FIRST_EXCEPTION.search(rest)
        thing, after = (rest[: end.start()], rest[end.end() :]) if end else (rest, "")
        return [Clause(before), Clause(thing, rejected=True), Clause(after)]
    end = _END_OF_EXCEPTION.search(rest)
    thing, after = (rest[: end.start()], rest[end.end() :]) if end else (rest, "")
    return [Clause(before), Clause(thing, rejected=not _BESIDES.match(rest)), Clause(after)]
