"""A retraining, on one page: snapshot, train, write, gate, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.encoders.text import load_encoder
from isthmus.errors import NothingToDo
from isthmus.gnn.data import InterestGraph
from isthmus.gnn.edges import LearnedEdges
from isthmus.graph.database import Graph, Lease, retraining_lock
from isthmus.graph.events import expire_event_ids
from isthmus.graph.generations import (
    HELD_OUT_RULE,
    ChampionChanged,
    GateDecision,
    Outcome,
    Provenance,
    active_generation,
    compare_generations,
    delete_generation,
    delete_superseded,
    edge_count,
    held_out_users,
    hide_held_out,
    promote,
    read_snapshot,
    record_outcome,
    refusals,
    snapshot_fingerprint,
    write_candidate,
)
from isthmus.graph.ingest import loaded_datasets, update_popularity
from isthmus.graph.interests import (
    active_version,
    delete_orphans,
    delete_unused_versions,
    derive_user_interests,
    encode_and_find_interests,
    register_version,
    report_usage,
)
from isthmus.graph.serving import calibrate
from isthmus.metrics import peak_memory_bytes
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.gnn.training import TunedParameters

logger = logging.getLogger("isthmus")


@dataclass
class StepTimer:
    """Times the steps of a run, in seconds; no step starts after the lock is lost."""

    lease: Lease
    done: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a step and logs its duration."""
        self.lease.check()
        start = time.monotonic()
        yield
        seconds = round(time.monotonic() - start, 3)
        self.done.append({"name": name, "seconds": seconds})
        fields = {"step": name, "seconds": seconds}
        logger.info("retrain: %s in %.1f s", name, seconds, extra=fields)


@dataclass(frozen=True)
class TrainingInput:
    """The snapshot that a retraining learns from, and its origin.

    Attributes:
        data: The snapshot.
        fingerprint: Fingerprint of the snapshot.
        settings: Settings of the training, as they are stored with a generation.
        version: Encoder version of the snapshot; None if nothing has been encoded yet.
        tables: Fingerprints of the tables in the snapshot.
    """

    data: InterestGraph
    fingerprint: str
    settings: dict[str, Any]
    version: int | None
    tables: list[str]


@dataclass(frozen=True)
class Challenger:
    """A candidate generation that was compared with the champion.

    Attributes:
        number: Number of the generation.
        learned: Its edges and merge weights.
        tuned_before: Whether it was trained with the tuned parameters of the champion.
        decision: The decision of the promotion gate.
    """

    number: int
    learned: LearnedEdges
    tuned_before: bool
    decision: GateDecision

    @property
    def metrics(self) -> dict[str, Any]:
        """Metrics of the training and of the gate, by name."""
        return self.learned.metrics | self.decision.challenger


def retrain(graph: Graph, settings: Settings, force: bool = False) -> dict[str, Any]:
    """Trains a new generation and activates it, unless it serves held-out users worse.

    Args:
        graph: The graph.
        settings: Settings of the training and of the gate.
        force: Train and tune even if nothing changed since the active generation.

    Returns:
        The document of `retrain --json`; if `promoted` is false, the answers are unchanged.

    Raises:
        Locked: Another retraining of this graph is running, or took over the lock.
        NothingToDo: The graph has no data to learn from, nothing changed, or another generation was
            activated meanwhile (`ChampionChanged`).
    """
    with retraining_lock(graph, settings.lock_seconds) as lease:
        start, steps = time.monotonic(), StepTimer(lease)
        with steps.step("clear"):
            delete_superseded(graph)
            delete_orphans(graph)
        # Read first: a generation that is activated from now on prevents the promotion.
        champion = active_generation(graph)
        source = take_snapshot(graph, settings, steps)
        if champion is not None and not force:
            refuse_unchanged(graph, champion, source)
        challenger = train_challenger(graph, source, champion, settings, force, steps)
        with steps.step("publish"):
            publish_challenger(graph, challenger, champion, lease, time.monotonic() - start)
        if challenger.decision.promoted and source.version is not None:
            with steps.step("calibrate"):
                calibrate(graph, settings)
        return summarize(source, champion, challenger, steps, start) | refusals(graph)


def take_snapshot(graph: Graph, settings: Settings, steps: StepTimer) -> TrainingInput:
    """Updates embeddings, popularity and user interests, and reads the snapshot."""
    with steps.step("encode"):
        version = encoder_version(graph, settings)
    with steps.step("popularity"):
        update_popularity(graph, settings.half_life_days)
        expire_event_ids(graph, settings.event_days)
    with steps.step("interests of users"):
        derive_user_interests(graph, settings.half_life_days, version)
    with steps.step("snapshot"):
        # Read before the snapshot, which may hold only a part of tables that are loaded meanwhile.
        tables = loaded_datasets(graph)
        data = read_snapshot(graph, version)
    return TrainingInput(
        data, snapshot_fingerprint(data), training_settings(settings), version, tables
    )


def train_challenger(
    graph: Graph,
    source: TrainingInput,
    champion: dict[str, Any] | None,
    settings: Settings,
    force: bool,
    steps: StepTimer,
) -> Challenger:
    """Trains without the held-out users, writes a candidate, and compares it with the champion."""
    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.training import train_edges

    held_out = held_out_users(source.data)
    with steps.step("train"):
        training_set = hide_held_out(source.data, held_out, settings.half_life_days)
        tuned = None
        if champion is not None and not force:
            tuned = reusable_parameters(champion, source, training_set, settings)
        config = TrainingConfig.from_settings(settings)
        training = train_edges(training_set, config, tuned=tuned)
    with steps.step("write"):
        provenance = Provenance(
            source.fingerprint,
            source.settings,
            source.version,
            source.tables,
            training.tuned.document(),
        )
        number = write_candidate(graph, source.data, training.edges, provenance)
    with steps.step("judge"):
        decision = compare_generations(graph, source.data, held_out, champion, number, settings)
    return Challenger(number, training.edges, tuned is not None, decision)


def publish_challenger(
    graph: Graph,
    challenger: Challenger,
    champion: dict[str, Any] | None,
    lease: Lease,
    seconds: float,
) -> None:
    """Promotes the challenger if the gate passed it, else deletes its edges.

    Args:
        graph: The graph.
        challenger: The candidate and the decision on it.
        champion: The active generation that it was compared with, or None.
        lease: The retraining lock.
        seconds: Duration of the retraining so far.

    Raises:
        ChampionChanged: Another generation was activated meanwhile; the challenger is deleted.
    """
    number, edges = challenger.number, edge_count(challenger.learned)
    champion_number = None if champion is None else champion["number"]
    outcome = Outcome(
        not challenger.decision.promoted,
        challenger.decision.reason,
        challenger.metrics,
        round(seconds, 1),
        round(peak_memory_bytes() / 2**20, 1),
    )
    record_outcome(graph, number, outcome)
    try:
        if challenger.decision.promoted:
            promote(graph, number, edges, lease.owner, champion_number)
            delete_superseded(graph)
        else:
            delete_generation(graph, number)
    except ChampionChanged:
        delete_generation(graph, number)
        delete_unused_versions(graph)
        raise
    delete_unused_versions(graph)


def summarize(
    source: TrainingInput,
    champion: dict[str, Any] | None,
    challenger: Challenger,
    steps: StepTimer,
    start: float,
) -> dict[str, Any]:
    """Builds the document of `retrain --json`, and logs the duration and the peak memory."""
    from isthmus.gnn.training import training_notes

    seconds = round(time.monotonic() - start, 3)
    peak_mb = round(peak_memory_bytes() / 2**20, 1)
    fields = {"step": "all", "seconds": seconds, "peak_mb": peak_mb}
    logger.info("retrain: all in %.1f s, peak memory %.0f MB", seconds, peak_mb, extra=fields)
    active: dict[str, Any] = {"generation": None, "edges": 0}
    if challenger.decision.promoted:
        active = {"generation": challenger.number, "edges": edge_count(challenger.learned)}
    elif champion is not None:
        active = {"generation": champion["number"], "edges": champion["edges"]}
    return active | {
        "promoted": challenger.decision.promoted,
        "reason": challenger.decision.reason,
        "notes": training_notes(source.data),
        "choices_kept": challenger.tuned_before,
        "encoder_version": source.version,
        "champion": {} if champion is None else champion["metrics"] | challenger.decision.champion,
        "challenger": challenger.metrics,
        "seconds": seconds,
        "peak_mb": peak_mb,
        "steps": steps.done,
    }


def training_settings(settings: Settings) -> dict[str, Any]:
    """Returns the settings of the training and the rule of the held-out users, to be stored."""
    names = {"edges_per_node", "half_life_days", "history_limit", "dense_items", "seed", "encoder"}
    return settings.model_dump(mode="json", include=names) | {"held_out": HELD_OUT_RULE}


def refuse_unchanged(graph: Graph, champion: dict[str, Any], source: TrainingInput) -> None:
    """Ends a retraining that would give the champion again.

    Raises:
        NothingToDo: Snapshot, settings and encoder version are those of the champion.
    """
    stored = champion["fingerprint"], champion["settings"], champion["encoder_version"]
    if stored == (source.fingerprint, source.settings, source.version):
        # Tables that changed nothing do not call for another retraining.
        graph.write("generations/set_tables", number=champion["number"], tables=source.tables)
        delete_unused_versions(graph)
        raise NothingToDo(
            f"Nothing changed since the active generation {champion['number']} was trained.",
            "Use --force to train again.",
        )


def reusable_parameters(
    champion: dict[str, Any],
    source: TrainingInput,
    training_set: InterestGraph,
    settings: Settings,
) -> TunedParameters | None:
    """Returns the tuned parameters of the champion if they are still valid, else None.

    Tuning takes longer than the training itself, and a few more interactions do not change its
    result.
    """
    from isthmus.gnn.training import TunedParameters

    if (champion["settings"], champion["encoder_version"]) != (source.settings, source.version):
        return None
    tuned = TunedParameters.from_document(champion["choices"] or {})
    if tuned is None or not tuned.still_valid(training_set, settings.choose_again):
        return None
    logger.info("retrain: reuses the tuned parameters of generation %d", champion["number"])
    return tuned


def encoder_version(graph: Graph, settings: Settings) -> int | None:
    """Returns the encoder version to train on; encodes everything if it is not the active one.

    After an interruption the next retraining encodes only the rest.

    Returns:
        The number of the version; None if nothing has been encoded yet, so that edges are learned
        from interactions alone.
    """
    active = active_version(graph)
    if active is None:
        return None
    encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
    version = register_version(graph, encoder)
    if version != active.number:
        encode_and_find_interests(graph, settings, encoder)
        report_usage(encoder, settings)
    return version
