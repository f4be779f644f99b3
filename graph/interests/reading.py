"""Reads one text: what it wants and rejects, by the reader of the active encoder version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import InputError
from isthmus.graph.interests.derivation import NEUTRAL_WEIGHT, POLARITY_WEIGHT
from isthmus.graph.interests.encoder_versions import active_version
from isthmus.graph.interests.text_topics import interests_of_clauses, load_reader, mean_polarity

if TYPE_CHECKING:
    from isthmus.encoders.text import TextEncoder, VectorCache
    from isthmus.encoders.topics import ReadClause, TextReader
    from isthmus.graph.database import Graph, Row
    from isthmus.graph.interests.text_topics import Vectors

MIN_REJECTED_SHARE = 0.2
"""Share of a clause from which a topic that it rejects is left out of an answer."""


@dataclass(frozen=True)
class Reading:
    """What was read in a text.

    Attributes:
        version: Number of the encoder version.
        vector: Embedding of the text, float32 (dimensions,).
        clauses: Its clauses.
        interests: Rows of `interest`, `weight` and `polarity`; none if it is about nothing.
        rejected: Ids of the interests that it rejects, with the words of the clause that does.
    """

    version: int
    vector: Vectors
    clauses: list[ReadClause]
    interests: list[Row]
    rejected: dict[str, str]

    @property
    def polarity(self) -> float:
        """Mean polarity of the clauses, from 1 to -1."""
        return mean_polarity(self.clauses)

    @property
    def about_something(self) -> bool:
        """Whether a clause is about something in the catalogue."""
        return any(clause.about for clause in self.clauses)

    @property
    def wants_something(self) -> bool:
        """Whether a clause asks for something in the catalogue."""
        return any(clause.about and wanted_weight(clause.polarity) > 0 for clause in self.clauses)

    @property
    def wanted_interests(self) -> list[Row]:
        """Rows of `interest` and `weight`, from 1 for what is wanted to -1 for what is rejected."""
        return [
            {"interest": row["interest"], "weight": row["weight"] * wanted_weight(row["polarity"])}
            for row in self.interests
        ]


def wanted_weight(polarity: float) -> float:
    """The weight of what a text is about, as `interests/derive_user_interests` computes it."""
    return min(1.0, max(-1.0, NEUTRAL_WEIGHT + POLARITY_WEIGHT * polarity))


@dataclass(frozen=True)
class StoredReader:
    """The reader of the active version, as the graph stores it.

    Attributes:
        reader: The reader.
        ids: Ids of its interests.
        version: Number of the encoder version.
    """

    reader: TextReader
    ids: list[str]
    version: int


def text_reader(graph: Graph, encoder: TextEncoder, cache: VectorCache) -> StoredReader:
    """Returns the reader of the active version.

    Args:
        graph: The graph.
        encoder: The encoder of the active version, from `active_encoder`.
        cache: Its vector cache, beside which what the encoder needs to read texts is stored.

    Raises:
        InputError: Nothing is encoded yet, or the encoder is not that of the active version.
    """
    version = version_of(graph, encoder)
    reader, ids = load_reader(graph, encoder, cache, version)
    return StoredReader(reader, ids, version)


def read_text(graph: Graph, encoder: TextEncoder, cache: VectorCache, text: str) -> Reading:
    """Reads a text with the reader of the active version; arguments as of `text_reader`.

    Raises:
        InputError: Nothing is encoded yet, or the encoder is not that of the active version.
    """
    stored = text_reader(graph, encoder, cache)
    vectors = encoder.encode([text], "query")
    clauses = stored.reader.read([text], vectors, encoder)[0]
    interests = interests_of_clauses(stored.ids, clauses)
    # What one clause rejects and another wants is wanted, if the wanting weighs more.
    negative = {row["interest"] for row in interests if wanted_weight(row["polarity"]) < 0}
    rejected = {
        stored.ids[topic]: clause.text.strip(" .!?。！？")
        for clause in clauses
        for topic, share in clause.topics.items()
        if stored.ids[topic] in negative and share >= MIN_REJECTED_SHARE
    }
    return Reading(stored.version, vectors[0], clauses, interests, rejected)


def reading_of_vector(stored: StoredReader, row: Row) -> Reading:
    """Returns what is known of a stored text without its words, as one clause.

    Args:
        stored: The reader of the active version.
        row: `vector`, `language`, `polarity` and `interests` of the text.
    """
    vector = np.array(row["vector"], dtype=np.float32)
    clause = stored.reader.clause_of_vector(vector, row["language"], row["polarity"] or 0.0)
    return Reading(stored.version, vector, [clause], row["interests"], {})


def describe_reader(graph: Graph) -> str:
    """Returns a sentence on the reader of texts of the active version and how it was chosen."""
    active = active_version(graph)
    stored = active and graph.read("interests/reader", version=active.number)[0]["choice"]
    if not stored:
        return "No texts are read yet."
    choice = json.loads(stored)
    by_chat = choice["reader"] == "chat"
    learned, other = (
        ("the chat model", "the encoder's reader") if by_chat else ("the learned reader", "names")
    )
    measured = (
        f"on {choice['texts']:,} held-out texts ({choice['judged_on']}) {learned} scores "
        f"{choice['learned_score']:.3f}, {other} {choice['names_score']:.3f}; 95 % interval of the "
        f"difference {choice['gain'][0]:+.3f} to {choice['gain'][1]:+.3f}"
    )
    why = measured if choice["texts"] else "too few texts are labelled to learn from them"
    return f"Interests of texts are read by {choice['reader']}: {why}."


def version_of(graph: Graph, encoder: TextEncoder) -> int:
    """Returns the number of the active version, which must be the encoder's.

    Vectors of different encoders cannot be compared.

    Raises:
        InputError: Nothing is encoded yet, or the active version is that of another encoder.
    """
    active = active_version(graph)
    if active is None:
        raise InputError("The graph has no interests yet.", "Run `isthmus encode` first.")
    if active.fingerprint != encoder.fingerprint:
        raise InputError(
            f"The active encoder version {active.number} is {active.name}; the text cannot be "
            f"encoded by {encoder.name}, whose files are different.",
            "Restore the files of that encoder, or run `isthmus retrain` to change to the encoder "
            "of the settings.",
        )
    return active.number
