"""A retraining from snapshot to publish, on one page."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from encoders.text import load_encoder
from graph.connection import Graph
from graph.embeddings import encode
from graph.feedback import forget_events
from graph.ingest import update_popularity
from graph.interests import derive_user_interests, find_interests
from graph.publish import edge_count, publish
from graph.snapshot import fingerprint, snapshot
from graph.versions import answering, version_of
from isthmus.errors import Locked
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")


@dataclass
class Steps:
    """The steps of a run and how long each took, in seconds."""

    done: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a block and says when it is through."""
        start = time.monotonic()
        yield
        seconds = round(time.monotonic() - start, 3)
        self.done.append({"name": name, "seconds": seconds})
        logger.info("retrain: %s in %.1f s", name, seconds)


def retrain(graph: Graph, settings: Settings) -> dict[str, Any]:
    """Learns the edges anew and publishes them as the generation that answers.

    Returns:
        The document of `retrain --json`.

    Raises:
        Locked: Another retraining of this home is running.
        NothingToDo: The graph has nothing to learn from.
    """
    from gnn.train import trained

    start, steps = time.monotonic(), Steps()
    with _lock(settings.home / "locks" / "retrain.lock"):
        with steps.step("encode"):
            version = encoder_version(graph, settings)
        with steps.step("popularity"):
            update_popularity(graph, settings.half_life_days)
            forget_events(graph, settings.event_days)
        with steps.step("interests of users"):
            derive_user_interests(graph, settings.half_life_days, version)
        with steps.step("snapshot"):
            data = snapshot(graph, version)
        with steps.step("train"):
            learned = trained(data, settings)
        with steps.step("publish"):
            told = settings.model_dump(
                mode="json",
                include={"edges_per_node", "half_life_days", "history_limit", "seed", "encoder"},
            )
            number = publish(graph, data, learned, fingerprint(data), told, version)
    return {
        "generation": number,
        "promoted": True,
        "reason": "published and activated",
        "edges": edge_count(learned),
        "encoder_version": version,
        "champion": {},
        "challenger": learned.metrics,
        "seconds": round(time.monotonic() - start, 3),
        "peak_mb": peak_mb(),
        "steps": steps.done,
    }


def encoder_version(graph: Graph, settings: Settings) -> int | None:
    """The version to learn from: another encoder's is made beside the one that answers.

    Killed, the next retraining encodes only what still lacks it.

    Returns:
        Its number; None where nothing has been encoded yet, and edges are learned without words.
    """
    active = answering(graph)
    if active is None:
        return None
    encoder = load_encoder(settings.encoder, settings.home, settings.threads)
    version = version_of(graph, encoder)
    if version != active.number:
        encode(graph, settings)
        find_interests(graph, settings)
    return version


def peak_mb() -> float:
    """Most memory that this process has held so far, in MB."""
    import resource
    import sys

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(held / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Holds a file's lock; it falls with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(
                f"Another retraining holds {path}.", "Wait until it ends, or end it."
            ) from error
        yield
