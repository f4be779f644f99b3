"""A snapshot of the user-interest graph as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class InterestGraph:
    """Users, items, interactions and interests as arrays.

    Attributes:
        users: User ids, shape (users,).
        items: Item keys `domain:item_id`, shape (items,).
        domains: Domain names.
        item_domain: Index into `domains` of each item, shape (items,).
        item_vectors: Text embeddings of unit length, float32, shape (items, dimensions);
            a row of zeros where an item has none.
        interactions: Weights, likes above 0 and dislikes below, float32 CSR of shape
            (users, items); one entry per user and item.
        last_at: Time of each stored entry of `interactions` in seconds since 1970,
            aligned with `interactions.data`; NaN where it has no date.
        interests: Interest ids, shape (interests,).
        interest_vectors: Embeddings of unit length, float32, shape (interests, dimensions).
        item_interests: Weights of ABOUT, float32 CSR of shape (items, interests).
        user_interests: Weights of INTERESTED_IN, float32 CSR of shape (users, interests).
        written_interests: The property `written` of INTERESTED_IN, what users wrote in texts that
            are about no item, float32 CSR of shape (users, interests).
        interest_names: Names of the interests by language; empty where texts have been read before.
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
    written_interests: csr_array
    interest_names: tuple[dict[str, str], ...] = ()

    def items_of(self, domain: int) -> NDArray[np.int64]:
        """Returns the indices of the items of a domain, ascending."""
        return np.flatnonzero(self.item_domain == domain)

    def items_outside(self, domain: int) -> NDArray[np.int64]:
        """Returns the indices of the items of all other domains, by domain and ascending."""
        others = (self.items_of(other) for other in range(len(self.domains)) if other != domain)
        return np.concatenate([np.zeros(0, np.int64), *others])

    def interaction_users(self) -> NDArray[np.int64]:
        """Returns the user of each stored interaction, aligned with `interactions.data`."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.interactions.indptr))

    def decayed_weights(self, half_life_days: float) -> csr_array:
        """Returns a(u, i), the weights times their decay, float32 CSR (users, items).

        An interaction's weight halves for each `half_life_days` that it is older than its user's
        newest; one without a date does not decay.
        """
        decay = self._decay(self.interaction_users(), len(self.users), half_life_days)
        data = (self.interactions.data * decay).astype(np.float32)
        parts = (data, self.interactions.indices, self.interactions.indptr)
        return csr_array(parts, shape=self.interactions.shape)

    def like_counts(self, half_life_days: float, power: float = 0.0) -> NDArray[np.float64]:
        """Counts the likes of each item, (items,), with decay from the newest of the domain.

        Args:
            half_life_days: Age at which a dated like counts half.
            power: Exponent of the user's number of likes in the domain, by which a like counts.
        """
        domain = self.item_domain[self.interactions.indices]
        decay = self._decay(domain, len(self.domains), half_life_days)
        liked = self.interactions.data > 0
        weights = np.where(liked, decay, 0)
        if power:
            user_and_domain = self.interaction_users() * len(self.domains) + domain
            weights *= np.maximum(np.bincount(user_and_domain, liked)[user_and_domain], 1) ** power
        total = np.bincount(self.interactions.indices, weights, minlength=len(self.items))
        return total.astype(np.float64)

    def popularity(self, half_life_days: float) -> NDArray[np.float32]:
        """Returns the popularity of each item, from 0 to 1 for the top of its domain, (items,)."""
        return self.scale_to_domain_maximum(np.log1p(self.like_counts(half_life_days)))

    def scale_to_domain_maximum(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Divides the value of each item by the maximum of its domain, from 0 to 1, (items,)."""
        maximum = np.zeros(len(self.domains))
        np.maximum.at(maximum, self.item_domain, values)
        return (values / np.where(maximum > 0, maximum, 1)[self.item_domain]).astype(np.float32)

    def _decay(
        self, group: NDArray[np.integer], groups: int, half_life_days: float
    ) -> NDArray[np.float64]:
        """Returns each interaction's decay, 0 to 1, by its age before the newest of its group."""
        newest = np.full(groups, -np.inf)
        dated = ~np.isnan(self.last_at)
        np.maximum.at(newest, group[dated], self.last_at[dated])
        decay = np.ones(len(self.last_at))
        days = (newest[group[dated]] - self.last_at[dated]) / SECONDS_PER_DAY
        decay[dated] = 0.5 ** (days / half_life_days)
        return decay


def derive_interests(graph: InterestGraph, history: csr_array) -> csr_array:
    """Derives interests from histories, float32 CSR (rows of the history, interests).

    The mean over the interactions of their weight times ABOUT, as INTERESTED_IN is derived in the
    graph, but here also from a part of a history.
    """
    counts = np.maximum(np.diff(history.indptr), 1)
    derived = csr_array(history @ graph.item_interests)
    derived.data = derived.data / np.repeat(counts, np.diff(derived.indptr))
    return derived.astype(np.float32)


def select_entries(matrix: csr_array, mask: NDArray[np.bool_]) -> csr_array:
    """Selects stored entries of a matrix by a mask that is aligned with its data."""
    indptr = np.concatenate([[0], np.cumsum(mask)])[matrix.indptr]
    return csr_array((matrix.data[mask], matrix.indices[mask], indptr), shape=matrix.shape)
