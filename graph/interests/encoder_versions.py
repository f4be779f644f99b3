"""Encoders as numbered versions: whose vectors are read, and whose are made beside them.

A version is a model's name and the fingerprint of its files. Each has vectors and interests of its
own in the graph; those of exactly one version are read: the active one's. It changes in the
transaction that activates a generation, and goes back with it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.graph.database.connection import Graph, Row
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


@dataclass(frozen=True)
class Version:
    """The encoder whose vectors are read.

    Attributes:
        number: Of the version.
        name: Of the model.
        fingerprint: Of the model's files.
        generation: The generation that answers with it, or None where there is none yet.
    """

    number: int
    name: str
    fingerprint: str
    generation: int | None


def answering(graph: Graph) -> Version | None:
    """The active version, or None where nothing has been encoded yet."""
    rows = graph.read("encode/active")
    return Version(**rows[0]) if rows else None


def number_of_answering(graph: Graph) -> int | None:
    """The number of the active version, or None where nothing has been encoded yet."""
    active = answering(graph)
    return None if active is None else active.number


def version_of(graph: Graph, encoder: TextEncoder) -> int:
    """The number of an encoder's version, a new one where the graph does not know it.

    The first version of a graph is active at once: there is nothing that it could be mixed with.
    """
    folder = Path(encoder.name).expanduser().is_dir()
    rows = graph.write(
        "encode/version",
        name=str(encoder.folder) if folder else encoder.name,  # found from any working directory
        fingerprint=encoder.fingerprint,
        dimensions=encoder.dimensions,
    )
    return int(rows[0]["version"])


def versions(graph: Graph) -> list[Row]:
    """All versions, newest first, as `encoder list --json` prints them."""
    return graph.read("encode/versions")


def encoder_of_answers(graph: Graph, settings: Settings) -> TextEncoder:
    """The encoder whose vectors are read, whichever the settings name; theirs where there is none.

    Raises:
        IsthmusError: Its files are not to be had.
    """
    active = answering(graph)
    name = settings.encoder if active is None else active.name
    return load_encoder(name, settings.home, settings.threads)


def settings_of_answers(graph: Graph, settings: Settings) -> Settings:
    """Settings for adding to what answers: with the encoder of the generation that does so.

    Another encoder comes with another generation; without one they stay as they are.
    """
    active = answering(graph)
    if active is None or active.generation is None or active.name == settings.encoder:
        return settings
    logger.info(
        "Generation %d answers with the encoder %s, which goes on until `isthmus retrain` changes "
        "to %s.",
        active.generation,
        active.name,
        settings.encoder,
    )
    return settings.model_copy(update={"encoder": active.name})


def answer_without_generation(graph: Graph, number: int) -> None:
    """Makes a version the one that is read, unless a generation says which one that is."""
    if graph.write("encode/activate", version=number):
        delete_unused(graph)


def delete_unused(graph: Graph) -> None:
    """Deletes what versions made that are not read and that no generation uses, in small steps.

    Their numbers stay taken, so that what a killed deletion left is never read as another's.
    """
    for row in graph.write("encode/mark_deleting"):
        for name in ("delete_vectors", "delete_interests"):
            graph.write_in_transactions(f"encode/{name}", version=row["version"])
        graph.write("encode/mark_deleted", version=row["version"])
