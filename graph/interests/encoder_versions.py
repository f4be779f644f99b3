"""Encoder versions: numbered encoders, each with vectors and interests of its own in the graph.

A version is identified by the model's name and the fingerprint of its files. Only the vectors and
interests of the active version are read. The active version changes in the transaction that
activates a generation, and changes back when that generation is rolled back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from isthmus.encoders.text import TextEncoder, load_encoder
from isthmus.graph.database import Graph, Row
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


@dataclass(frozen=True)
class EncoderVersion:
    """The active encoder version.

    Attributes:
        number: Number of the version.
        name: Name or folder of the model.
        fingerprint: Fingerprint of the model's files.
        generation: Number of the active generation, or None if there is none yet.
    """

    number: int
    name: str
    fingerprint: str
    generation: int | None


def active_version(graph: Graph) -> EncoderVersion | None:
    """Returns the active version, or None if nothing has been encoded yet."""
    rows = graph.read("encode/active")
    return EncoderVersion(**rows[0]) if rows else None


def active_version_number(graph: Graph) -> int | None:
    """Returns the number of the active version, or None if nothing has been encoded yet."""
    active = active_version(graph)
    return None if active is None else active.number


def register_version(graph: Graph, encoder: TextEncoder) -> int:
    """Returns the number of an encoder's version; registers the version if it is new.

    The first version of a graph is active at once.
    """
    rows = graph.write(
        "encode/version",
        name=encoder.lasting_name,
        fingerprint=encoder.fingerprint,
        dimensions=encoder.dimensions,
    )
    return int(rows[0]["version"])


def list_versions(graph: Graph) -> list[Row]:
    """Returns all versions, newest first, as `encoder list --json` prints them."""
    return graph.read("encode/versions")


def active_encoder(graph: Graph, settings: Settings) -> TextEncoder:
    """Loads the encoder of the active version, or the encoder of the settings if there is none.

    Raises:
        IsthmusError: The files of the encoder cannot be found.
    """
    active = active_version(graph)
    name = settings.encoder if active is None else active.name
    return load_encoder(name, settings.home, settings.threads, settings)


def settings_for_active_encoder(graph: Graph, settings: Settings) -> Settings:
    """Returns the settings with the encoder of the active version instead of their own.

    New items and texts need vectors of the version that the active generation uses; only a
    retraining changes to another encoder. Without an active generation the settings stay unchanged.
    """
    active = active_version(graph)
    if active is None or active.generation is None or active.name == settings.encoder:
        return settings
    logger.info(
        "Generation %d uses the encoder %s; `isthmus retrain` changes to %s.",
        active.generation,
        active.name,
        settings.encoder,
    )
    return settings.model_copy(update={"encoder": active.name})


def activate_version(graph: Graph, number: int) -> None:
    """Activates a version, unless an active generation determines the version."""
    if graph.write("encode/activate", version=number):
        delete_unused_versions(graph)


def delete_unused_versions(graph: Graph) -> None:
    """Deletes vectors and interests of inactive versions that no generation uses, in small steps.

    Their numbers are not reused: remains of an interrupted deletion never belong to a new version.
    """
    for row in graph.write("encode/mark_deleting"):
        for name in ("delete_vectors", "delete_interests"):
            graph.write_in_transactions(f"encode/{name}", version=row["version"])
        graph.write("encode/mark_deleted", version=row["version"])
