"""The promotion gate: compares champion and challenger on held-out users.

For each target domain some users are held out from every training: it does not see their
interactions in that domain. Both generations rank items for them by the product's Cypher as for
cold-start users, and the gate compares the NDCG@10. In a domain that nobody links with another,
single likes are held out instead, see `isthmus.graph.generations.held_out_likes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, vstack

from isthmus.gnn.data import hide_interactions, interactions_in_domain, interactions_of_users
from isthmus.gnn.metrics import LIST_LENGTH, bootstrap_interval, ndcg
from isthmus.graph.database import Graph
from isthmus.graph.generations.held_out_likes import MAX_LIKES_PER_TARGET, SHARE, held_out_likes
from isthmus.graph.serving import CLIENTS, rank_items
from isthmus.progress import progress
from isthmus.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import InterestGraph

HELD_OUT_SHARE = 0.05
MAX_USERS_PER_TARGET = 500
MIN_USERS = 30
HELD_OUT_RULE = (
    f"the first {MAX_USERS_PER_TARGET} of {HELD_OUT_SHARE:.0%} a target, by hash; one like of the "
    f"first {MAX_LIKES_PER_TARGET} of {SHARE:.0%} where nobody links a target with another domain"
)
"""Selection of the held-out users. Only generations trained with the same rule can be compared."""


@dataclass(frozen=True)
class GateDecision:
    """The decision of the gate on a challenger.

    Attributes:
        promoted: Whether the challenger is promoted.
        reason: The reason as a sentence.
        champion: Metrics of the champion on the held-out users, by name.
        challenger: Metrics of the challenger on the held-out users, by name.
    """

    promoted: bool
    reason: str
    champion: dict[str, float] = field(default_factory=dict)
    challenger: dict[str, float] = field(default_factory=dict)


def held_out_users(data: InterestGraph) -> list[NDArray[np.int64]]:
    """Selects the held-out users of each target domain, as ascending indices.

    They have histories inside and outside the target domain. They are the first users by a hash,
    whose salt differs from that of the evaluation's test users. When users are added, the last
    held-out users may drop out, but no user joins them who was in the training set before.
    """
    owners, held_out = data.interaction_users(), []
    for target, name in enumerate(data.domains):
        inside = interactions_in_domain(data, target)
        in_target, elsewhere = (
            np.bincount(owners, part, minlength=len(data.users)) > 0 for part in (inside, ~inside)
        )
        users = np.flatnonzero(in_target & elsewhere)
        hashes = np.array([_hash(str(user), name) for user in data.users[users]], dtype=np.float64)
        first = np.argsort(hashes, kind="stable")[:MAX_USERS_PER_TARGET]
        held_out.append(np.sort(users[first[hashes[first] < HELD_OUT_SHARE]]))
    return held_out


def _hash(user: str, domain: str) -> float:
    """Hash of a user for a target domain, from 0 to 1."""
    return int(hashlib.sha256(f"{user}|{domain}|gate".encode()).hexdigest()[:8], 16) / 2**32


def hide_held_out(
    data: InterestGraph, held_out: Sequence[NDArray[np.int64]], half_life_days: float
) -> InterestGraph:
    """Hides the interactions of held-out users in their target domain, and the held-out likes."""
    hidden = np.any(
        [interactions_of_users(data, target, users) for target, users in enumerate(held_out)],
        axis=0,
    )
    hidden[np.concatenate(held_out_likes(data))] = True
    return hide_interactions(data, hidden, half_life_days=half_life_days)


def compare_generations(
    graph: Graph,
    data: InterestGraph,
    held_out: Sequence[NDArray[np.int64]],
    champion: dict[str, Any] | None,
    challenger: int,
    settings: Settings,
) -> GateDecision:
    """Compares a candidate with the active generation on the held-out users.

    The first candidate is compared with the answers without a generation, which come from content
    and popularity.

    Args:
        graph: The graph that stores both generations.
        data: The snapshot of the challenger, with the interactions of the held-out users.
        held_out: Held-out users by target domain, from `held_out_users`.
        champion: The active generation from `active_generation`, or None.
        challenger: Number of the candidate.
        settings: The settings of recommendations, `seed`, `tolerated_loss`.
    """
    new = held_out_ndcg(graph, data, held_out, challenger, settings)
    new_metrics = _summarize(data, new)
    if champion is not None and champion["settings"].get("held_out") != HELD_OUT_RULE:
        reason = "The champion was trained on the held-out users, so the two cannot be compared."
        return GateDecision(True, reason, challenger=new_metrics)
    number = None if champion is None else champion["number"]
    old = held_out_ndcg(graph, data, held_out, number, settings)
    promoted, reason = decide_promotion(np.concatenate(old), np.concatenate(new), settings)
    if champion is None:
        reason = f"Compared with the answers by content and popularity: {reason}"
    return GateDecision(promoted, reason, _summarize(data, old), new_metrics)


def decide_promotion(
    champion: NDArray[np.float64], challenger: NDArray[np.float64], settings: Settings
) -> tuple[bool, str]:
    """Decides on a challenger by a paired bootstrap interval over the held-out users.

    Args:
        champion: NDCG@10 of the champion for each user, (users,).
        challenger: NDCG@10 of the challenger for each user, (users,).
        settings: `seed`, `tolerated_loss`.

    Returns:
        Whether to promote the challenger, and the reason as a sentence.
    """
    if len(champion) < MIN_USERS:
        return True, (
            f"{len(champion)} users could be held out, fewer than {MIN_USERS}: too few to compare."
        )
    gain = challenger - champion
    low, high = bootstrap_interval(gain, settings.seed)
    change = (
        f"NDCG@10 of {len(gain)} held-out users changes from {champion.mean():.4f} to "
        f"{challenger.mean():.4f}, by {gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    )
    if high < 0:
        return False, f"{change}: a significant loss."
    tolerated = settings.tolerated_loss
    if tolerated is not None and -gain.mean() > tolerated * champion.mean():
        return False, f"{change}: a loss of more than {tolerated:.1%} (tolerated_loss)."
    return True, f"{change}: no significant loss."


def held_out_ndcg(
    graph: Graph,
    data: InterestGraph,
    held_out: Sequence[NDArray[np.int64]],
    generation: int | None,
    settings: Settings,
) -> list[NDArray[np.float64]]:
    """Computes the NDCG@10 of each held-out user with likes, by target domain.

    Without a number, by the active generation, or by content where there is none. A user who was
    deleted meanwhile counts 0 for every generation.
    """
    from isthmus.gnn.data import domain_likes

    owners, by_target = data.interaction_users(), []
    for target, (users, single) in enumerate(zip(held_out, held_out_likes(data), strict=True)):
        items = data.items_of(target)
        cold = domain_likes(data, target, users)
        rows = np.flatnonzero(np.diff(cold.indptr))
        place = np.searchsorted(items, data.interactions.indices[single])
        ones = np.ones(len(single), np.float32)
        warm = csr_array((ones, place, np.arange(len(single) + 1)), shape=(len(single), len(items)))
        hidden: list[str | None] = [None] * len(rows)
        hidden += data.items[items[place]].tolist()
        names = [*data.users[users[rows]].tolist(), *data.users[owners[single]].tolist()]
        lists = _rank_domain(graph, data, target, names, hidden, generation, settings)
        likes = csr_array(vstack([cold[rows], warm], format="csr"))
        values = [_list_ndcg(ranked, csr_array(likes[[k]])) for k, ranked in enumerate(lists)]
        by_target.append(np.array(values, dtype=np.float64))
    return by_target


def _rank_domain(
    graph: Graph,
    data: InterestGraph,
    target: int,
    users: list[str],
    hidden: list[str | None],
    generation: int | None,
    settings: Settings,
) -> list[list[int]]:
    """Ranks a target domain for each user; indices among its items, best first.

    A user is ranked for as if cold, or, where there is the key of a held-out like, without it.
    """
    domain = data.domains[target]
    name = "content" if generation is None else f"generation {generation}"
    place = {key: k for k, key in enumerate(data.items[data.items_of(target)].tolist())}

    def rank(user: str, like: str | None) -> list[int]:
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
        return [place[key] for key in keys if key in place]  # without items newer than the snapshot

    lists = []
    with (
        progress(f"evaluate {name} in {domain}", len(users), "users") as advance,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        for items in clients.map(rank, users, hidden):
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


def _summarize(data: InterestGraph, by_target: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Mean NDCG@10 of each target domain and of all held-out users, and their number."""
    all_users = np.concatenate(by_target)
    metrics = {
        f"{name} held-out ndcg@10": float(values.mean())
        for name, values in zip(data.domains, by_target, strict=True)
        if len(values)
    }
    if len(all_users):
        metrics["held-out ndcg@10"] = float(all_users.mean())
    return metrics | {"held-out users": float(len(all_users))}
