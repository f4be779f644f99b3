"""The result of a training: edges of each kind and the merge weights of the served score."""

from __future__ import annotations

from dataclasses import dataclass, field

from isthmus.gnn.data import HistoryWeighting
from isthmus.gnn.edges.edge_list import EMPTY_EDGES, EdgeList


@dataclass(frozen=True)
class MergeWeights:
    """The weights of the signals in the served score of one target domain.

    `score(u, j) = transfer * n_out^-power * sum_i a(u,i) w(i->j)   i: history outside the domain
                 + interest * sum_k s(u,k) v(k->j)                  k: the user's interests
                 + collaborative * n_in^-power * sum_i a(u,i) c(i->j)  i: history inside the domain
                 + popularity * popularity(j)
                 + written * sum_k t(u,k) v(k->j)                   k: the user's interests`

    with a(u,i) the interaction's weight times its decay by `half_life_days`, times `dislike` where
    it is below 0; w and v the weights of TRANSFERS_TO, c that of CO_LIKED, s(u,k) that of
    INTERESTED_IN and t(u,k) the part of it that the user wrote; n_out and n_in the number of
    interactions summed over; and popularity(j) between 0 and 1. For users without history

    `score(u, j) = interest_alone * sum_k s(u,k) v(k->j)
                 + popularity_alone * popularity(j)
                 + d(j)`

    with d(j) the weight of the edge from the domain to j. Only users with texts have interests
    here; `popularity_alone` is so small that it only breaks ties.
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
    written: float = 0.0

    def history_weighting(self, history_limit: int) -> HistoryWeighting:
        """Returns the history weighting that these merge weights were tuned for."""
        return HistoryWeighting(self.half_life_days, history_limit, self.dislike)


CONTENT_FIRST = MergeWeights(
    transfer=1.0, interest=1.0, collaborative=1.0, popularity=0.1, interest_alone=4.0
)
"""The weights of a domain whose likes no history elsewhere predicts, so that no user can show which
weights are better. Interests and popularity count as `recommend/for_user` counts them before the
first generation; what people like together counts as much as the interests."""


@dataclass(frozen=True)
class LearnedEdges:
    """The result of a training: edges of four kinds and how the served score merges them.

    Attributes:
        transfer: Item to item of another domain.
        interest: Interest to item.
        co_liked: Item to item of the same domain.
        merge: Merge weights by name of the target domain.
        domain_popularity: Domain to item of the same domain, for users without history.
        metrics: Metrics of the validation users, by name.
    """

    transfer: EdgeList
    interest: EdgeList
    co_liked: EdgeList
    merge: dict[str, MergeWeights]
    domain_popularity: EdgeList = EMPTY_EDGES
    metrics: dict[str, float] = field(default_factory=dict)
