"""A training, from the graph as it was to the edges that it teaches."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gnn.blend import Answers, best_mix
from gnn.closed_form import STRUCTURE_SHARES, closed_form
from gnn.collaborative import co_liked
from gnn.data import LearnedEdges, MergeWeights, Reading, kept
from gnn.edges import joined, share, strongest
from gnn.merge import COLLABORATIVE_SET, cold_merge, warm_merge
from gnn.metrics import ndcg
from gnn.model import EdgeDecoder, item_features, likes_structure
from gnn.reading import best_reading
from gnn.splits import cold_users, done_by, warm_likes, without
from gnn.tasks import HISTORY_POWER, across, batch_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import Edges, InterestGraph
    from gnn.edges import Weights
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
SMALL_GRAPH = 5000


def trained(graph: InterestGraph, told: Settings | Conditions, fold: int = 0) -> LearnedEdges:
    """Learns the edges of a graph as one is told; see `train`."""
    return train(
        graph,
        edges_per_node=told.edges_per_node,
        half_life_days=told.half_life_days,
        history_limit=told.history_limit,
        seed=told.seed,
        threads=told.threads,
        fold=fold,
    )


def train(
    graph: InterestGraph,
    *,
    edges_per_node: int = 50,
    half_life_days: float = 365,
    history_limit: int = 200,
    seed: int = 7,
    threads: int | None = None,
    fold: int = 0,
) -> LearnedEdges:
    """Learns the edges of a graph and how to merge them.

    Held-out users choose when the training stops and what each signal counts: the validation users
    of the fold, for each domain as a target. What they did in it is hidden from all the rest.

    Args:
        graph: The snapshot.
        edges_per_node: Learned edges that leave an item or interest, at most; likewise CO_LIKED.
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions of a user that a query reads on each side of a border.
        seed: The same seed, graph and number of threads give the same edges.
        threads: Threads at most; all cores without it.
        fold: Fold of `gnn.splits` whose validation users are held out.
    """
    domains = range(len(graph.domains))
    reading = Reading(half_life_days, history_limit)
    with reproducible(seed, threads_for(graph, threads)):
        cold = [cold_users(graph, t, fold).validation[:VALIDATION_USERS] for t in domains]
        warm = [warm_likes(graph, t, fold) for t in domains]
        held_out = np.any([done_by(graph, t, cold[t]) | warm[t] for t in domains], axis=0)
        known = without(graph, held_out, half_life_days=half_life_days)

        everybody = np.arange(len(graph.users))
        readings = [best_reading(known, t, reading, seed) for t in domains]
        lessons = [across(known, t, everybody, readings[t], reading) for t in domains]
        exams = [across(known, t, cold[t], readings[t], reading, answers=graph) for t in domains]

        # What is alike changes slowly: the longest memory sees it best.
        memory = max(reading.half_life_days for reading in readings)
        features, interest_texts = item_features(known, memory, seed)
        decoder = EdgeDecoder(known, features, interest_texts, half_life_days)
        fit(decoder, lessons, exams, seed)

        likes = known.likes(half_life_days)
        structure = likes_structure(known, memory, seed)
        transfer, interest = learned_edges(
            known, decoder, lessons, exams, likes, structure, edges_per_node, seed
        )
        learned = LearnedEdges(
            transfer=transfer,
            interest=interest,
            co_liked=co_liked(known, edges_per_node, memory),
            merge={},
        )
        for t, name in enumerate(graph.domains):
            merge = MergeWeights(
                transfer=1.0,
                interest=1.0,
                collaborative=COLLABORATIVE_SET,
                popularity=float(decoder.popularity[t].detach()) if len(lessons[t]) else 1.0,
                power=HISTORY_POWER,
                half_life_days=readings[t].half_life_days,
                dislike=readings[t].dislike,
            )
            merge, cold_ndcg = cold_merge(known, learned, exams[t], merge, reading)
            hidden = kept(graph.interactions, warm[t])
            merge, warm_ndcg = warm_merge(known, learned, merge, t, hidden, reading)
            learned.merge[name] = merge
            learned.metrics[f"{name} cold ndcg@10"] = cold_ndcg
            learned.metrics[f"{name} warm ndcg@10"] = warm_ndcg
        return learned


def learned_edges(
    known: InterestGraph,
    decoder: EdgeDecoder,
    lessons: Sequence[Task],
    exams: Sequence[Task],
    likes: NDArray[np.float64],
    structure: NDArray[np.float32],
    edges_per_node: int,
    seed: int,
) -> tuple[Edges, Edges]:
    """The edges from items and those from interests, mixed of network and closed form, and pruned.

    Args:
        known: The graph that was learned from.
        decoder: The network, as it was taught.
        lessons: A task for each domain as a target.
        exams: The same with held-out users, who choose the mix.
        likes: How often each item is liked, (items,).
        structure: Singular vectors of the items' likes, (items, rank).
        edges_per_node: Edges that leave an item or interest, at most.
        seed: Of the closed form's sample.
    """
    taught = [t for t, lesson in enumerate(lessons) if len(lesson)]

    def solved(t: int, structure_share: float) -> Weights:
        sources, targets = known.items_outside(t), known.items_of(t)
        return closed_form(
            lessons[t],
            likes[sources],
            structure[sources],
            structure[targets],
            structure_share,
            seed,
        )

    answers = [
        Answers.of(decoder, (solved(t, part) for part in STRUCTURE_SHARES), exams[t])
        for t in taught
    ]
    mix = best_mix(answers)
    transfer, interest = [], []
    for t in taught:
        sources, targets = known.items_outside(t), known.items_of(t)
        weights = mix.edges(decoder.weights(t), solved(t, mix.structure_share))
        found = strongest(weights, likes[targets], edges_per_node)
        transfer.append(found.between(sources, targets))
        found = strongest(decoder.interest_weights(t), likes[targets], edges_per_node)
        interest.append(found.between(np.arange(len(known.interests)), targets))
    return (
        share(joined(transfer), known.item_domain, edges_per_node),
        share(joined(interest), known.item_domain, edges_per_node),
    )


def fit(decoder: EdgeDecoder, lessons: Sequence[Task], exams: Sequence[Task], seed: int) -> None:
    """Teaches the decoder until validation users gain no more, and leaves it at its best.

    The loss is the full softmax over the items of the target, in the form in which the graph
    answers: the sum over a user's edges. What is graded and kept is a running mean of the
    parameters, which wavers less than they do. Lessons of all targets are mixed.
    """
    rng = np.random.default_rng(seed)
    watched = any(map(len, exams))
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    average = copy.deepcopy(decoder)
    best, reached, at = average.state_dict(), -1.0, 0
    for epoch in range(1, 1 + (EPOCHS if watched else EPOCHS_UNWATCHED)):
        decoder.train()
        for task, users in _shuffled(lessons, rng):
            loss = decoder.loss(batch_of(task, users, rng, HISTORY_DROPOUT))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            with torch.no_grad():
                for mean, now in zip(average.parameters(), decoder.parameters(), strict=True):
                    mean.lerp_(now, NEWEST_SHARE)
        grade = _grade(average, exams)
        logger.info("training, epoch %d: NDCG@10 of validation users %.4f", epoch, grade)
        if grade > reached or not watched:
            best, reached, at = copy.deepcopy(average.state_dict()), grade, epoch
        if epoch - at >= PATIENCE:
            break
    decoder.load_state_dict(best)
    decoder.eval()


def _shuffled(
    lessons: Sequence[Task], rng: np.random.Generator
) -> Iterator[tuple[Task, NDArray[np.int64]]]:
    """The batches of an epoch in random order: a task, and some of its users."""
    batches = []
    for task in lessons:
        size = min(BATCH, max(1, len(task) // LEAST_BATCHES))
        order = rng.permutation(len(task))
        batches += [(task, order[start : start + size]) for start in range(0, len(task), size)]
    for place in rng.permutation(len(batches)):
        yield batches[place]


def _grade(decoder: EdgeDecoder, exams: Sequence[Task]) -> float:
    """NDCG@10 of validation users over unpruned edges, the mean over the targets that have any."""
    decoder.eval()
    grades = []
    with torch.no_grad():
        for exam in exams:
            if len(exam):
                scores = decoder(batch_of(exam, np.arange(len(exam)))).numpy()
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
