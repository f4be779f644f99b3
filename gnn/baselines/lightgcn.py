"""LightGCN over the users and items of all domains: a baseline, trained for each graph.

He, Deng, Wang, Li, Zhang and Wang, "LightGCN: Simplifying and powering graph convolution network
for recommendation", 2020: the only parameters are an embedding of each user and item, and scores
use its mean over the hops of propagation in the graph of likes. The loss is that of Rendle,
Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit
feedback", 2009.

Two things differ from the papers. Negatives are sampled from the domain of the like, since only
items of one domain are ranked against each other. And the whole graph is propagated at each step,
so steps are few and large, and early stopping on validation users prevents overfitting in place of
a penalty.
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
from isthmus.gnn.model import build_domain_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph

DIMENSIONS = 64
HOPS = 3
INITIAL_DEVIATION = 0.1
LEARNING_RATE = 0.01
STEPS_PER_EPOCH = 30
MAX_EPOCHS = 10
EPOCHS_PER_SETTING = 2


class LightGcn(Factors):
    """The dot product of a user's and an item's mean embeddings over the hops."""

    @classmethod
    def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[tuple[int]]:
        """Grid of the number of epochs; all likes count 1, so no history weighting is tuned."""
        return [
            (epochs,) for epochs in range(EPOCHS_PER_SETTING, MAX_EPOCHS + 1, EPOCHS_PER_SETTING)
        ]

    @classmethod
    def fit_grid(
        cls, graph: InterestGraph, target: int, settings: Sequence[tuple[int]], seed: int
    ) -> Iterator[Self]:
        """Trains once and yields the model after each number of epochs, in ascending order.

        See `Baseline.fit_grid`.
        """
        liked = csr_array(graph.interactions.maximum(0))
        liked.data = np.ones_like(liked.data)
        training, epochs_done = _Training(liked, graph.item_domain, seed), 0
        for (epochs,) in settings:
            with reproducible(seed, threads_for(len(graph.items), None)):
                for _ in range(epochs_done, epochs):
                    training.run_epoch()
            epochs_done = epochs
            items, users = np.split(training.mean_embeddings(), [liked.shape[1]])
            yield cls(users, items[graph.items_of(target)])


class _Training:
    """Embeddings in training: those of the items first, then those of the users.

    Args:
        liked: 1 for each like, CSR (users, items).
        item_domain: Domain of each item, (items,).
        seed: Seed of the initial embeddings and of the sampling.
    """

    def __init__(self, liked: csr_array, item_domain: NDArray[np.int32], seed: int) -> None:
        # isthmus.gnn.model.propagation suppresses the warnings of this import.
        from torch_geometric.nn import LGConv

        self._rng = np.random.default_rng(seed)
        self._like_users, self._like_items = (
            index.astype(np.int64) for index in liked.tocoo().coords
        )
        self._num_items, self._item_domain = liked.shape[1], item_domain
        self._items_by_domain = np.argsort(item_domain, kind="stable")
        self._liked_pairs = np.sort(self._pair_keys(self._like_users, self._like_items))
        empty = np.zeros((self._num_items, 0), np.float32)
        self._adjacency = build_domain_graph(liked, csr_array(empty), empty).adj_t
        self._convolution = LGConv(normalize=False)
        initial = self._rng.normal(0, INITIAL_DEVIATION, (sum(liked.shape), DIMENSIONS))
        self._embeddings = torch.from_numpy(initial.astype(np.float32)).requires_grad_()
        self._optimiser = torch.optim.Adam([self._embeddings], LEARNING_RATE)

    def mean_embeddings(self) -> NDArray[np.float32]:
        """Returns the mean embeddings over the hops, (items + users, DIMENSIONS)."""
        return self._propagate(self._embeddings.detach()).numpy()

    def run_epoch(self) -> None:
        """Trains on each like once, with one sampled negative of its domain."""
        order = self._rng.permutation(len(self._like_items))
        for batch in np.array_split(order, max(1, min(STEPS_PER_EPOCH, len(order)))):
            users, likes = self._like_users[batch], self._like_items[batch]
            negatives = self._sample_same_domain(likes)
            valid = ~np.isin(self._pair_keys(users, negatives), self._liked_pairs)
            nodes = (users + self._num_items, likes, negatives)
            self._step(*(torch.from_numpy(ids[valid]) for ids in nodes))

    def _step(self, users: torch.Tensor, likes: torch.Tensor, negatives: torch.Tensor) -> None:
        means = self._propagate(self._embeddings.detach()).requires_grad_()
        user, like, negative = (
            functional.embedding(ids, means) for ids in (users, likes, negatives)
        )
        loss = -functional.logsigmoid((user * (like - negative)).sum(dim=1)).mean()
        (gradient,) = torch.autograd.grad(loss, means)
        # Propagation is linear and symmetric, so the gradient of the embeddings is the propagated
        # gradient of their means.
        self._embeddings.grad = self._propagate(gradient)
        self._optimiser.step()

    @torch.no_grad()
    def _propagate(self, vectors: torch.Tensor) -> torch.Tensor:
        hop = total = vectors
        for _ in range(HOPS):
            hop = self._convolution(hop, self._adjacency)
            total = total + hop
        return total / (HOPS + 1)

    def _sample_same_domain(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples for each item one of the same domain uniformly."""
        domain, sizes = self._item_domain[items], np.bincount(self._item_domain)
        offset = (self._rng.random(len(items)) * sizes[domain]).astype(np.int64)
        return np.take(self._items_by_domain, (np.cumsum(sizes) - sizes)[domain] + offset)

    def _pair_keys(self, users: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
        return users * self._num_items + items
