"""A training, from the graph as it was to the edges that it teaches."""

from __future__ import annotations

import copy
import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gnn.blend import CLOSED_SHARES, Taught, best_mixes
from gnn.choices import Choices
from gnn.collaborative import co_liked
from gnn.data import LearnedEdges, MergeWeights, Reading, kept
from gnn.merge import (
    COLLABORATIVE_SET,
    alone_merge,
    clearly_best,
    cold_merge,
    served_worth,
    warm_merge,
)
from gnn.metrics import ndcg
from gnn.model import Decoders, EdgeDecoder, Seen, softmax_loss
from gnn.newcomers import best_half_lives, newcomer_edges
from gnn.reading import best_reading
from gnn.splits import FOLDS, cold_users, done_by, few_enough, warm_likes, without
from gnn.tasks import HISTORY_POWER, across, batch_of, lesson_of
from gnn.untouched import stand_ins
from gnn.views import HOPS, item_views, likes_structure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph
    from gnn.exam import Conditions
    from gnn.tasks import Task
    from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

EPOCHS = 12
EPOCHS_UNWATCHED = 3
PATIENCE = 2
BATCH = 256
LEAST_BATCHES = 16
LEARNING_RATE = 1e-3
NEWEST_SHARE = 0.03
WEIGHT_DECAY = 1e-4
HISTORY_DROPOUT = 0.3
VALIDATION_USERS = 2000
ENOUGH_USERS = 1000
FOLDS_TO_VALIDATE = 4
NEGATIVES = 8192
# An epoch passes over so many users of a lesson at most, so that many more of them cost no more.
USERS_AN_EPOCH = 16_384
SMALL_GRAPH = 5000


def trained(
    graph: InterestGraph,
    told: Settings | Conditions,
    fold: int = 0,
    without: str = "",
    choices: Choices | None = None,
) -> LearnedEdges:
    """Learns the edges of a graph as one is told; see `train`."""
    return train(
        graph,
        edges_per_node=told.edges_per_node,
        half_life_days=told.half_life_days,
        history_limit=told.history_limit,
        seed=told.seed,
        threads=told.threads,
        dense_items=told.dense_items,
        fold=fold,
        ablated=without,
        choices=choices,
    )


def train(
    graph: InterestGraph,
    *,
    edges_per_node: int = 50,
    half_life_days: float = 365,
    history_limit: int = 200,
    seed: int = 7,
    threads: int | None = None,
    dense_items: int = 20_000,
    fold: int = 0,
    ablated: str = "",
    choices: Choices | None = None,
) -> LearnedEdges:
    """Learns the edges of a graph and how to merge them.

    It learns twice. First without what the fold's validation users did in each domain as a target,
    so that they can say when to stop, what the edges are made of, and what each signal counts; then
    as they chose, from all that there is. With choices of an earlier training, only the second.

    Args:
        graph: The snapshot.
        edges_per_node: Learned edges that leave an item or interest, at most; likewise CO_LIKED.
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions of a user that a query reads.
        seed: The same seed, graph and number of threads give the same edges.
        threads: Threads at most; all cores without it.
        dense_items: With more items than this on a side of a domain's border, a softmax is over a
            sample of them, and only candidates are scored.
        fold: Fold of `gnn.splits` whose validation users are held out.
        ablated: A part to go without, for comparison: "network", or its "hops".
        choices: Of an earlier training of about the same graph, told the same.
    """
    trainer = Trainer(
        edges_per_node, Reading(half_life_days, history_limit), dense_items, seed, ablated
    )
    with reproducible(seed, threads_for(graph, threads)):
        chosen = choices or trainer.chosen(graph, fold)
        taught, _ = trainer.taught(graph, chosen)
        return trainer.learned(taught, chosen)


@dataclass(frozen=True)
class Trainer:
    """How edges are learned; see `train` for what its fields mean."""

    edges_per_node: int
    reading: Reading
    dense_items: int
    seed: int
    ablated: str

    def chosen(self, graph: InterestGraph, fold: int) -> Choices:
        """Learns without the fold's validation users, and lets them choose."""
        domains = range(len(graph.domains))
        cold = judges(graph, fold)
        warm = [warm_likes(graph, t, fold) for t in domains]
        hidden = np.any([done_by(graph, t, cold[t]) | warm[t] for t in domains], axis=0)
        known = without(graph, hidden, half_life_days=self.reading.half_life_days)

        reading = best_reading(known, self.reading, self.seed)
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
        views = item_views(graph, memory, self.seed, hops)
        popularity = torch.from_numpy(graph.popularity(self.reading.half_life_days))
        popular = [popularity[graph.items_of(t)] for t in range(len(graph.domains))]
        network = Decoders([EdgeDecoder(Seen(features, popular)) for features in views])
        epochs = 0
        if self.ablated != "network":
            negatives = self.negatives(graph)
            epochs = fit(network, lessons, negatives, self.seed, exams, chosen.epochs)
        likes = graph.likes(self.reading.half_life_days)
        taught = Taught(
            known=graph,
            network=network,
            lessons=lessons,
            likes=likes,
            structure=likes_structure(graph, memory, self.seed),
            stand_ins=[stand_ins(graph, t, likes <= 0) for t in range(len(graph.domains))],
            co_liked=co_liked(graph, self.edges_per_node, memory),
            newcomer=newcomer_edges(graph, chosen.newcomer_half_life_days),
            mix=chosen.mix,
            reading=chosen.reading,
            seed=self.seed,
        )
        return taught, epochs

    def negatives(self, graph: InterestGraph) -> list[int]:
        """By target, how many items a softmax is over beside those that are liked."""
        sizes = [len(graph.items_of(t)) for t in range(len(graph.domains))]
        return [size if size <= self.dense_items else NEGATIVES for size in sizes]

    def learned(self, taught: Taught, chosen: Choices) -> LearnedEdges:
        """All edges that are kept."""
        return LearnedEdges(
            transfer=taught.transfer(self.edges_per_node, self.dense_items),
            interest=taught.interest(self.edges_per_node),
            co_liked=taught.co_liked,
            merge=chosen.merge,
            newcomer=taught.newcomer,
            metrics=chosen.metrics,
            choices=chosen,
            unpruned=taught.weights,
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


def fit(
    decoders: Decoders,
    lessons: Sequence[Task],
    negatives: Sequence[int],
    seed: int,
    exams: Sequence[Task] = (),
    epochs: int = 0,
) -> int:
    """Teaches decoders until held-out users gain no more, or for so long, and says for how long.

    The loss of each is the softmax over the items of the target, or over a sample of so many
    negatives, in the form in which the graph answers: the sum over a user's edges. What is graded
    and kept is a running mean of the parameters, which wavers less than they do. Lessons of all
    targets are mixed.

    Args:
        decoders: What is taught; left at its best.
        lessons: A task for each domain as a target.
        negatives: By target, see `gnn.tasks.lesson_of`.
        seed: Of batches and dropout.
        exams: Held-out users by target; where there are none, nobody says when to stop.
        epochs: How long where nobody does; 0 for the default.
    """
    rng = np.random.default_rng(seed)
    watched = any(map(len, exams))
    optimiser = torch.optim.AdamW(
        decoders.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
    )
    average = copy.deepcopy(decoders)
    best, reached, at = average.state_dict(), -1.0, 0
    for epoch in range(1, 1 + (EPOCHS if watched else epochs or EPOCHS_UNWATCHED)):
        decoders.train()
        for task, users in _shuffled(lessons, rng):
            batch = lesson_of(task, users, rng, HISTORY_DROPOUT, negatives[task.target])
            losses = [softmax_loss(decoder(batch), batch) for decoder in decoders.each()]
            loss = torch.stack(losses).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            with torch.no_grad():
                for mean, now in zip(average.parameters(), decoders.parameters(), strict=True):
                    mean.lerp_(now, NEWEST_SHARE)
        grade = _grade(average, exams)
        said = f": NDCG@10 of validation users {grade:.4f}" if watched else ""
        logger.info("training, epoch %d%s", epoch, said)
        if grade > reached or not watched:
            best, reached, at = copy.deepcopy(average.state_dict()), grade, epoch
        if epoch - at >= PATIENCE:
            break
    decoders.load_state_dict(best)
    decoders.eval()
    return at


def _shuffled(
    lessons: Sequence[Task], rng: np.random.Generator
) -> Iterator[tuple[Task, NDArray[np.int64]]]:
    """The batches of an epoch in random order: a task, and some of its users."""
    batches = []
    for task in lessons:
        size = min(BATCH, max(1, len(task) // LEAST_BATCHES))
        order = rng.permutation(len(task))[:USERS_AN_EPOCH]
        batches += [(task, order[start : start + size]) for start in range(0, len(order), size)]
    for place in rng.permutation(len(batches)):
        yield batches[place]


def _grade(decoders: Decoders, exams: Sequence[Task]) -> float:
    """NDCG@10 of validation users over unpruned edges, the mean over the targets that have any."""
    decoders.eval()
    grades = []
    with torch.no_grad():
        for exam in exams:
            if len(exam):
                scores = decoders(batch_of(exam, np.arange(len(exam)))).numpy()
                grades.append(ndcg(scores, exam.liked).mean())
    return float(np.mean(grades)) if grades else 0.0


def threads_for(graph: InterestGraph, most: int | None) -> int:
    """All that are given, but one for a small graph, where threads wait more than they work."""
    return (most or torch.get_num_threads()) if len(graph.items) > SMALL_GRAPH else 1


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Seeds torch, keeps it to deterministic algorithms and some threads; then all is as before."""
    deterministic, before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), threadpool_limits(limits=threads):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
            torch.set_num_threads(before)
