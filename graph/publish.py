"""Learned edges to a generation in the graph: written beside the old one, then switched at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from gnn.data import Edges, InterestGraph, LearnedEdges
from graph.connection import Graph, Row
from graph.versions import delete_unused, number_of_answering
from isthmus.errors import InputError

SOURCES_A_BATCH = 400
RETIRED_TO_KEEP = 1


def publish(
    graph: Graph,
    data: InterestGraph,
    learned: LearnedEdges,
    fingerprint: str,
    settings: Row,
    version: int | None = None,
) -> int:
    """Writes the edges as a candidate, activates it, deletes what it supersedes.

    With it the encoder version that it was learned from becomes the one that is read. Killed before
    the switch, the generation before it goes on answering and the next publish clears the candidate
    away; killed after it, the next publish deletes what was superseded.

    Args:
        graph: Where to.
        data: The snapshot that the edges index into.
        learned: Edges and merge weights.
        fingerprint: Of the snapshot.
        settings: What training was told, kept with the generation.
        version: The encoder version that `data` was read from; without it the active one.

    Returns:
        The number of the generation.
    """
    delete_superseded(graph)
    version = number_of_answering(graph) if version is None else version
    number = create_candidate(graph, learned, fingerprint, settings, version)
    write_edges(graph, number, data, learned)
    activate(graph, number, edge_count(learned))
    delete_superseded(graph)
    delete_unused(graph)
    return number


def edge_count(learned: LearnedEdges) -> int:
    """Edges of all kinds."""
    return len(learned.transfer) + len(learned.interest) + len(learned.co_liked)


def create_candidate(
    graph: Graph, learned: LearnedEdges, fingerprint: str, settings: Row, version: int | None
) -> int:
    """Creates a generation that does not answer yet, and returns its number."""
    merge = [{"domain": domain, **asdict(weights)} for domain, weights in learned.merge.items()]
    rows = graph.write(
        "generations/create",
        metrics=json.dumps(learned.metrics, sort_keys=True),
        settings=json.dumps(settings, sort_keys=True),
        fingerprint=fingerprint,
        encoder_version=version,
        merge=merge,
    )
    return int(rows[0]["number"])


def write_edges(graph: Graph, number: int, data: InterestGraph, learned: LearnedEdges) -> None:
    """Writes all edges of a generation in batches of whole sources."""
    kinds = (
        ("transfer", learned.transfer, data.items),
        ("interest", learned.interest, data.interests),
        ("co_liked", learned.co_liked, data.items),
    )
    for kind, edges, names in kinds:
        graph.write_batches(
            f"generations/write_{kind}",
            _by_source(edges, names, data.items),
            f"write {kind} edges of generation {number}",
            SOURCES_A_BATCH,
            generation=number,
        )


def activate(graph: Graph, number: int, edges: int) -> None:
    """Makes a generation the one that answers, with its encoder version, in one transaction."""
    graph.write("generations/activate", number=number, edges=edges)


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
    return row | {key: json.loads(row[key]) for key in ("metrics", "settings")}


def delete_superseded(graph: Graph) -> None:
    """Deletes unfinished candidates and all but the newest retired generations, in small steps."""
    for row in graph.read("generations/superseded", keep=RETIRED_TO_KEEP):
        graph.write("generations/mark_deleting", number=row["number"])
        graph.write_in_transactions("generations/delete_edges", number=row["number"])
        graph.write("generations/delete", number=row["number"])


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
