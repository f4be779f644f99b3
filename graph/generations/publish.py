"""Learned edges to a generation in the graph: written beside the old one, then switched at once."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from isthmus.errors import InputError, NothingToDo
from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.edges.edge_list import Edges
from isthmus.gnn.edges.learned import LearnedEdges
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.database.lock import taken_over
from isthmus.graph.ingest.load import tables_loaded
from isthmus.graph.interests.encoder_versions import delete_unused, number_of_answering
from isthmus.progress import progress

SOURCES_A_BATCH = 400
SOURCES_A_STEP = 50
RETIRED_TO_KEEP = 2


@dataclass(frozen=True)
class Provenance:
    """What a generation was learned from, and how; kept with it.

    Attributes:
        fingerprint: Of the snapshot.
        settings: What training was told.
        encoder_version: The one that the snapshot was read from; the active one where it is None.
        tables: Fingerprints of the tables that had been loaded when the snapshot was read; those of
            now where it is None.
        choices: What held-out users decided, for a later training.
    """

    fingerprint: str
    settings: Row
    encoder_version: int | None = None
    tables: Sequence[str] | None = None
    choices: Row | None = None


class ChampionChanged(NothingToDo):
    """Somebody switched to another generation than the one that a challenger was judged against."""


def publish(
    graph: Graph, data: InterestGraph, learned: LearnedEdges, provenance: Provenance
) -> int:
    """Writes the edges as a candidate, activates it, deletes what it supersedes.

    It asks nobody: a retraining lets its gate judge between `write_candidate` and `activate`.

    Args:
        graph: Where to.
        data: The snapshot that the edges index into.
        learned: Edges and merge weights.
        provenance: What they were learned from.

    Returns:
        The number of the generation.
    """
    delete_superseded(graph)
    number = write_candidate(graph, data, learned, provenance)
    activate(graph, number, edge_count(learned))
    delete_superseded(graph)
    delete_unused(graph)
    return number


def write_candidate(
    graph: Graph, data: InterestGraph, learned: LearnedEdges, provenance: Provenance
) -> int:
    """Writes a whole generation that does not answer yet, and returns its number.

    Killed meanwhile, what answers goes on, and the next retraining clears the candidate away. The
    arguments are those of `publish`.
    """
    number = create_candidate(graph, learned, provenance)
    write_edges(graph, number, data, learned)
    return number


def edge_count(learned: LearnedEdges) -> int:
    """Edges of all kinds."""
    kinds = (learned.transfer, learned.interest, learned.co_liked, learned.newcomer)
    return sum(map(len, kinds))


def most_edges(learned: LearnedEdges) -> int:
    """Edges of a kind that leave an item or an interest, at most."""
    kinds = (learned.transfer, learned.interest, learned.co_liked)
    return max(int(np.bincount(edges.sources, minlength=1).max()) for edges in kinds)


def create_candidate(graph: Graph, learned: LearnedEdges, provenance: Provenance) -> int:
    """Creates a generation that does not answer yet, and returns its number."""
    version, tables = provenance.encoder_version, provenance.tables
    merge = [{"domain": domain, **asdict(weights)} for domain, weights in learned.merge.items()]
    rows = graph.write(
        "generations/create",
        metrics=json.dumps(learned.metrics, sort_keys=True),
        settings=json.dumps(provenance.settings, sort_keys=True),
        choices=json.dumps(provenance.choices, sort_keys=True),
        fingerprint=provenance.fingerprint,
        tables=tables_loaded(graph) if tables is None else tables,
        encoder_version=number_of_answering(graph) if version is None else version,
        most_edges=most_edges(learned),
        merge=merge,
    )
    return int(rows[0]["number"])


def write_edges(graph: Graph, number: int, data: InterestGraph, learned: LearnedEdges) -> None:
    """Writes all edges of a generation in batches of whole sources."""
    kinds = (
        ("transfer", learned.transfer, data.items),
        ("interest", learned.interest, data.interests),
        ("co_liked", learned.co_liked, data.items),
        ("newcomer", learned.newcomer, np.array(data.domains)),
    )
    for kind, edges, names in kinds:
        graph.write_batches(
            f"generations/write_{kind}",
            _by_source(edges, names, data.items),
            f"write {kind} edges of generation {number}",
            SOURCES_A_BATCH,
            generation=number,
        )


def promote(
    graph: Graph, number: int, edges: int, metrics: Row, owner: str, judged: int | None
) -> None:
    """Lets a challenger answer, unless somebody switched since it began: who did that wins.

    Args:
        graph: The graph.
        number: Of the challenger.
        edges: How many it has.
        metrics: What it is worth.
        owner: Of the lock of retraining, who must still hold it in the transaction that switches.
        judged: The generation that it was judged against, and that must still answer in that
            transaction; None where there was none.

    Raises:
        Locked: Another run took the lock over; what answers goes on.
        ChampionChanged: Another generation answers, and goes on.
    """
    row = _switch(graph, number, edges, json.dumps(metrics, sort_keys=True), owner, judged)
    if row["switched"]:
        return
    if row["held"] and row["champion"] != judged:
        against = "none answered before" if judged is None else f"it was judged against {judged}"
        raise ChampionChanged(
            f"Somebody let generation {row['champion']} answer while generation {number} was "
            f"learned, and {against}: it was not promoted.",
            "What answers goes on; the next retraining is judged against that.",
        )
    raise taken_over()


def activate(graph: Graph, number: int, edges: int) -> None:
    """Makes a generation the one that answers, with its encoder version, in one transaction.

    Raises:
        InputError: The generation is being deleted.
    """
    if not _switch(graph, number, edges)["switched"]:
        raise InputError(f"Generation {number} is gone.", "See `isthmus generations list`.")


def _switch(
    graph: Graph,
    number: int,
    edges: int,
    metrics: str | None = None,
    owner: str | None = None,
    champion: int | None = None,
) -> Row:
    return graph.write(
        "generations/activate",
        number=number,
        edges=edges,
        metrics=metrics,
        owner=owner,
        champion=champion,
    )[0]


def roll_back(graph: Graph, number: int) -> dict[str, Any]:
    """Makes an earlier generation answer again, with the encoder version that it was learned from.

    Returns:
        The generation, as `show` gives it.

    Raises:
        InputError: There is no such generation, or it is not complete.
    """
    known = {row["number"]: row for row in generations(graph)}
    if number not in known or known[number]["state"] not in ("retired", "active"):
        kept = ", ".join(str(n) for n, row in known.items() if row["state"] == "retired")
        raise InputError(
            f"Generation {number} cannot be rolled back to.",
            f"These can: {kept or 'none, there is no earlier one'}.",
        )
    activate(graph, number, known[number]["edges"])
    return show(graph, number)


def champion(graph: Graph) -> dict[str, Any] | None:
    """The generation that answers, as `show` gives it, or None where there is none."""
    rows = graph.read("admin/active_generation")
    return show(graph, rows[0]["number"]) if rows else None


def generations(graph: Graph) -> list[dict[str, Any]]:
    """All generations, newest first, as `generations list --json` prints them."""
    rows = graph.read("generations/list")
    return [row | {"metrics": json.loads(row["metrics"])} for row in rows]


def show(graph: Graph, number: int) -> dict[str, Any]:
    """One generation with its settings, fingerprint and merge weights.

    Raises:
        InputError: There is no such generation.
    """
    rows = graph.read("generations/show", number=number)
    if not rows:
        raise InputError(f"There is no generation {number}.", "See `isthmus generations list`.")
    row = rows[0]
    return row | {key: json.loads(row[key]) for key in ("metrics", "settings", "choices")}


def delete_superseded(graph: Graph) -> None:
    """Deletes candidates left unfinished, and all but the retired generations that answered last.

    In small steps: killed, the next retraining goes on.
    """
    for row in graph.read("generations/superseded", keep=RETIRED_TO_KEEP):
        delete_generation(graph, row["number"])


def delete_generation(graph: Graph, number: int) -> None:
    """Deletes a generation with its edges in small steps, unless it answers."""
    if graph.write("generations/mark_deleting", number=number):
        _delete_edges(graph, number)
        graph.write_in_transactions("generations/delete_other_edges", number=number)
        graph.write("generations/delete", number=number)


def _delete_edges(graph: Graph, number: int) -> None:
    """Deletes what leaves items, and rests after each step for as long as it took.

    Nobody waits for it, and who reads meanwhile has half of what it would take.
    """
    after, start = "", time.monotonic()
    with progress(f"delete generation {number}", unit="edges") as advance:
        while step := graph.write(
            "generations/delete_edges", number=number, after=after, limit=SOURCES_A_STEP
        ):
            after = step[0]["id"]
            advance(step[0]["edges"])
            time.sleep(time.monotonic() - start)
            start = time.monotonic()


def _by_source(edges: Edges, sources: np.ndarray, targets: np.ndarray) -> pl.DataFrame:
    """One row a source with the keys and weights of its edges."""
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
