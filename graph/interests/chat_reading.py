"""Interests of texts by a chat model, where it reads them better than the reader of embeddings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from isthmus.encoders.topics import (
    MIN_HELD_OUT,
    compare_readers,
    first_labels,
    hold_out_writers,
    learn_labels,
)
from isthmus.errors import IsthmusError
from isthmus.graph.interests.text_topics import build_corpus, build_names_reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.encoders.endpoint import ChatReader
    from isthmus.encoders.text import TextEncoder, VectorCache
    from isthmus.encoders.topics import Corpus, ReaderChoice, TextReader, TopicReader
    from isthmus.graph.database import Row
    from isthmus.graph.interests.text_topics import Interests, Texts

    LearnedFrom = tuple[  # the arguments of `learn_reader`
        Interests,
        list[Row],
        dict[str, list[Row]],
        Texts,
        dict[str, list[str]],
        TextEncoder,
        VectorCache,
    ]

logger = logging.getLogger("isthmus")

MAX_COMPARED = 200


def read_by_chat(
    chat: ChatReader,
    learned_from: LearnedFrom,
    reader: TextReader,
    choice: ReaderChoice,
    about: list[list[Row]],
) -> tuple[ReaderChoice, list[list[Row]]]:
    """Lets a chat model read the texts about no item, if it is better on held-out texts.

    It serves only if the 95 % interval of its paired gain lies above 0. If the endpoint or the
    cache of its answers fails, texts keep what was read in them without it.

    Args:
        chat: The chat model.
        learned_from: The arguments of `learn_reader`.
        reader: The reader that it learned.
        choice: How that reader was chosen.
        about: What that reader found in each text, rows of `interest`, `weight` and `polarity`.

    Returns:
        The choice of the reader that serves, and what is found in each text, as `about`.
    """
    interests, _, _, texts, *_ = learned_from
    if not interests.ids or not texts.ids:
        return choice, about
    try:
        by_chat = _compare(chat, learned_from, reader, choice)
        if by_chat is None:
            return choice, about
        rows = [
            k
            for k, (words, item) in enumerate(zip(texts.words, texts.items, strict=True))
            if words is not None and item is None
        ]
        answers = _ask(chat, interests, [texts.words[k] or "" for k in rows])
    except IsthmusError as error:
        logger.warning("%s names no interests: %s", chat.endpoint.name, error.message)
        return choice, about
    found = list(about)
    for row, answer in zip(rows, answers, strict=True):
        if answer is not None:
            found[row] = [
                {"interest": interests.ids[topic], "weight": 1 / len(answer), "polarity": polarity}
                for topic, polarity in answer.items()
            ]
    return by_chat, found


def _compare(
    chat: ChatReader, learned_from: LearnedFrom, reader: TextReader, choice: ReaderChoice
) -> ReaderChoice | None:
    """Compares the chat model on labelled texts; returns None if it does not serve."""
    interests, items, item_interests, texts, likes, encoder, cache = learned_from
    space, topics = reader.space, reader.topics
    corpus = build_corpus(space, topics, interests, item_interests, texts, likes)
    held_out, training = hold_out_writers(corpus)
    known = [k for k, words in enumerate(held_out.words) if words is not None][:MAX_COMPARED]
    if len(known) < MIN_HELD_OUT:
        return None
    if choice.reader == "labels":  # which has learned from the held-out texts as well
        names = build_names_reader(
            space, interests, items, item_interests, topics.text_means, (encoder, cache)
        )
        topics = learn_labels(space, names, training)
    answers = _ask(chat, interests, [held_out.words[k] or "" for k in known])
    answered = {k: found for k, found in zip(known, answers, strict=True) if found is not None}
    if len(answered) < MIN_HELD_OUT:
        return None
    by_chat = _score(answered, held_out, topics)
    logger.info(
        "On %d held-out texts %s scores %.3f, the encoder's reader %.3f; %s serves.",
        by_chat.texts,
        chat.endpoint.name,
        by_chat.learned_score,
        by_chat.names_score,
        "the chat model" if by_chat.gain[0] > 0 else "the encoder's reader",
    )
    return by_chat if by_chat.gain[0] > 0 else None


def _score(
    answered: dict[int, dict[int, float]], held_out: Corpus, topics: TopicReader
) -> ReaderChoice:
    """The label of the first interest of both readers; for the chat model that said strongest."""
    labels = held_out.labels.toarray()
    ours = [
        labels[k, max(found, key=lambda topic: abs(found[topic]))] if found else 0.0
        for k, found in answered.items()
    ]
    theirs = first_labels(topics, held_out)[list(answered)]
    return compare_readers("chat", "items and likes", np.array(ours), theirs)


def _ask(
    chat: ChatReader, interests: Interests, words: Sequence[str]
) -> list[dict[int, float] | None]:
    """Polarities of texts by position of the interest; None where the endpoint failed."""
    topics: dict[str, int] = {}
    for topic, names in enumerate(interests.names):
        for name in list(names.values())[:1]:
            topics.setdefault(name, topic)
    answers = chat.read(words, list(topics))
    return [
        None if answer is None else {topics[name]: value for name, value in answer.items()}
        for answer in answers
    ]
