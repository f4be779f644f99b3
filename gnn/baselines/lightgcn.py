"""LightGCN over the users and items of all domains: a baseline, learned anew for each graph.

He, Deng, Wang, Li, Zhang and Wang, "LightGCN: Simplifying and powering graph convolution network
for recommendation", 2020: all that is learned is an embedding of each user and item, and what is
scored is its mean over the hops of the graph of likes. The loss is that of Rendle, Freudenthaler,
Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback", 2009.

Two things differ from the papers. The item that a like is compared with is of the same domain,
since only these are ranked against each other. And the whole graph is propagated for each step, so
that steps are few and large, and what keeps them from overfitting is validation, not a penalty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from scipy.sparse import csr_array
from torch.nn import functional

from isthmus.gnn.baselines.factors import Factors
from isthmus.gnn.determinism import reproducible, threads_for
from isthmus.gnn.model.propagation import domain_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data.arrays import InterestGraph
    from isthmus.gnn.data.histories import Reading

DIMENSIONS = 64
HOPS = 3
FIRST_DEVIATION = 0.1
LEARNING_RATE = 0.01
STEPS_AN_EPOCH = 30
EPOCHS = 10
EPOCHS_A_TRY = 2


class LightGcn(Factors):
    """A user's and an item's mean embeddings over the hops, multiplied."""

    @classmethod
    def settings(cls, readings: Sequence[Reading]) -> list[tuple[int]]:
        """When to stop; all likes count alike, so that there is but one way to read them."""
        return [(epochs,) for epochs in range(EPOCHS_A_TRY, EPOCHS + 1, EPOCHS_A_TRY)]

    @classmethod
    def fits(
        cls, graph: InterestGraph, target: int, settings: Sequence[tuple[int]], seed: int
    ) -> Iterator[Self]:
        """Trains once, and gives what it has after so many epochs."""
        liked = csr_array(graph.interactions.maximum(0))
        liked.data = np.ones_like(liked.data)
        training, done = _Training(liked, graph.item_domain, seed), 0
        for (epochs,) in settings:
            with reproducible(seed, threads_for(len(graph.items), None)):
                for _ in range(done, epochs):
                    training.epoch()
            done = epochs
            items, users = np.split(training.final(), [liked.shape[1]])
            yield cls(users, items[graph.items_of(target)])


class _Training:
    """Embeddings of the items, and after them of the users, as they are learned.

    Args:
        liked: 1 for each like, CSR (users, items).
        item_domain: Domain of each item, (items,).
        seed: Of the first embeddings and of the samples.
    """

    def __init__(self, liked: csr_array, item_domain: NDArray[np.int32], seed: int) -> None:
        # isthmus.gnn.model.propagation has seen to what this import would warn of.
        from torch_geometric.nn import LGConv

        self._rng = np.random.default_rng(seed)
        self._users, self._likes = (index.astype(np.int64) for index in liked.tocoo().coords)
        self._items, self._item_domain = liked.shape[1], item_domain
        self._by_domain = np.argsort(item_domain, kind="stable")
        self._liked = np.sort(self._pairs(self._users, self._likes))
        nothing = np.zeros((self._items, 0), np.float32)
        self._adjacency = domain_graph(liked, csr_array(nothing), nothing, nothing[:0]).adj_t
        self._convolution = LGConv(normalize=False)
        first = self._rng.normal(0, FIRST_DEVIATION, (sum(liked.shape), DIMENSIONS))
        self._embeddings = torch.from_numpy(first.astype(np.float32)).requires_grad_()
        self._optimiser = torch.optim.Adam([self._embeddings], LEARNING_RATE)

    def final(self) -> NDArray[np.float32]:
        """Mean embeddings over the hops, (items and users, DIMENSIONS)."""
        return self._propagated(self._embeddings.detach()).numpy()

    def epoch(self) -> None:
        """Learns from each like once, beside an item of its domain that the user does not like."""
        order = self._rng.permutation(len(self._likes))
        for batch in np.array_split(order, max(1, min(STEPS_AN_EPOCH, len(order)))):
            users, likes = self._users[batch], self._likes[batch]
            others = self._of_the_same_domain(likes)
            fair = ~np.isin(self._pairs(users, others), self._liked)
            self._step(
                *(torch.from_numpy(ids[fair]) for ids in (users + self._items, likes, others))
            )

    def _step(self, users: torch.Tensor, likes: torch.Tensor, others: torch.Tensor) -> None:
        final = self._propagated(self._embeddings.detach()).requires_grad_()
        user, like, other = (functional.embedding(ids, final) for ids in (users, likes, others))
        loss = -functional.logsigmoid((user * (like - other)).sum(dim=1)).mean()
        (gradient,) = torch.autograd.grad(loss, final)
        # Propagation is linear and symmetric: gradients go back as embeddings came forth.
        self._embeddings.grad = self._propagated(gradient)
        self._optimiser.step()

    @torch.no_grad()
    def _propagated(self, vectors: torch.Tensor) -> torch.Tensor:
        hop = total = vectors
        for _ in range(HOPS):
            hop = self._convolution(hop, self._adjacency)
            total = total + hop
        return total / (HOPS + 1)

    def _of_the_same_domain(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        domain, sizes = self._item_domain[items], np.bincount(self._item_domain)
        place = (self._rng.random(len(items)) * sizes[domain]).astype(np.int64)
        return np.take(self._by_domain, (np.cumsum(sizes) - sizes)[domain] + place)

    def _pairs(self, users: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
        return users * self._items + items
