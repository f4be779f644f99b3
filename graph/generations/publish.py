"""Generations of learned edges: written beside the active one, then activated at once."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from isthmus.errors import InputError, NothingToDo
from isthmus.gnn.data import InterestGraph
from isthmus.gnn.edges import EdgeList, LearnedEdges
from isthmus.graph.database import Graph, Row, lock_lost
from isthmus.graph.ingest import loaded_datasets
from isthmus.graph.interests import active_version_number, delete_unused_versions
from isthmus.output import json_text
from isthmus.progress import progress

BATCH_SOURCES = 400
DELETE_STEP_SOURCES = 50
RETIRED_TO_KEEP = 2


@dataclass(frozen=True)
class Provenance:
    """The origin of a generation, stored with it.

    Attributes:
        fingerprint: Fingerprint of the snapshot.
        settings: Settings of the training.
        encoder_version: Encoder version of the snapshot; None for the active one.
        tables: Fingerprints of the tables in the snapshot; None for all that are loaded now.
        tuned_parameters: Document of the tuned parameters, for later trainings.
    """

    fingerprint: str
    settings: Row
    encoder_version: int | None = None
    tables: Sequence[str] | None = None
    tuned_parameters: Row | None = None


@dataclass(frozen=True)
class Outcome:
    """How the training of a candidate ended, stored with it.

    Attributes:
        refused: Whether the promotion gate refused it.
        reason: The gate's reason as a sentence.
        metrics: Metrics of training and gate, by name.
        seconds: Duration of the retraining.
        peak_mb: Its peak memory in MB.
    """

    refused: bool
    reason: str
    metrics: Row
    seconds: float
    peak_mb: float


class ChampionChanged(NothingToDo):
    """Another generation was activated since the challenger's training began."""


def publish_generation(
    graph: Graph, data: InterestGraph, learned: LearnedEdges, provenance: Provenance
) -> int:
    """Writes edges as a generation, activates it and deletes superseded generations.

    This skips the promotion gate, which a retraining applies between `write_candidate` and
    `promote`.

    Args:
        graph: The graph to write to.
        data: The snapshot that the edges index into.
        learned: Edges and merge weights.
        provenance: Their origin.

    Returns:
        The number of the generation.
    """
    delete_superseded(graph)
    number = write_candidate(graph, data, learned, provenance)
    activate(graph, number, edge_count(learned))
    delete_superseded(graph)
    delete_unused_versions(graph)
    return number


def write_candidate(
    graph: Graph, data: InterestGraph, learned: LearnedEdges, provenance: Provenance
) -> int:
    """Writes all edges of a candidate generation and returns its number.

    After an interruption the active generation stays active, and the next retraining deletes the
    candidate. The arguments are those of `publish_generation`.
    """
    number = create_candidate(graph, learned, provenance)
    write_edges(graph, number, data, learned)
    return number


def edge_count(learned: LearnedEdges) -> int:
    """Returns the number of edges of all kinds."""
    kinds = (learned.transfer, learned.interest, learned.co_liked, learned.domain_popularity)
    return sum(map(len, kinds))


def max_out_degree(learned: LearnedEdges) -> int:
    """Returns the maximum number of edges of one kind that leave an item or an interest.

    Half of the edges of an interest count, as it may have as many learned edges as edges to its own
    items.
    """
    transfer, interest, co_liked = (
        int(np.bincount(edges.sources, minlength=1).max())
        for edges in (learned.transfer, learned.interest, learned.co_liked)
    )
    return max(transfer, -(-interest // 2), co_liked)


def create_candidate(graph: Graph, learned: LearnedEdges, provenance: Provenance) -> int:
    """Creates a candidate generation without edges and returns its number."""
    version, tables = provenance.encoder_version, provenance.tables
    merge = [{"domain": domain, **asdict(weights)} for domain, weights in learned.merge.items()]
    rows = graph.write(
        "generations/create",
        metrics=json_text(learned.metrics, sort_keys=True),
        settings=json_text(provenance.settings, sort_keys=True),
        choices=json_text(provenance.tuned_parameters, sort_keys=True),
        fingerprint=provenance.fingerprint,
        tables=loaded_datasets(graph) if tables is None else tables,
        encoder_version=active_version_number(graph) if version is None else version,
        most_edges=max_out_degree(learned),
        merge=merge,
    )
    return int(rows[0]["number"])


def write_edges(graph: Graph, number: int, data: InterestGraph, learned: LearnedEdges) -> None:
    """Writes all edges of a generation in batches; a batch has all edges of its sources."""
    kinds = (
        ("transfer", learned.transfer, data.items),
        ("interest", learned.interest, data.interests),
        ("co_liked", learned.co_liked, data.items),
        ("domain_popularity", learned.domain_popularity, np.array(data.domains)),
    )
    for kind, edges, names in kinds:
        graph.write_batches(
            f"generations/write_{kind}",
            _group_by_source(edges, names, data.items),
            f"write {kind} edges of generation {number}",
            BATCH_SOURCES,
            generation=number,
        )


def record_outcome(graph: Graph, number: int, outcome: Outcome) -> None:
    """Stores with a candidate how its training ended, before it is promoted or deleted.

    Of a refused candidate `delete_generation` then deletes the edges, and keeps the node.
    """
    document = asdict(outcome) | {"metrics": json_text(outcome.metrics, sort_keys=True)}
    graph.write("generations/record_outcome", number=number, **document)


def refusals(graph: Graph) -> Row:
    """Returns how often the gate refused, and the age of the generation that answers.

    Returns:
        `refusals`; `refusals_in_a_row` since the active generation was trained; and
        `generation_age`, in seconds, or None without an active generation.
    """
    return graph.read("generations/refusals")[0]


def promote(graph: Graph, number: int, edges: int, owner: str, champion: int | None) -> None:
    """Activates a challenger, unless another generation was activated since its training began.

    Args:
        graph: The graph.
        number: Number of the challenger.
        edges: Number of its edges.
        owner: Owner of the retraining lock, who must still hold it in the transaction that
            activates the challenger.
        champion: Number of the generation that it was compared with, which must still be active in
            that transaction; None if there was none.

    Raises:
        Locked: Another run took over the lock; nothing was activated.
        ChampionChanged: Another generation is active; nothing was activated.
    """
    row = _activate(graph, number, edges, owner, champion)
    if row["switched"]:
        return
    if row["held"] and row["champion"] != champion:
        compared = "no champion" if champion is None else f"generation {champion}"
        raise ChampionChanged(
            f"Generation {row['champion']} was activated while generation {number} was trained and "
            f"compared with {compared}: generation {number} was not promoted.",
            f"The next retraining compares with generation {row['champion']}.",
        )
    raise lock_lost()


def activate(graph: Graph, number: int, edges: int) -> None:
    """Activates a generation and its encoder version in one transaction.

    Raises:
        InputError: The generation is being deleted.
    """
    if not _activate(graph, number, edges)["switched"]:
        raise InputError(f"Generation {number} was deleted.", "See `isthmus generations list`.")


def _activate(
    graph: Graph,
    number: int,
    edges: int,
    owner: str | None = None,
    champion: int | None = None,
) -> Row:
    return graph.write(
        "generations/activate",
        number=number,
        edges=edges,
        owner=owner,
        champion=champion,
    )[0]


def roll_back(graph: Graph, number: int) -> dict[str, Any]:
    """Rolls back to an earlier generation and its encoder version.

    Returns:
        The generation, as `show_generation` returns it.

    Raises:
        InputError: The generation does not exist, or it is not complete.
    """
    generations = {row["number"]: row for row in list_generations(graph)}
    if number not in generations or generations[number]["state"] not in ("retired", "active"):
        retired = ", ".join(str(n) for n, row in generations.items() if row["state"] == "retired")
        raise InputError(
            f"Generation {number} cannot be rolled back to.",
            f"Choose one of these: {retired}." if retired else "There is no earlier generation.",
        )
    activate(graph, number, generations[number]["edges"])
    return show_generation(graph, number)


def active_generation(graph: Graph) -> dict[str, Any] | None:
    """Returns the active generation as `show_generation` does, or None."""
    rows = graph.read("admin/active_generation")
    return show_generation(graph, rows[0]["number"]) if rows else None


def list_generations(graph: Graph, refused: bool = False) -> list[dict[str, Any]]:
    """Returns the generations, newest first, as `generations list --json` prints them.

    Args:
        graph: The graph.
        refused: Whether to list those that the gate refused, too.
    """
    rows = graph.read("generations/list", refused=refused)
    return [row | {"metrics": json.loads(row["metrics"])} for row in rows]


def show_generation(graph: Graph, number: int) -> dict[str, Any]:
    """Returns a generation with its settings, fingerprint and merge weights.

    Raises:
        InputError: The generation does not exist.
    """
    rows = graph.read("generations/show", number=number)
    if not rows:
        raise InputError(f"There is no generation {number}.", "See `isthmus generations list`.")
    row = rows[0]
    return row | {key: json.loads(row[key]) for key in ("metrics", "settings", "choices")}


def delete_superseded(graph: Graph) -> None:
    """Deletes unfinished candidates, and retired generations except those active last.

    It works in small steps; after an interruption the next retraining continues.
    """
    for row in graph.read("generations/superseded", keep=RETIRED_TO_KEEP):
        delete_generation(graph, row["number"])


def delete_generation(graph: Graph, number: int) -> None:
    """Deletes a generation with its edges in small steps, unless it is active.

    The node of a refused candidate stays, in the state `refused`.
    """
    if graph.write("generations/mark_deleting", number=number):
        _delete_item_edges(graph, number)
        graph.write_in_transactions("generations/delete_other_edges", number=number)
        graph.write("generations/delete", number=number)


def _delete_item_edges(graph: Graph, number: int) -> None:
    """Deletes the edges that leave items, pausing after each step for as long as the step took.

    The pauses leave the server half of the time for readers; nothing waits for the deletion.
    """
    after, start = "", time.monotonic()
    with progress(f"delete generation {number}", unit="edges") as advance:
        while step := graph.write(
            "generations/delete_edges", number=number, after=after, limit=DELETE_STEP_SOURCES
        ):
            after = step[0]["id"]
            advance(step[0]["edges"])
            time.sleep(time.monotonic() - start)
            start = time.monotonic()


def _group_by_source(edges: EdgeList, sources: np.ndarray, targets: np.ndarray) -> pl.DataFrame:
    """Table of one row a source: its id, and the target ids and weights of its edges."""
    return (
        pl.DataFrame(
            {
                "source": sources[edges.sources],
                "targets": targets[edges.targets],
                "weights": edges.weights.astype(np.float64),
            },
            schema={"source": pl.String, "targets": pl.String, "weights": pl.Float64},
        )
        .group_by("source", maintain_order=True)
        .agg("targets", "weights")
    )
