"""How a generation answers the held-out users of the promotion gate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from isthmus.gnn.metrics import LIST_LENGTH, ndcg
from isthmus.graph.database import Graph
from isthmus.graph.generations.held_out_likes import held_out_likes
from isthmus.graph.serving import CLIENTS, rank_items
from isthmus.progress import progress
from isthmus.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph


@dataclass(frozen=True)
class HeldOutAnswers:
    """The answers of one generation to the held-out users with likes, of all target domains.

    Attributes:
        users: Index of each user, who occurs once for each target domain, (users,).
        ndcg: NDCG@10 of each user and target domain, (users,).
        targets: Index of the target domain, (users,).
        histories: Number of interactions that the answer could use, (users,).
        coverage: Share of the items of the target domains that are in some list.
        seconds: Median time of an answer.
    """

    users: NDArray[np.int64]
    ndcg: NDArray[np.float64]
    targets: NDArray[np.int64]
    histories: NDArray[np.int64]
    coverage: float
    seconds: float

    def metrics(self, domains: Sequence[str]) -> dict[str, float]:
        """Returns the mean NDCG@10 of each target domain and of all, coverage, and their number."""
        metrics = {
            f"{name} held-out ndcg@10": float(self.ndcg[self.targets == target].mean())
            for target, name in enumerate(domains)
            if (self.targets == target).any()
        }
        if len(self.ndcg):
            metrics["held-out ndcg@10"] = float(self.ndcg.mean())
            metrics["held-out coverage@10"] = self.coverage
        return metrics | {"held-out users": float(len(self.ndcg))}


def answer_held_out(
    graph: Graph,
    data: InterestGraph,
    held_out: Sequence[NDArray[np.int64]],
    generation: int | None,
    settings: Settings,
) -> HeldOutAnswers:
    """Ranks each target domain for its held-out users.

    Without a number, by the active generation, or by content where there is none. A user who was
    deleted meanwhile counts 0 for every generation.
    """
    from isthmus.gnn.data import domain_likes

    owners, every = data.interaction_users(), np.diff(data.interactions.indptr)
    who: list[int] = []
    values: list[float] = []
    targets: list[int] = []
    seconds: list[float] = []
    histories: list[int] = []
    listed = answered = 0
    for target, (users, single) in enumerate(zip(held_out, held_out_likes(data), strict=True)):
        items = data.items_of(target)
        cold = domain_likes(data, target, users)
        rows = np.flatnonzero(np.diff(cold.indptr))
        place = np.searchsorted(items, data.interactions.indices[single])
        ones = np.ones(len(single), np.float32)
        warm = csr_array((ones, place, np.arange(len(single) + 1)), shape=(len(single), len(items)))
        hidden: list[str | None] = [None] * len(rows)
        hidden += data.items[items[place]].tolist()
        asked = np.concatenate([users[rows], owners[single]])
        who += asked.tolist()
        lists = _rank_domain(graph, data, target, asked, hidden, generation, settings)
        likes = csr_array(vstack([cold[rows], warm], format="csr"))
        values += [_list_ndcg(ranked, csr_array(likes[[k]])) for k, (ranked, _) in enumerate(lists)]
        seconds += [taken for _, taken in lists]
        targets += [target] * len(lists)
        inside = np.diff(data.interactions[:, items].indptr)
        histories += [
            *(every - inside)[users[rows]].tolist(),
            *(every[owners[single]] - 1).tolist(),
        ]
        if lists:
            listed += len({item for ranked, _ in lists for item in ranked})
            answered += len(items)
    return HeldOutAnswers(
        np.array(who, np.int64),
        np.array(values, np.float64),
        np.array(targets, np.int64),
        np.array(histories, np.int64),
        listed / max(answered, 1),
        float(np.median(seconds)) if seconds else 0.0,
    )


def _rank_domain(
    graph: Graph,
    data: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    hidden: list[str | None],
    generation: int | None,
    settings: Settings,
) -> list[tuple[list[int], float]]:
    """Ranks a target domain for each user: indices among its items, best first, and the seconds.

    A user is ranked for as if cold, or, where there is the key of a held-out like, without it.
    """
    domain = data.domains[target]
    name = "content" if generation is None else f"generation {generation}"
    place = {key: k for k, key in enumerate(data.items[data.items_of(target)].tolist())}

    def rank(user: str, like: str | None) -> tuple[list[int], float]:
        start = time.monotonic()
        rows = rank_items(
            graph,
            user,
            domain,
            LIST_LENGTH,
            settings,
            generation=generation,
            as_if_cold=like is None,
            hidden=[] if like is None else [like],
        )
        keys = (f"{domain}:{row['item_id']}" for row in rows)
        known = [
            place[key] for key in keys if key in place
        ]  # items newer than the snapshot are not
        return known, time.monotonic() - start

    lists = []
    with (
        progress(f"evaluate {name} in {domain}", len(users), "users") as advance,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        for items in clients.map(rank, data.users[users].tolist(), hidden):
            lists.append(items)
            advance(1)
    return lists


def _list_ndcg(items: list[int], liked: csr_array) -> float:
    """NDCG@10 of one user's list.

    Args:
        items: Indices of the listed items, best first.
        liked: The items that the user likes, CSR (1, items).
    """
    scores = np.full(liked.shape, -np.inf, np.float32)
    scores[0, items] = -np.arange(len(items))
    return float(ndcg(scores, liked)[0])
