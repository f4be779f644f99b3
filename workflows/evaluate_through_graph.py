"""The cold-start evaluation by the product's Cypher, compared with the evaluation in memory.

The training set is loaded into a separate Neo4j, which trains, publishes and recommends as any
installation does. Its rankings must agree with the scores that the evaluation computes in memory.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.errors import IsthmusError
from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data import HistoryWeighting, cold_start_users, domain_likes
from isthmus.gnn.evaluation import TRANSFER
from isthmus.gnn.metrics import LIST_LENGTH, ndcg, top_items
from isthmus.gnn.scoring import score_users
from isthmus.gnn.training import train_edges
from isthmus.graph.database import Graph, connect
from isthmus.graph.generations import (
    Provenance,
    hide_from_snapshot,
    hide_from_tables,
    publish_generation,
    read_snapshot,
    snapshot_fingerprint,
)
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.interests import encode_and_find_interests
from isthmus.graph.server import scratch
from isthmus.graph.serving import recommend_for_users
from isthmus.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph
    from isthmus.gnn.edges import LearnedEdges
    from isthmus.graph.ingest import Dataset
    from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

TIE_TOLERANCE = 1e-5
"""Relative tolerance of float32 arithmetic, below which two numbers count as equal."""
MIN_AGREEMENT = 0.99
MAX_NDCG_DIFFERENCE = 0.01


class GraphDisagrees(IsthmusError):
    """The rankings of the graph differ from those in memory."""


@dataclass(frozen=True)
class GraphComparison:
    """Rankings by the graph and in memory, compared.

    Attributes:
        ndcg: NDCG@10 of the graph's lists.
        ndcg_in_memory: NDCG@10 of the scores in memory.
        lists_agree: Share of users whose lists and scores are equal, except for the order of ties.
    """

    ndcg: float
    ndcg_in_memory: float
    lists_agree: float

    def document(self) -> dict[str, Any]:
        """Returns the comparison as `evaluate --json` prints it."""
        return {
            "ndcg@10": self.ndcg,
            "ndcg@10_in_memory": self.ndcg_in_memory,
            "lists_agree": self.lists_agree,
        }

    def disagreements(self) -> list[str]:
        """Returns the disagreements as sentences, none if the two agree."""
        gap = abs(self.ndcg - self.ndcg_in_memory)
        if self.lists_agree >= MIN_AGREEMENT and gap <= MAX_NDCG_DIFFERENCE * self.ndcg_in_memory:
            return []
        return [
            f"the lists of the graph and of memory agree for {self.lists_agree:.1%} of the users; "
            f"the NDCG@10 is {self.ndcg:.4f} by the graph and {self.ndcg_in_memory:.4f} in memory."
        ]


def evaluate_through_graph(
    documents: list[dict[str, Any]],
    data: InterestGraph,
    dataset: Dataset,
    folder: Path,
    fold: int,
    settings: Settings,
) -> GraphDisagrees | None:
    """Adds the comparison with the graph to results of `cold_start`, as `through_graph`.

    Args:
        documents: The results, one per target domain; the entry is added to the model transfer.
        data: The snapshot of the evaluation.
        dataset: The tables of the snapshot.
        folder: Folder of the tables.
        fold: Fold of the held-out users.
        settings: Settings of the evaluation. Neither their server nor `neo4j_uri` is used.

    Returns:
        An error if a graph and the arrays disagree, else None.
    """
    disagreements = []
    for document in documents:
        start = time.monotonic()
        target = data.domains.index(document["target"])
        test_users = cold_start_users(data, target, fold).test
        training_set = hide_from_snapshot(data, target, test_users, dataset, settings)
        names = set(data.users[test_users].tolist())
        training_tables = hide_from_tables(dataset, names, data.domains[target])
        likes = domain_likes(data, target, test_users)
        rows = np.flatnonzero(np.diff(likes.indptr))
        with scratch(settings) as own, connect(own) as graph:
            load_tables(graph, training_tables, folder, own)
            learned, differences = train_and_publish(graph, training_set, fold, own)
            comparison = compare_rankings(
                graph, training_set, learned, target, test_users[rows], csr_array(likes[rows]), own
            )
        sentences = [*differences, *comparison.disagreements()]
        disagreements += [f"{document['target']}: {sentence}" for sentence in sentences]
        document["models"][TRANSFER]["through_graph"] = comparison.document() | {
            "same_snapshot": not differences,
            "seconds": round(time.monotonic() - start, 2),
        }
    if not disagreements:
        return None
    return GraphDisagrees(
        "The graph disagrees with the evaluation in memory. " + " ".join(disagreements),
        "This is a bug in isthmus: please report it with the fingerprint of the dataset.",
    )


def load_tables(graph: Graph, dataset: Dataset, folder: Path, settings: Settings) -> None:
    """Ingests tables into an empty graph, encodes them and finds interests, as the commands do."""
    ingest_dataset(graph, dataset, folder, settings)
    encode_and_find_interests(graph, settings)


def train_and_publish(
    graph: Graph, expected: InterestGraph, fold: int, settings: Settings
) -> tuple[LearnedEdges, list[str]]:
    """Trains on the snapshot of a graph and publishes the edges.

    Args:
        graph: The graph.
        expected: The snapshot that the graph should give.
        fold: Fold whose validation users are held out.
        settings: Settings of the training.

    Returns:
        The edges, and the differences of the graph's snapshot from `expected`, as sentences.
    """
    stored = read_snapshot(graph)
    differences = snapshot_differences(stored, expected)
    learned = train_edges(stored, TrainingConfig.from_settings(settings), fold=fold).edges
    publish_generation(
        graph, stored, learned, Provenance(snapshot_fingerprint(stored), {"fold": fold})
    )
    return learned, differences


def compare_rankings(
    graph: Graph,
    data: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    likes: csr_array,
    settings: Settings,
) -> GraphComparison:
    """Ranks the items of a target domain for some users by the graph and in memory.

    Args:
        graph: The graph, in which these edges are the active generation.
        data: The snapshot of that graph.
        learned: The edges.
        target: Index of the target domain, in which none of the users has an interaction.
        users: Indices of the users.
        likes: Likes of the users, CSR (users, items of the target).
        settings: `half_life_days` and `history_limit`, which weight the histories.
    """
    weighting = HistoryWeighting(settings.half_life_days, settings.history_limit)
    in_memory = score_users(data, learned, target, users, weighting)
    names = data.users[users].tolist()
    place = {key: k for k, key in enumerate(data.items[data.items_of(target)].tolist())}
    by_graph = np.full_like(in_memory, -np.inf)
    agree = np.zeros(len(users), dtype=bool)
    with progress("rank by the graph", len(users), "users") as advance:
        answers = recommend_for_users(graph, names, data.domains[target], LIST_LENGTH, settings)
        for row, answer in enumerate(answers):
            items = [place[f"{item['domain']}:{item['item_id']}"] for item in answer["items"]]
            scores = np.array([item["score"] for item in answer["items"]], dtype=np.float64)
            by_graph[row, items] = scores
            agree[row] = _lists_agree(in_memory[row], items, scores)
            advance(1)
    return GraphComparison(
        ndcg=float(ndcg(by_graph, likes).mean()),
        ndcg_in_memory=float(ndcg(in_memory, likes).mean()),
        lists_agree=float(agree.mean()),
    )


def _lists_agree(
    in_memory: NDArray[np.float32], items: list[int], scores: NDArray[np.float64]
) -> bool:
    """Whether the graph lists the best items, except for the order of ties, with their scores.

    Args:
        in_memory: Scores of all items of the domain.
        items: Indices of the items that the graph lists, best first.
        scores: Scores of these items by the graph.
    """
    best = in_memory[top_items(in_memory[None])[0]]
    if len(items) != len(best):
        return False
    tolerance = TIE_TOLERANCE * float(np.abs(best).max())
    own = in_memory[items]
    return bool(
        (np.abs(own - best) <= tolerance).all() and (np.abs(own - scores) <= tolerance).all()
    )


def snapshot_differences(stored: InterestGraph, expected: InterestGraph) -> list[str]:
    """Returns the differences of a graph's snapshot from another one, as sentences.

    Rounding errors of float32 are not differences.
    """
    if snapshot_fingerprint(stored) == snapshot_fingerprint(expected):
        return []
    differences = []
    for name in ("users", "items", "interests"):
        ours, others = getattr(stored, name).tolist(), getattr(expected, name).tolist()
        if ours != others:
            unequal = sorted(set(ours) ^ set(others)) or ["their order"]
            differences.append(f"{name} differ, among them {unequal[0]!r}.")
    if differences:  # The other arrays cannot be compared row by row.
        return differences
    for name in ("item_vectors", "interest_vectors", "last_at"):
        differences += _array_differences(name, getattr(stored, name), getattr(expected, name))
    for name in ("interactions", "item_interests", "user_interests", "written_interests"):
        ours, others = getattr(stored, name), getattr(expected, name)
        pairs = ((ours.indptr, others.indptr), (ours.indices, others.indices))
        if all(np.array_equal(*pair) for pair in pairs):
            differences += _array_differences(name, ours.data, others.data)
        else:
            differences.append(
                f"{name} has {ours.nnz} entries in the graph and {others.nnz} in memory."
            )
    return differences


def _array_differences(
    name: str, ours: NDArray[np.floating], others: NDArray[np.floating]
) -> list[str]:
    if ours.shape != others.shape:
        return [f"{name} has the shape {ours.shape} in the graph and {others.shape} in memory."]
    unequal = ~np.isclose(ours, others, rtol=TIE_TOLERANCE, atol=TIE_TOLERANCE**2, equal_nan=True)
    if not unequal.any():
        return []
    gap = np.abs(ours - others)[unequal].max()
    return [f"{name} differ in {unequal.sum()} of {unequal.size} values, by {gap:.1g} at most."]
