"""Whether the graph answers as the arrays do: the cold-start evaluation by the product's Cypher.

What the models may see is loaded into a Neo4j of its own, which trains, publishes and recommends as
any installation does; its lists are held against the scores that the evaluation ranks by.
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
from isthmus.gnn.data.examples import likes_of
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import cold_users
from isthmus.gnn.evaluation.results import TRANSFER
from isthmus.gnn.metrics import LISTED, best_items, ndcg
from isthmus.gnn.scoring import served_scores
from isthmus.gnn.training.train import train
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.session import connect
from isthmus.graph.generations.dataset_snapshot import snapshot_without, tables_without
from isthmus.graph.generations.publish import Provenance, publish
from isthmus.graph.generations.snapshot import fingerprint, snapshot
from isthmus.graph.ingest.load import ingest
from isthmus.graph.interests.find import encode_and_find
from isthmus.graph.server.scratch import scratch
from isthmus.graph.serving.recommend import recommend_for_users
from isthmus.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.edges.learned import LearnedEdges
    from isthmus.graph.ingest.dataset import Dataset
    from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

TIED = 1e-5
"""Numbers closer than this share of the largest among them are one number to 32-bit arithmetic."""
LEAST_AGREEING = 0.99
MOST_APART = 0.01


class GraphDisagrees(IsthmusError):
    """The graph does not answer what the arrays say it would."""


@dataclass(frozen=True)
class Compared:
    """The same ranking twice, by the graph and in memory.

    Attributes:
        ndcg: NDCG@10 of the lists that the graph gave.
        ndcg_in_memory: NDCG@10 of the scores in memory.
        lists_agree: Share of users whose lists are the same but for ties, with the same scores.
    """

    ndcg: float
    ndcg_in_memory: float
    lists_agree: float

    def document(self) -> dict[str, Any]:
        """As `evaluate --json` prints it."""
        return {
            "ndcg@10": self.ndcg,
            "ndcg@10_in_memory": self.ndcg_in_memory,
            "lists_agree": self.lists_agree,
        }

    def complaints(self) -> list[str]:
        """What is wrong, as sentences; none where the two agree."""
        apart = abs(self.ndcg - self.ndcg_in_memory)
        if self.lists_agree >= LEAST_AGREEING and apart <= MOST_APART * self.ndcg_in_memory:
            return []
        return [
            f"the graph lists what memory lists for {self.lists_agree:.1%} of the users, and its "
            f"NDCG@10 is {self.ndcg:.4f} beside {self.ndcg_in_memory:.4f}."
        ]


def add_through_graph(
    documents: list[dict[str, Any]],
    data: InterestGraph,
    dataset: Dataset,
    folder: Path,
    fold: int,
    settings: Settings,
) -> GraphDisagrees | None:
    """Adds to results of `cold_start` what the graph itself answers, as `through_graph`.

    Args:
        documents: The results, one a target; each gets its entry under the model transfer.
        data: The arrays that they were made from.
        dataset: The tables of these arrays.
        folder: Where the tables lie.
        fold: Which users are held out.
        settings: What the models were told. Their server is not used, nor is `neo4j_uri`.

    Returns:
        An error where a graph and the arrays disagree.
    """
    complaints = []
    for document in documents:
        start = time.monotonic()
        target = data.domains.index(document["target"])
        held_out = cold_users(data, target, fold).test
        seen = snapshot_without(data, target, held_out, dataset, settings)
        names = set(data.users[held_out].tolist())
        visible = tables_without(dataset, names, data.domains[target])
        liked = likes_of(data, target, held_out)
        some = np.flatnonzero(np.diff(liked.indptr))
        with scratch(settings) as own, connect(own) as graph:
            load(graph, visible, folder, own)
            learned, apart = learn(graph, seen, fold, own)
            compared = compare(
                graph, seen, learned, target, held_out[some], csr_array(liked[some]), own
            )
        said = [*apart, *compared.complaints()]
        complaints += [f"{document['target']}: {text}" for text in said]
        document["models"][TRANSFER]["through_graph"] = compared.document() | {
            "same_snapshot": not apart,
            "seconds": round(time.monotonic() - start, 2),
        }
    if not complaints:
        return None
    return GraphDisagrees(
        "The graph disagrees with the evaluation in memory. " + " ".join(complaints),
        "This is a fault of isthmus: please report it with the dataset's fingerprint.",
    )


def load(graph: Graph, dataset: Dataset, folder: Path, settings: Settings) -> None:
    """Brings tables into an empty graph as the commands do."""
    ingest(graph, dataset, folder, settings)
    encode_and_find(graph, settings)


def learn(
    graph: Graph, seen: InterestGraph, fold: int, settings: Settings
) -> tuple[LearnedEdges, list[str]]:
    """Trains on a graph and publishes what was learned.

    Args:
        graph: The graph.
        seen: The arrays that it should give.
        fold: Whose validation users are held out.
        settings: What the training is told.

    Returns:
        The edges, and how the graph's arrays differ from `seen`, as sentences.
    """
    stored = snapshot(graph)
    apart = differences(stored, seen)
    learned = train(stored, TrainingConfig.from_settings(settings), fold=fold).edges
    publish(graph, stored, learned, Provenance(fingerprint(stored), {"fold": fold}))
    return learned, apart


def compare(
    graph: Graph,
    seen: InterestGraph,
    learned: LearnedEdges,
    target: int,
    users: NDArray[np.int64],
    liked: csr_array,
    settings: Settings,
) -> Compared:
    """Asks the graph for the best items of a domain for some users, and memory too.

    Args:
        graph: With these edges as the generation that answers.
        seen: The arrays of that graph.
        learned: The edges.
        target: The domain; none of the users has met anything of it.
        users: The users.
        liked: What they like, CSR (users, items of the target).
        settings: How a history is read.
    """
    reading = Reading(settings.half_life_days, settings.history_limit)
    in_memory = served_scores(seen, learned, target, users, reading)
    asked = seen.users[users].tolist()
    place = {key: k for k, key in enumerate(seen.items[seen.items_of(target)].tolist())}
    answered = np.full_like(in_memory, -np.inf)
    agree = np.zeros(len(users), dtype=bool)
    with progress("ask the graph", len(users), "users") as advance:
        answers = recommend_for_users(graph, asked, seen.domains[target], LISTED, settings)
        for row, answer in enumerate(answers):
            items = [place[f"{item['domain']}:{item['item_id']}"] for item in answer["items"]]
            scores = np.array([item["score"] for item in answer["items"]], dtype=np.float64)
            answered[row, items] = scores
            agree[row] = _agrees(in_memory[row], items, scores)
            advance(1)
    return Compared(
        ndcg=float(ndcg(answered, liked).mean()),
        ndcg_in_memory=float(ndcg(in_memory, liked).mean()),
        lists_agree=float(agree.mean()),
    )


def _agrees(in_memory: NDArray[np.float32], items: list[int], scores: NDArray[np.float64]) -> bool:
    """Whether these are the best items but for ties, each with its score.

    Args:
        in_memory: Scores of all items.
        items: Those that the graph lists, best first.
        scores: Theirs.
    """
    best = in_memory[best_items(in_memory[None])[0]]
    if len(items) != len(best):
        return False
    tied = TIED * float(np.abs(best).max())
    own = in_memory[items]
    return bool((np.abs(own - best) <= tied).all() and (np.abs(own - scores) <= tied).all())


def differences(stored: InterestGraph, seen: InterestGraph) -> list[str]:
    """What of a graph's snapshot is not as it is in other arrays but for rounding, as sentences."""
    if fingerprint(stored) == fingerprint(seen):
        return []
    found = []
    for name in ("users", "items", "interests"):
        ours, others = getattr(stored, name).tolist(), getattr(seen, name).tolist()
        if ours != others:
            odd = sorted(set(ours) ^ set(others)) or ["their order"]
            found.append(f"{name} differ, among them {odd[0]!r}.")
    if found:  # the rest is not about the same things
        return found
    for name in ("item_vectors", "interest_vectors", "last_at"):
        found += _apart(name, getattr(stored, name), getattr(seen, name))
    for name in ("interactions", "item_interests", "user_interests"):
        ours, others = getattr(stored, name), getattr(seen, name)
        places = ((ours.indptr, others.indptr), (ours.indices, others.indices))
        if all(np.array_equal(*pair) for pair in places):
            found += _apart(name, ours.data, others.data)
        else:
            found.append(f"{name} has {ours.nnz} entries in the graph and {others.nnz} in memory.")
    return found


def _apart(name: str, ours: NDArray[np.floating], others: NDArray[np.floating]) -> list[str]:
    if ours.shape != others.shape:
        return [f"{name} has the shape {ours.shape} in the graph and {others.shape} in memory."]
    odd = ~np.isclose(ours, others, rtol=TIED, atol=TIED**2, equal_nan=True)
    if not odd.any():
        return []
    gap = np.abs(ours - others)[odd].max()
    return [f"{name} differ in {odd.sum()} of {odd.size} values, by {gap:.1g} at most."]
