"""What a training makes: edges of each kind, and how the served score merges them."""

from __future__ import annotations

from dataclasses import dataclass, field

from isthmus.gnn.data.histories import Reading
from isthmus.gnn.edges.edge_list import NO_EDGES, Edges


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
    """

    transfer: Edges
    interest: Edges
    co_liked: Edges
    merge: dict[str, MergeWeights]
    newcomer: Edges = NO_EDGES
    metrics: dict[str, float] = field(default_factory=dict)
