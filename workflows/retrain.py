"""A retraining from snapshot to publish, on one page."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.encoders.text.encoder import load_encoder
from isthmus.errors import NothingToDo
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.lock import Lease, retraining_lock
from isthmus.graph.events.record import forget_events
from isthmus.graph.generations.promotion_gate import RULE, Verdict, held_out, judge, to_learn_from
from isthmus.graph.generations.publish import (
    ChampionChanged,
    Provenance,
    champion,
    delete_generation,
    delete_superseded,
    edge_count,
    promote,
    write_candidate,
)
from isthmus.graph.generations.snapshot import fingerprint, snapshot
from isthmus.graph.ingest.load import tables_loaded, update_popularity
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.interests.embeddings import delete_orphans
from isthmus.graph.interests.encoder_versions import answering, delete_unused, version_of
from isthmus.graph.interests.find import encode_and_find
from isthmus.metrics import peak_bytes
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.gnn.training.tuned_parameters import Choices

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


@dataclass(frozen=True)
class Source:
    """What a retraining learns from.

    Attributes:
        data: The snapshot.
        fingerprint: Of the snapshot.
        told: What the training is told.
        version: The encoder version that was read; None where nothing has been encoded yet.
        tables: Fingerprints of the tables that are in the snapshot.
    """

    data: InterestGraph
    fingerprint: str
    told: dict[str, Any]
    version: int | None
    tables: list[str]


@dataclass(frozen=True)
class Challenger:
    """A candidate that was written and judged.

    Attributes:
        number: Of the generation.
        learned: Its edges.
        choices_kept: Whether they are made as validation users chose for the champion.
        verdict: Whether it may answer.
    """

    number: int
    learned: LearnedEdges
    choices_kept: bool
    verdict: Verdict

    @property
    def metrics(self) -> dict[str, Any]:
        """What it is worth, by name."""
        return self.learned.metrics | self.verdict.challenger


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
        NothingToDo: The graph has nothing to learn from, nothing changed, or somebody let another
            generation answer meanwhile (`ChampionChanged`).
    """
    with retraining_lock(graph, settings.lock_seconds) as lease:
        return _retrained(graph, settings, force, lease)


def _retrained(graph: Graph, settings: Settings, force: bool, lease: Lease) -> dict[str, Any]:
    start, steps = time.monotonic(), Steps(lease)
    with steps.step("clear"):
        delete_superseded(graph)
        delete_orphans(graph)
    old = champion(graph)  # before all else: who switches from now on wins
    source = _read(graph, settings, steps)
    if old is not None and not force:
        refuse_unchanged(graph, old, source)
    new = _challenger(graph, source, old, settings, force, steps)
    with steps.step("publish"):
        _publish(graph, new, old, lease)
    seconds, held = round(time.monotonic() - start, 3), round(peak_bytes() / 2**20, 1)
    ended = {"step": "all", "seconds": seconds, "peak_mb": held}
    logger.info("retrain: all in %.1f s, with %.0f MB at most", seconds, held, extra=ended)
    answers = {"generation": new.number, "edges": edge_count(new.learned)}
    if old is not None and not new.verdict.promoted:
        answers = {"generation": old["number"], "edges": old["edges"]}
    return answers | {
        "promoted": new.verdict.promoted,
        "reason": new.verdict.reason,
        "choices_kept": new.choices_kept,
        "encoder_version": source.version,
        "champion": {} if old is None else old["metrics"] | new.verdict.champion,
        "challenger": new.metrics,
        "seconds": seconds,
        "peak_mb": held,
        "steps": steps.done,
    }


def _read(graph: Graph, settings: Settings, steps: Steps) -> Source:
    """Brings what is derived from the data up to date, and reads what there is to learn from."""
    with steps.step("encode"):
        version = encoder_version(graph, settings)
    with steps.step("popularity"):
        update_popularity(graph, settings.half_life_days)
        forget_events(graph, settings.event_days)
    with steps.step("interests of users"):
        derive_user_interests(graph, settings.half_life_days, version)
    with steps.step("snapshot"):
        tables = tables_loaded(graph)  # first: one that comes meanwhile is not read as a whole
        data = snapshot(graph, version)
    return Source(data, fingerprint(data), told_to(settings), version, tables)


def _challenger(
    graph: Graph,
    source: Source,
    old: dict[str, Any] | None,
    settings: Settings,
    force: bool,
    steps: Steps,
) -> Challenger:
    """Learns without those who judge, writes a candidate, and lets them compare it."""
    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.training.train import train

    data = source.data
    judges = held_out(data)
    with steps.step("train"):
        seen = to_learn_from(data, judges, settings.half_life_days)
        choices = None if old is None or force else kept_choices(old, source, seen, settings)
        training = train(seen, TrainingConfig.from_settings(settings), choices=choices)
        learned = training.edges
    with steps.step("write"):
        provenance = Provenance(
            source.fingerprint,
            source.told,
            source.version,
            source.tables,
            training.choices.document(),
        )
        number = write_candidate(graph, data, learned, provenance)
    with steps.step("judge"):
        verdict = judge(graph, data, judges, old, number, settings)
    return Challenger(number, learned, choices is not None, verdict)


def _publish(graph: Graph, new: Challenger, old: dict[str, Any] | None, lease: Lease) -> None:
    """Lets the challenger answer where it may; else nothing of it stays.

    Raises:
        ChampionChanged: Another generation was let answer meanwhile.
    """
    judged, edges = None if old is None else old["number"], edge_count(new.learned)
    try:
        if new.verdict.promoted:
            promote(graph, new.number, edges, new.metrics, lease.owner, judged)
            delete_superseded(graph)
        else:
            delete_generation(graph, new.number)
    except ChampionChanged:
        delete_generation(graph, new.number)
        delete_unused(graph)
        raise
    delete_unused(graph)


def told_to(settings: Settings) -> dict[str, Any]:
    """What a training is told and who was held out from it, as a generation keeps it."""
    names = {"edges_per_node", "half_life_days", "history_limit", "dense_items", "seed", "encoder"}
    return settings.model_dump(mode="json", include=names) | {"held_out": RULE}


def refuse_unchanged(graph: Graph, old: dict[str, Any], source: Source) -> None:
    """Ends a retraining that would learn again what answers already.

    Raises:
        NothingToDo: Snapshot, settings and encoder version are those of that generation.
    """
    before = old["fingerprint"], old["settings"], old["encoder_version"]
    if before == (source.fingerprint, source.told, source.version):
        # Tables that changed nothing call for no retraining.
        graph.write("generations/set_tables", number=old["number"], tables=source.tables)
        delete_unused(graph)
        raise NothingToDo(
            f"Nothing changed since generation {old['number']} was learned, and it answers.",
            "Use --force to learn it again.",
        )


def kept_choices(
    old: dict[str, Any], source: Source, seen: InterestGraph, settings: Settings
) -> Choices | None:
    """What validation users chose for the generation that answers, where it still holds.

    Asking them takes longer than learning from all that there is, and a few interactions more do
    not change what they say.
    """
    from isthmus.gnn.training.tuned_parameters import Choices

    if (old["settings"], old["encoder_version"]) != (source.told, source.version):
        return None
    choices = Choices.of(old["choices"] or {})
    if choices is None or not choices.still_hold(seen, settings.choose_again):
        return None
    logger.info("retrain: goes on with what validation users chose before")
    return choices


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
        encode_and_find(graph, settings, encoder)
    return version
