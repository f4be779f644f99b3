"""Records a text that a user wrote; the next recommendation uses it without a retraining."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import polars as pl

from isthmus.encoders.text import VectorCache
from isthmus.errors import InputError
from isthmus.graph.ingest import MAX_TEXT, TEXTS, build_text_rows
from isthmus.graph.interests import Reading, derivation_parameters, read_text, wanted_weight
from isthmus.graph.sources import read_events
from isthmus.output import json_text

if TYPE_CHECKING:
    from isthmus.encoders.text import TextEncoder
    from isthmus.graph.database import Graph, Row, Write
    from isthmus.settings import Settings


def record_text(
    graph: Graph,
    encoder: TextEncoder,
    user: str,
    text: str,
    settings: Settings,
    event_id: str | None = None,
) -> dict[str, Any]:
    """Records a text that a user wrote just now; creates the user if necessary.

    The text, its embedding, its interests and those of the user are written in one transaction.

    Args:
        graph: The graph to write to.
        encoder: The encoder of the active version, from `active_encoder`.
        user: Id of the user.
        text: The words; the graph stores them only with the setting `keep_text`.
        settings: `keep_text`, `half_life_days`, `home` for the vector cache.
        event_id: Idempotency key: texts and interactions with the same id count once.

    Returns:
        The document of `feedback --text --json`: `user`, `interests` of the text and `recorded`,
        which is false if the event was recorded before.

    Raises:
        InputError: A value is invalid, nothing is encoded yet, or the encoder is not that of the
            active version.
    """
    text = text.strip()
    _validate(user, text, event_id)
    reading = read_text(graph, encoder, VectorCache(settings.home / "vectors"), text)
    now = time.time_ns() // 1_000_000
    row = _text_row(user, text, now, settings.keep_text)
    parameters: Row = {
        "event": None if event_id is None else hashlib.sha256(event_id.encode()).hexdigest(),
        "user": user,
        "id": row["id"],
        "language": row["language"],
        "sha256": row["sha256"],
        "text": row["text"],
        "now": now,
        "vector": reading.vector.tolist(),
        "interests": reading.interests,
        "polarity": reading.polarity,
        "version": reading.version,
    }
    derivation = derivation_parameters([user], settings.half_life_days, reading.version)

    def record_and_derive(write: Write) -> bool:
        if not write("feedback/record_text", **parameters):
            return False
        write("interests/derive_user_interests", **derivation)
        return True

    recorded = graph.write_together(record_and_derive)
    interests = _describe(graph, reading, row["language"] or "en") if recorded else []
    return {"user": user, "interests": interests, "recorded": recorded}


def _describe(graph: Graph, reading: Reading, language: str) -> list[Row]:
    """Returns the interests of a text with their names, and `wanted` from 1 to -1."""
    ids = [row["interest"] for row in reading.interests]
    names = {
        row["id"]: row["name"]
        for row in graph.read(
            "interests/names", version=reading.version, interests=ids, language=language
        )
    }
    return [
        row
        | {
            "name": names.get(row["interest"]),
            "wanted": row["weight"] * wanted_weight(row["polarity"]),
        }
        for row in reading.interests
    ]


def _validate(user: str, text: str, event_id: str | None) -> None:
    """Checks the ids by the rules of events, and the length of the text.

    Raises:
        InputError: A value is invalid.
    """
    if not text:
        raise InputError("The text is empty.", 'Write some words: --text "I like …".')
    if len(text) > MAX_TEXT:
        raise InputError(f"The text has more than {MAX_TEXT:,} characters.", "Shorten it.")
    event = {"user_id": user, "item_id": "none", "event_id": event_id}
    rejected = read_events([json_text(event).encode()]).rejected
    if not rejected.is_empty():
        row = rejected.row(0, named=True)
        raise InputError(f"The {row['column']} {row['reason']}.", "Correct the value.")


def _text_row(user: str, text: str, now: int, keep_text: bool) -> Row:
    """Returns id, language, hash and, if they are stored, the words of a text, as `ingest` does."""
    row = {"user_id": user, "text": text, "timestamp": now / 1000}
    return build_text_rows(pl.DataFrame([row], schema=TEXTS.schema), keep_text).row(0, named=True)
