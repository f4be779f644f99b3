"""The gate of a retraining: champion and challenger before users whom neither has seen.

Some users are held out from every training, in one target domain each time: what they did there is
not learned from. Asked as if cold through the product's Cypher, they say which generation serves
them better.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.gnn.data.splits import done_by, interactions_in, without
from isthmus.gnn.metrics import LISTED, interval, ndcg
from isthmus.graph.database.connection import Graph
from isthmus.graph.serving.recommend import CLIENTS, ranked
from isthmus.progress import progress
from isthmus.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph

SHARE = 0.05
MOST_A_TARGET = 500
FEWEST = 30
RULE = f"the first {MOST_A_TARGET} of {SHARE:.0%} a target, by hash"
"""Who is held out; kept with a generation, because only the same users can judge two of them."""


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger may answer.

    Attributes:
        promoted: Whether it may.
        reason: Why, as a sentence.
        champion: What the champion was worth to the held-out users, by name.
        challenger: The same of the challenger.
    """

    promoted: bool
    reason: str
    champion: dict[str, float] = field(default_factory=dict)
    challenger: dict[str, float] = field(default_factory=dict)


def held_out(data: InterestGraph) -> list[NDArray[np.int64]]:
    """By target domain, the users whose history in it no training sees, as ascending indices.

    They have a history elsewhere too. They come first by a hash that has a salt of its own, so that
    they are not the cold users of an evaluation. When more users come, the last of them may leave,
    but none comes in who was seen by a training before.
    """
    owners, found = data.owners(), []
    for target, name in enumerate(data.domains):
        inside = interactions_in(data, target)
        within, elsewhere = (
            np.bincount(owners, part, minlength=len(data.users)) > 0 for part in (inside, ~inside)
        )
        both = np.flatnonzero(within & elsewhere)
        places = np.array([_place(str(user), name) for user in data.users[both]], dtype=np.float64)
        first = np.argsort(places, kind="stable")[:MOST_A_TARGET]
        found.append(np.sort(both[first[places[first] < SHARE]]))
    return found


def _place(user: str, domain: str) -> float:
    """A user's place in the order for a target domain, from 0 to 1."""
    return int(hashlib.sha256(f"{user}|{domain}|gate".encode()).hexdigest()[:8], 16) / 2**32


def to_learn_from(
    data: InterestGraph, judges: Sequence[NDArray[np.int64]], half_life_days: float
) -> InterestGraph:
    """The graph without what held-out users did in the domain that they are held out for."""
    hidden = np.any([done_by(data, target, users) for target, users in enumerate(judges)], axis=0)
    return without(data, hidden, half_life_days=half_life_days)


def judge(
    graph: Graph,
    data: InterestGraph,
    judges: Sequence[NDArray[np.int64]],
    champion: dict[str, Any] | None,
    challenger: int,
    settings: Settings,
) -> Verdict:
    """Lets the held-out users compare a whole candidate with the generation that answers.

    Args:
        graph: With both of them.
        data: The snapshot that the challenger was learned from, with all that users did.
        judges: From `held_out`.
        champion: The generation that answers, as `publish.show` gives it, if there is one.
        challenger: The candidate's number.
        settings: How a history is read, the seed, and what loss is tolerated.
    """
    new = worths(graph, data, judges, challenger, settings)
    challenged = _metrics(data, new)
    if champion is None:
        return Verdict(True, "There was no champion to compare with.", challenger=challenged)
    if champion["settings"].get("held_out") != RULE:
        reason = "The champion was learned from the users who would judge, so nobody could."
        return Verdict(True, reason, challenger=challenged)
    old = worths(graph, data, judges, champion["number"], settings)
    promoted, reason = decide(np.concatenate(old), np.concatenate(new), settings)
    return Verdict(promoted, reason, _metrics(data, old), challenged)


def decide(
    champion: NDArray[np.float64], challenger: NDArray[np.float64], settings: Settings
) -> tuple[bool, str]:
    """Whether the challenger may answer, and why, by a paired bootstrap over the held-out users.

    Args:
        champion: What it is worth to each of them, (users,).
        challenger: The same of the challenger, (users,).
        settings: The seed, and what loss is tolerated.
    """
    if len(champion) < FEWEST:
        some = f"Only {len(champion)} held-out users have likes to judge by"
        return True, f"{some}, fewer than {FEWEST}: nobody could judge."
    gain = challenger - champion
    low, high = interval(gain, settings.seed)
    found = (
        f"NDCG@10 of {len(gain)} held-out users changes from {champion.mean():.4f} to "
        f"{challenger.mean():.4f}, by {gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
    )
    if high < 0:
        return False, f"{found}: a significant loss."
    tolerated = settings.tolerated_loss
    if tolerated is not None and -gain.mean() > tolerated * champion.mean():
        return False, f"{found}: a loss of more than {tolerated:.1%} (tolerated_loss)."
    return True, f"{found}: no significant loss."


def worths(
    graph: Graph,
    data: InterestGraph,
    judges: Sequence[NDArray[np.int64]],
    generation: int,
    settings: Settings,
) -> list[NDArray[np.float64]]:
    """By target domain, NDCG@10 of each held-out user who likes something there, asked as if cold.

    Somebody who was erased meanwhile is answered nothing by any generation, and counts 0.
    """
    from isthmus.gnn.data.examples import likes_of

    found = []
    for target, users in enumerate(judges):
        liked = likes_of(data, target, users)
        some = np.flatnonzero(np.diff(liked.indptr))
        lists = _lists(graph, data, target, users[some], generation, settings)
        gains = [_ndcg(row, csr_array(liked[[k]])) for k, row in zip(some, lists, strict=True)]
        found.append(np.array(gains, dtype=np.float64))
    return found


def _lists(
    graph: Graph,
    data: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    generation: int,
    settings: Settings,
) -> list[list[int]]:
    """What each user is shown of a target domain, best first, as places among its items."""
    domain = data.domains[target]
    place = {key: k for k, key in enumerate(data.items[data.items_of(target)].tolist())}

    def shown(user: str) -> list[int]:
        rows = ranked(graph, user, domain, LISTED, settings, generation=generation, as_if_cold=True)
        keys = (f"{domain}:{row['item_id']}" for row in rows)
        return [place[key] for key in keys if key in place]  # others came since the snapshot

    lists = []
    with (
        progress(f"ask generation {generation} for {domain}", len(users), "users") as advance,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        for one in clients.map(shown, data.users[users].tolist()):
            lists.append(one)
            advance(1)
    return lists


def _ndcg(shown: list[int], liked: csr_array) -> float:
    """NDCG@10 of one user's list.

    Args:
        shown: Places of items, best first.
        liked: The items that the user likes, CSR (1, items).
    """
    scores = np.full(liked.shape, -np.inf, np.float32)
    scores[0, shown] = -np.arange(len(shown))
    return float(ndcg(scores, liked)[0])


def _metrics(data: InterestGraph, by_target: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """What is told of the held-out users, by name."""
    everybody = np.concatenate(by_target)
    told = {
        f"{name} held-out ndcg@10": float(worth.mean())
        for name, worth in zip(data.domains, by_target, strict=True)
        if len(worth)
    }
    if len(everybody):
        told["held-out ndcg@10"] = float(everybody.mean())
    return told | {"held-out users": float(len(everybody))}
