"""A retraining from snapshot to publish, on one page."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from encoders.text import load_encoder
from graph.connection import Graph
from graph.embeddings import encode
from graph.feedback import forget_events
from graph.gate import RULE, held_out, judge, to_learn_from
from graph.ingest import update_popularity
from graph.interests import derive_user_interests, find_interests
from graph.lock import Lease, retraining_lock
from graph.publish import (
    activate,
    champion,
    delete_generation,
    delete_superseded,
    edge_count,
    write_candidate,
)
from graph.snapshot import fingerprint, snapshot
from graph.versions import answering, delete_unused, version_of
from isthmus.errors import NothingToDo
from isthmus.prometheus import peak_bytes
from isthmus.settings import Settings

if TYPE_CHECKING:
    from gnn.choices import Choices
    from gnn.data import InterestGraph

logger = logging.getLogger("isthmus")


@dataclass
class Steps:
    """The steps of a run and how long each took, in seconds; none begins once the lock is lost."""

    lease: Lease
    done: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a block and says when it is through."""
        self.lease.check()
        start = time.monotonic()
        yield
        seconds = round(time.monotonic() - start, 3)
        self.done.append({"name": name, "seconds": seconds})
        said = {"step": name, "seconds": seconds}
        logger.info("retrain: %s in %.1f s", name, seconds, extra=said)


def retrain(graph: Graph, settings: Settings, force: bool = False) -> dict[str, Any]:
    """Learns the edges anew and lets them answer, unless held-out users are served worse by them.

    Args:
        graph: The graph.
        settings: What the training is told.
        force: Learn all anew although nothing changed since the generation that answers.

    Returns:
        The document of `retrain --json`; where `promoted` is false the graph is as it was.

    Raises:
        Locked: Another retraining of this graph is running, or took the lock over.
        NothingToDo: The graph has nothing to learn from, or nothing changed.
    """
    with retraining_lock(graph, settings.lock_seconds) as lease:
        return _retrained(graph, settings, force, lease)


def _retrained(graph: Graph, settings: Settings, force: bool, lease: Lease) -> dict[str, Any]:
    from gnn.train import trained

    start, steps = time.monotonic(), Steps(lease)
    with steps.step("clear"):
        delete_superseded(graph)
    with steps.step("encode"):
        version = encoder_version(graph, settings)
    with steps.step("popularity"):
        update_popularity(graph, settings.half_life_days)
        forget_events(graph, settings.event_days)
    with steps.step("interests of users"):
        derive_user_interests(graph, settings.half_life_days, version)
    with steps.step("snapshot"):
        data = snapshot(graph, version)
    old, seen, told = champion(graph), fingerprint(data), told_to(settings)
    if old is not None and not force:
        refuse_unchanged(graph, old, seen, told, version)
    judges = held_out(data)
    with steps.step("train"):
        seen_by_it = to_learn_from(data, judges, settings.half_life_days)
        choices = None if force else kept_choices(old, seen_by_it, told, version, settings)
        learned = trained(seen_by_it, settings, choices=choices)
    with steps.step("write"):
        number = write_candidate(graph, data, learned, seen, told, version)
    with steps.step("judge"):
        verdict = judge(graph, data, judges, old, number, settings)
    metrics = learned.metrics | verdict.challenger
    with steps.step("publish"):
        if verdict.promoted:
            activate(graph, number, edge_count(learned), metrics, lease.owner)
            delete_superseded(graph)
        else:
            delete_generation(graph, number)
        delete_unused(graph)
    seconds, held = round(time.monotonic() - start, 3), round(peak_bytes() / 2**20, 1)
    ended = {"step": "all", "seconds": seconds, "peak_mb": held}
    logger.info("retrain: all in %.1f s, with %.0f MB at most", seconds, held, extra=ended)
    answers = number if verdict.promoted or old is None else old["number"]
    return {
        "generation": answers,
        "promoted": verdict.promoted,
        "reason": verdict.reason,
        "choices_kept": choices is not None,
        "edges": edge_count(learned) if verdict.promoted or old is None else old["edges"],
        "encoder_version": version,
        "champion": {} if old is None else old["metrics"] | verdict.champion,
        "challenger": metrics,
        "seconds": seconds,
        "peak_mb": held,
        "steps": steps.done,
    }


def told_to(settings: Settings) -> dict[str, Any]:
    """What a training is told and who was held out from it, as a generation keeps it."""
    names = {"edges_per_node", "half_life_days", "history_limit", "dense_items", "seed", "encoder"}
    return settings.model_dump(mode="json", include=names) | {"held_out": RULE}


def kept_choices(
    old: dict[str, Any] | None,
    data: InterestGraph,
    told: dict[str, Any],
    version: int | None,
    settings: Settings,
) -> Choices | None:
    """What validation users chose for the generation that answers, where it still holds.

    Asking them takes longer than learning from all that there is, and a few interactions more do
    not change what they say.
    """
    from gnn.choices import Choices

    if old is None or (old["settings"], old["encoder_version"]) != (told, version):
        return None
    choices = Choices.of(old["choices"]) if old["choices"] else None
    if choices is None or not choices.still_hold(data, settings.choose_again):
        return None
    logger.info("retrain: goes on with what validation users chose before")
    return choices


def refuse_unchanged(
    graph: Graph, old: dict[str, Any], seen: str, told: dict[str, Any], version: int | None
) -> None:
    """Ends a retraining that would learn again what answers already.

    Raises:
        NothingToDo: Snapshot, settings and encoder version are those of that generation.
    """
    if (old["fingerprint"], old["settings"], old["encoder_version"]) == (seen, told, version):
        delete_unused(graph)
        raise NothingToDo(
            f"Nothing changed since generation {old['number']} was learned, and it answers.",
            "Use --force to learn it again.",
        )


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
