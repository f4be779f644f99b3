"""Bundled sentences and subjects in Chinese and English, from which readers of texts learn."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib.resources import files
from random import Random

SLOT = "{x}"
SEED = 7


@dataclass(frozen=True)
class Sentence:
    """A bundled sentence.

    Attributes:
        text: Its words, with the name of a subject in place of the slot.
        language: `zh` or `en`.
        label: `wants` or `rejects` its subject, or `nothing` if it is about no subject.
        subject: Position of its subject among the subjects, or -1.
    """

    text: str
    language: str
    label: str
    subject: int


@dataclass(frozen=True)
class Phrase:
    """A name of a subject.

    Attributes:
        text: Its words.
        language: `zh` or `en`.
        subject: Position of the subject.
    """

    text: str
    language: str
    subject: int


def read_text(name: str) -> str:
    """Reads a bundled file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def read_rows(name: str) -> list[dict[str, str]]:
    """Reads a bundled table of this folder."""
    return list(csv.DictReader(read_text(name).splitlines()))


@functools.cache
def bundled_sentences() -> tuple[Sentence, ...]:
    """Returns the sentences, each with a subject drawn at random."""
    rng, subjects = Random(SEED), read_rows("subjects.csv")
    sentences = []
    for row in read_rows("sentences.csv"):
        text, subject = row["text"], -1
        if SLOT in text:
            subject = rng.randrange(len(subjects))
            text = text.replace(SLOT, subjects[subject][row["language"]])
        sentences.append(Sentence(text, row["language"], row["label"], subject))
    return tuple(sentences)


@functools.cache
def phrases_about_nothing() -> frozenset[str]:
    """Returns the sentences about no subject, in lower case, without punctuation at the end."""
    rows = read_rows("sentences.csv")
    return frozenset(plain(row["text"]) for row in rows if row["label"] == "nothing")


def plain(text: str) -> str:
    """Returns a text in lower case, without punctuation at its ends."""
    return text.casefold().strip(" .,!?…。，！？")


@functools.cache
def sentence_forms(label: str) -> dict[str, tuple[str, ...]]:
    """Returns the forms with a slot by language, of one label."""
    forms: dict[str, list[str]] = {}
    for row in read_rows("sentences.csv"):
        if row["label"] == label and SLOT in row["text"]:
            forms.setdefault(row["language"], []).append(row["text"])
    return {language: tuple(texts) for language, texts in forms.items()}


@functools.cache
def subject_names() -> tuple[Phrase, ...]:
    """Returns the names of the subjects, in each language."""
    return tuple(
        Phrase(row[language], language, k)
        for k, row in enumerate(read_rows("subjects.csv"))
        for language in ("en", "zh")
    )
