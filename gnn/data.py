"""The arrays that training reads and writes: the graph as it was, the edges it learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gnn.choices import Choices
    from gnn.edges import Weights

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Reading:
    """How a query reads a history.

    Attributes:
        half_life_days: Age at which a dated interaction counts half.
        history_limit: Interactions of a user that count, the newest. On each side of a domain's
            border half of them; where one side has fewer, the other has what is left.
        dislike: What a dislike counts against a like; below 0 where what people dislike says, as
            what they like does, which items they turn to.
    """

    half_life_days: float = 365
    history_limit: int = 200
    dislike: float = 1.0


@dataclass(frozen=True)
class InterestGraph:
    """A snapshot of the user-interest graph as arrays.

    Attributes:
        users: User ids, shape (users,).
        items: Item keys `domain:item_id`, shape (items,).
        domains: Domain names.
        item_domain: Index into `domains` of each item, shape (items,).
        item_vectors: Text embeddings of unit length, float32, shape (items, dimensions);
            a row of zeros where an item has none.
        interactions: Weights, likes above 0 and dislikes below, float32 CSR of shape
            (users, items); one entry a user and item.
        last_at: Time of each stored entry of `interactions` in seconds since 1970,
            aligned with `interactions.data`; NaN where it has no date.
        interests: Interest ids, shape (interests,).
        interest_vectors: Embeddings of unit length, float32, shape (interests, dimensions).
        item_interests: Weights of ABOUT, float32 CSR of shape (items, interests).
        user_interests: Weights of INTERESTED_IN, float32 CSR of shape (users, interests).
    """

    users: NDArray[np.str_]
    items: NDArray[np.str_]
    domains: tuple[str, ...]
    item_domain: NDArray[np.int32]
    item_vectors: NDArray[np.float32]
    interactions: csr_array
    last_at: NDArray[np.float64]
    interests: NDArray[np.str_]
    interest_vectors: NDArray[np.float32]
    item_interests: csr_array
    user_interests: csr_array

    def items_of(self, domain: int) -> NDArray[np.int64]:
        """Indices of the items of a domain, ascending."""
        return np.flatnonzero(self.item_domain == domain)

    def items_outside(self, domain: int) -> NDArray[np.int64]:
        """Indices of the items of all other domains, domain by domain, ascending in each."""
        others = (self.items_of(other) for other in range(len(self.domains)) if other != domain)
        return np.concatenate([np.zeros(0, np.int64), *others])

    def owners(self) -> NDArray[np.int64]:
        """The user of each stored interaction, aligned with `interactions.data`."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.interactions.indptr))

    def strengths(self, half_life_days: float) -> csr_array:
        """a(u, i): weights times their decay, float32 CSR (users, items).

        An interaction counts half for each `half_life_days` that it is older than the newest of
        its user; one without a date does not decay.
        """
        decay = self._decay(self.owners(), len(self.users), half_life_days)
        data = (self.interactions.data * decay).astype(np.float32)
        parts = (data, self.interactions.indices, self.interactions.indptr)
        return csr_array(parts, shape=self.interactions.shape)

    def likes(self, half_life_days: float, power: float = 0.0) -> NDArray[np.float64]:
        """Number of likes of each item, (items,); old ones decay from the newest of the domain.

        Args:
            half_life_days: Age at which a dated like counts half.
            power: A like counts its user's number of likes in the domain to this power.
        """
        domain = self.item_domain[self.interactions.indices]
        decay = self._decay(domain, len(self.domains), half_life_days)
        liked = self.interactions.data > 0
        counted = np.where(liked, decay, 0)
        if power:
            side = self.owners() * len(self.domains) + domain
            counted *= np.maximum(np.bincount(side, liked)[side], 1) ** power
        total = np.bincount(self.interactions.indices, counted, minlength=len(self.items))
        return total.astype(np.float64)

    def popularity(self, half_life_days: float) -> NDArray[np.float32]:
        """Popularity of each item within its domain, from 0 to 1 for the best liked, (items,)."""
        return self.over_most(np.log1p(self.likes(half_life_days)))

    def over_most(self, liked: NDArray[np.float64]) -> NDArray[np.float32]:
        """What each item has over the most that one of its domain has, from 0 to 1, (items,)."""
        most = np.zeros(len(self.domains))
        np.maximum.at(most, self.item_domain, liked)
        return (liked / np.where(most > 0, most, 1)[self.item_domain]).astype(np.float32)

    def _decay(
        self, group: NDArray[np.integer], groups: int, half_life_days: float
    ) -> NDArray[np.float64]:
        """What is left of each interaction, reckoned from the newest of its group."""
        newest = np.full(groups, -np.inf)
        dated = ~np.isnan(self.last_at)
        np.maximum.at(newest, group[dated], self.last_at[dated])
        decay = np.ones(len(self.last_at))
        days = (newest[group[dated]] - self.last_at[dated]) / SECONDS_A_DAY
        decay[dated] = 0.5 ** (days / half_life_days)
        return decay


def interests_of(graph: InterestGraph, history: csr_array) -> csr_array:
    """Interests that histories alone speak for, float32 CSR (rows of the history, interests).

    The mean over the interactions of their strength times ABOUT, as INTERESTED_IN is derived, so
    that a part of a history can stand in for the whole.
    """
    counts = np.maximum(np.diff(history.indptr), 1)
    derived = csr_array(history @ graph.item_interests)
    derived.data = derived.data / np.repeat(counts, np.diff(derived.indptr))
    return derived.astype(np.float32)


@dataclass(frozen=True)
class Histories:
    """What the score of one target domain sums over, a row a user, float32 CSR.

    Attributes:
        outside: a(u, i) over the history outside the domain, (users, items).
        inside: a(u, i) over the history inside the domain, (users, items).
        interests: s(u, k), (users, interests).
    """

    outside: csr_array
    inside: csr_array
    interests: csr_array


def histories(
    graph: InterestGraph,
    target: int,
    users: NDArray[np.int64],
    reading: Reading,
    *,
    as_if_cold: bool = False,
) -> Histories:
    """The histories of some users, parted at the border of a target domain.

    Of each side the newest interactions count, up to the limit; among equals in time the strongest,
    and then those whose item comes first.

    Args:
        graph: The graph.
        target: The domain.
        users: Indices.
        reading: How they are read.
        as_if_cold: What they did in the domain counts as not done.
    """
    strengths = csr_array(graph.strengths(reading.half_life_days)[users])
    against = np.where(strengths.data < 0, np.float32(reading.dislike), np.float32(1))
    strengths = csr_array(
        (strengths.data * against, strengths.indices, strengths.indptr), shape=strengths.shape
    )
    weights = csr_array(graph.interactions[users])
    # Times ride through the same row selection as the weights do; 0 stands for no date.
    times = csr_array(
        (np.nan_to_num(graph.last_at), graph.interactions.indices, graph.interactions.indptr),
        shape=graph.interactions.shape,
    )[users]
    inside = graph.item_domain[strengths.indices] == target
    counted = ~inside if as_if_cold else np.ones_like(inside)
    rows = np.repeat(np.arange(len(users)), np.diff(strengths.indptr))
    order = np.lexsort((strengths.indices, -abs(weights.data), -times.data, inside, rows))
    run = 2 * rows[order] + inside[order]
    first = np.flatnonzero(np.diff(run, prepend=-1))
    place = np.arange(len(run)) - np.repeat(first, np.diff(np.append(first, len(run))))
    sides = np.bincount((2 * rows + inside)[counted], minlength=2 * len(users)).reshape(-1, 2)
    most = np.maximum(reading.history_limit - sides[:, ::-1], (reading.history_limit + 1) // 2)
    recent = np.empty(len(order), dtype=bool)
    recent[order] = place < most.ravel()[run]
    recent &= counted
    return Histories(
        outside=kept(strengths, recent & ~inside),
        inside=kept(strengths, recent & inside),
        interests=csr_array(graph.user_interests[users]),
    )


def kept(matrix: csr_array, which: NDArray[np.bool_]) -> csr_array:
    """A matrix with some of its stored entries only; `which` is aligned with its data."""
    indptr = np.concatenate([[0], np.cumsum(which)])[matrix.indptr]
    return csr_array((matrix.data[which], matrix.indices[which], indptr), shape=matrix.shape)


def over_length(history: csr_array, power: float) -> csr_array:
    """Each row over the number of its entries to a power, float32 CSR."""
    counts = np.diff(history.indptr)
    data = history.data * np.repeat(np.maximum(counts, 1) ** -power, counts)
    parts = (data.astype(np.float32), history.indices, history.indptr)
    return csr_array(parts, shape=history.shape)


@dataclass(frozen=True)
class Edges:
    """Weighted edges of one kind, as three arrays of equal length.

    Attributes:
        sources: Index of an item, or of an interest or a domain where the kind says so.
        targets: Index of an item.
        weights: float32; negative where the source speaks against the target.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sources)

    def between(self, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> Edges:
        """The same edges, where both ends were places in these lists of nodes."""
        return Edges(sources[self.sources], targets[self.targets], self.weights)


NO_EDGES = Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class MergeWeights:
    """What each signal counts in the score of one target domain.

    `score(u, j) = transfer * n_out^-power * sum_i a(u,i) w(i->j)   i: history outside the domain
                 + interest * sum_k s(u,k) v(k->j)                  k: the user's interests
                 + collaborative * n_in^-power * sum_i a(u,i) c(i->j)  i: history inside the domain
                 + popularity * popularity(j)`

    with a(u,i) the interaction's weight times its decay by `half_life_days`, times `dislike` where
    it is below 0, s(u,k) the weight of INTERESTED_IN, n_out and n_in the number of interactions
    summed over, popularity(j) between 0 and 1. Those who did nothing yet are led by the edge that
    the domain itself has to j, which counts 1, and if they wrote by their interests, which count
    `interest_alone`; popularity counts `popularity_alone` for them, which only breaks ties.
    """

    transfer: float
    interest: float
    collaborative: float
    popularity: float
    power: float = 0.5
    half_life_days: float = 365
    dislike: float = 1.0
    interest_alone: float = 1.0
    popularity_alone: float = 0.001

    def reading(self, history_limit: int) -> Reading:
        """How these weights are meant to read a history."""
        return Reading(self.half_life_days, history_limit, self.dislike)


@dataclass(frozen=True)
class LearnedEdges:
    """All that a training makes: four kinds of edges and how to merge them.

    Attributes:
        transfer: Item to item of another domain.
        interest: Interest to item.
        co_liked: Item to item of the same domain.
        merge: By name of the target domain.
        newcomer: Domain to item of the same domain, for those who did nothing yet.
        metrics: What validation said, by name.
        choices: What else held-out users decided, for a later training.
        unpruned: By target domain, the weights of all edges from the items outside it and from the
            interests; only right after a training.
    """

    transfer: Edges
    interest: Edges
    co_liked: Edges
    merge: dict[str, MergeWeights]
    newcomer: Edges = NO_EDGES
    metrics: dict[str, float] = field(default_factory=dict)
    choices: Choices | None = None
    unpruned: Callable[[int], tuple[Weights, Weights]] | None = None
