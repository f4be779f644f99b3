"""A training, from the graph as it was to the edges that it teaches."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from isthmus.gnn.config import TrainingConfig
from isthmus.gnn.data.arrays import kept
from isthmus.gnn.data.examples import HISTORY_POWER, across
from isthmus.gnn.data.histories import Reading
from isthmus.gnn.data.splits import FOLDS, cold_users, done_by, few_enough, warm_likes, without
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.edges.learned import LearnedEdges, MergeWeights
from isthmus.gnn.model.domain_popularity import newcomer_edges
from isthmus.gnn.model.edge_decoder import Decoders, EdgeDecoder, Seen
from isthmus.gnn.model.ensemble import CLOSED_SHARES, Taught, best_mixes
from isthmus.gnn.model.item_cold_start import stand_ins
from isthmus.gnn.model.item_cosine import co_liked
from isthmus.gnn.model.propagation import HOPS, item_views, likes_structure
from isthmus.gnn.scoring import served_worth
from isthmus.gnn.selection import clearly_best
from isthmus.gnn.training.fit import fit
from isthmus.gnn.training.half_lives import best_half_lives
from isthmus.gnn.training.history_weighting import best_reading
from isthmus.gnn.training.merge_weights import (
    COLLABORATIVE_SET,
    alone_merge,
    cold_merge,
    warm_merge,
)
from isthmus.gnn.training.tuned_parameters import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.examples import Task
    from isthmus.gnn.edges.factored_weights import Weights

logger = logging.getLogger("isthmus")

VALIDATION_USERS = 2000
ENOUGH_USERS = 1000
FOLDS_TO_VALIDATE = 4
NEGATIVES = 8192


@dataclass(frozen=True)
class TrainingResult:
    """What a training makes.

    Attributes:
        edges: The edges, pruned, and how to merge them.
        choices: What held-out users decided, for a later training.
        unpruned: By target domain, the weights of all edges from the items outside it and from the
            interests.
    """

    edges: LearnedEdges
    choices: Choices
    unpruned: Callable[[int], tuple[Weights, Weights]]


def train(
    graph: InterestGraph,
    config: TrainingConfig | None = None,
    *,
    fold: int = 0,
    ablated: str = "",
    choices: Choices | None = None,
) -> TrainingResult:
    """Learns the edges of a graph and how to merge them.

    It learns twice. First without what the fold's validation users did in each domain as a target,
    so that they can say when to stop, what the edges are made of, and what each signal counts; then
    as they chose, from all that there is. With choices of an earlier training, only the second.

    Args:
        graph: The snapshot.
        config: How; the default where it is None.
        fold: Fold of `isthmus.gnn.data.splits` whose validation users are held out.
        ablated: A part to go without, for comparison: "network", or its "hops".
        choices: Of an earlier training of about the same graph, with the same configuration.
    """
    trainer = Trainer(config or TrainingConfig(), ablated)
    with reproducible(trainer.config.seed, threads_for(len(graph.items), trainer.config.threads)):
        chosen = choices or trainer.chosen(graph, fold)
        taught, _ = trainer.taught(graph, chosen)
        return TrainingResult(trainer.learned(taught, chosen), chosen, taught.weights)


@dataclass(frozen=True)
class Trainer:
    """How edges are learned.

    Attributes:
        config: The training configuration.
        ablated: A part to go without, see `train`.
    """

    config: TrainingConfig
    ablated: str = ""

    @property
    def reading(self) -> Reading:
        """How a history is read before users have chosen."""
        return Reading(self.config.half_life_days, self.config.history_limit)

    def chosen(self, graph: InterestGraph, fold: int) -> Choices:
        """Learns without the fold's validation users, and lets them choose."""
        domains = range(len(graph.domains))
        cold = judges(graph, fold)
        warm = [warm_likes(graph, t, fold) for t in domains]
        hidden = np.any([done_by(graph, t, cold[t]) | warm[t] for t in domains], axis=0)
        known = without(graph, hidden, half_life_days=self.reading.half_life_days)

        reading = best_reading(known, self.reading, self.config.seed)
        exams = [across(known, t, cold[t], reading, self.reading, answers=graph) for t in domains]
        chosen = Choices(reading, best_half_lives(known, exams, self.reading))
        taught, epochs = self.taught(known, chosen, exams)
        chosen = dataclasses.replace(chosen, epochs=epochs)
        taught, learned = self.best_served(taught, exams, chosen)
        chosen = dataclasses.replace(chosen, mix=taught.mix, interactions=graph.interactions.nnz)
        for t, name in enumerate(graph.domains):
            merge = learned.merge[name]
            merge, cold_ndcg = cold_merge(known, learned, exams[t], merge, self.reading)
            back = kept(graph.interactions, warm[t])
            merge, warm_ndcg = warm_merge(known, learned, merge, t, back, self.reading)
            chosen.merge[name] = merge
            chosen.metrics[f"{name} cold ndcg@10"] = cold_ndcg
            chosen.metrics[f"{name} warm ndcg@10"] = warm_ndcg
        return dataclasses.replace(chosen, merge=alone_merge(known, learned, exams, chosen.merge))

    def best_served(
        self, taught: Taught, exams: Sequence[Task], chosen: Choices
    ) -> tuple[Taught, LearnedEdges]:
        """What the edges are made of, and these edges: the closed form alone, or with the network.

        The network must be clearly worth it as it is served: the fewer edges are kept, the more of
        what it says may be lost.
        """
        answers = [
            taught.answers(exam)
            for exam, lesson in zip(exams, taught.lessons, strict=True)
            if len(lesson)
        ]
        shares = CLOSED_SHARES[:1] if self.ablated == "network" else CLOSED_SHARES
        found, worths = [], []
        for mix in best_mixes(answers, shares):
            tried = dataclasses.replace(taught, mix=mix)
            learned = self.learned(tried, self.before_merge(tried, chosen))
            found.append((tried, learned))
            worth = served_worth(taught.known, learned, exams, self.reading)
            logger.info(
                "training: NDCG@10 of validation users %.4f as served, %.0f %% closed form",
                worth.mean() if len(worth) else 0,
                100 * mix.closed_share,
            )
            worths.append(worth)
        return found[clearly_best(worths)]

    def before_merge(self, taught: Taught, chosen: Choices) -> Choices:
        """What each signal counts before held-out users have said."""
        merge = {
            name: MergeWeights(
                transfer=1.0,
                interest=0.0,
                collaborative=COLLABORATIVE_SET,
                popularity=taught.popularity(t) if len(taught.lessons[t]) else 1.0,
                power=HISTORY_POWER,
                half_life_days=chosen.reading.half_life_days,
                dislike=chosen.reading.dislike,
            )
            for t, name in enumerate(taught.known.domains)
        }
        return dataclasses.replace(chosen, merge=merge)

    def taught(
        self, graph: InterestGraph, chosen: Choices, exams: Sequence[Task] = ()
    ) -> tuple[Taught, int]:
        """What edges are made of, and for how many epochs the network was taught.

        Args:
            graph: What is learned from.
            chosen: What held-out users chose.
            exams: Held-out users by target, who say when to stop.
        """
        everybody = np.arange(len(graph.users))
        memory = chosen.reading.half_life_days
        lessons = [
            across(graph, t, everybody, chosen.reading, self.reading)
            for t in range(len(graph.domains))
        ]
        hops = 0 if self.ablated == "hops" else HOPS
        views = item_views(graph, memory, self.config.seed, hops)
        popularity = torch.from_numpy(graph.popularity(self.reading.half_life_days))
        popular = [popularity[graph.items_of(t)] for t in range(len(graph.domains))]
        network = Decoders([EdgeDecoder(Seen(features, popular)) for features in views])
        epochs = 0
        if self.ablated != "network":
            negatives = self.negatives(graph)
            epochs = fit(network, lessons, negatives, self.config.seed, exams, chosen.epochs)
        likes = graph.likes(self.reading.half_life_days)
        taught = Taught(
            known=graph,
            network=network,
            lessons=lessons,
            likes=likes,
            structure=likes_structure(graph, memory, self.config.seed),
            stand_ins=[stand_ins(graph, t, likes <= 0) for t in range(len(graph.domains))],
            co_liked=co_liked(graph, self.config.edges_per_node, memory),
            newcomer=newcomer_edges(graph, chosen.newcomer_half_life_days),
            mix=chosen.mix,
            reading=chosen.reading,
            seed=self.config.seed,
        )
        return taught, epochs

    def negatives(self, graph: InterestGraph) -> list[int]:
        """By target, how many items a softmax is over beside those that are liked."""
        sizes = [len(graph.items_of(t)) for t in range(len(graph.domains))]
        return [size if size <= self.config.dense_items else NEGATIVES for size in sizes]

    def learned(self, taught: Taught, chosen: Choices) -> LearnedEdges:
        """All edges that are kept."""
        return LearnedEdges(
            transfer=taught.transfer(self.config.edges_per_node, self.config.dense_items),
            interest=taught.interest(self.config.edges_per_node),
            co_liked=taught.co_liked,
            merge=chosen.merge,
            newcomer=taught.newcomer,
            metrics=chosen.metrics,
        )


def judges(graph: InterestGraph, fold: int) -> list[NDArray[np.int64]]:
    """By target domain the users who choose: the fold's validation users.

    Where they are few, those of the next folds too: few users choose at random. All of them are
    learned from in the end.
    """
    found = [np.zeros(0, np.int64) for _ in graph.domains]
    for more in range(FOLDS_TO_VALIDATE):
        if sum(map(len, found)) >= ENOUGH_USERS:
            break
        for t, so_far in enumerate(found):
            users = cold_users(graph, t, (fold + more) % FOLDS).validation
            found[t] = np.union1d(so_far, users)
    return [few_enough(users, VALIDATION_USERS, graph, t) for t, users in enumerate(found)]
