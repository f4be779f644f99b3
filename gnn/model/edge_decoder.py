"""The network: an edge decoder, linear projections per domain of the features of both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from isthmus.gnn.edges import FactoredWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.model.batches import Batch
    from isthmus.gnn.model.features import Features

EDGE_DIMENSIONS = 128
# Close to where training ends: exp(2) per unit of cosine, 5 per unit of popularity.
INITIAL_SHARPNESS = 2.0
INITIAL_POPULARITY = 5.0


class EdgeDecoder(nn.Module):
    """Scores edges: w(i -> j) is the product of a source embedding of i and a target one of j.

    Both are linear in the features, the spectrum and the texts after each hop, and normalised; the
    source embedding is scaled by the learned importance of the item, the target embedding by the
    learned sharpness of the target domain.

    Args:
        features: Of the items of the graph.
        items: By domain, the indices of its items.
        popularity: By domain, of its items, float32 (items,).
    """

    def __init__(
        self,
        features: Features,
        items: Sequence[NDArray[np.int64]],
        popularity: Sequence[NDArray[np.float32]],
    ) -> None:
        super().__init__()
        self.items = items
        self.inputs = [_inputs(features, part) for part in items]
        self.item_popularity = [torch.from_numpy(part) for part in popularity]
        sizes = [part.shape[1] for part in self.inputs]
        self.source_projection = nn.ModuleList(_projection(size) for size in sizes)
        self.target_projection = nn.ModuleList(_projection(size) for size in sizes)
        self.importance = nn.ModuleList(nn.Linear(size, 1) for size in sizes)
        self.sharpness = nn.Parameter(torch.full((len(sizes),), INITIAL_SHARPNESS))
        self.popularity = nn.Parameter(torch.full((len(sizes),), INITIAL_POPULARITY))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served score of each user for the items that the batch scores, (users, scored)."""
        user = torch.zeros(len(batch), EDGE_DIMENSIONS)
        histories = zip(batch.history_items, batch.history_weights, strict=True)
        for domain, (items, weights) in enumerate(histories):
            if len(items):
                user = user + weights @ self.source_embeddings(domain, items)
        popularity = self.popularity[batch.target] * self.item_popularity[batch.target]
        if batch.scored is not None:
            popularity = popularity[batch.scored]
        return user @ self.target_embeddings(batch.target, batch.scored).T + popularity

    def source_embeddings(self, domain: int, items: torch.Tensor) -> torch.Tensor:
        """Embeddings of some items of a domain as sources of edges, (items, EDGE_DIMENSIONS)."""
        features = self.inputs[domain][items]
        direction = functional.normalize(self.source_projection[domain](features))
        return direction * functional.softplus(self.importance[domain](features))

    def target_embeddings(self, domain: int, items: torch.Tensor | None = None) -> torch.Tensor:
        """Embeddings of some or all items of a domain as targets, (items, EDGE_DIMENSIONS)."""
        features = self.inputs[domain]
        features = features if items is None else features[items]
        direction = functional.normalize(self.target_projection[domain](features))
        return direction * self.sharpness[domain].exp()

    def popularity_weight(self, domain: int) -> float:
        """The learned weight of popularity in a domain."""
        return float(self.popularity[domain].detach())

    @torch.no_grad()
    def edge_weights(self) -> list[FactoredWeights]:
        """By target domain, the weights of all edges from the items of the graph.

        The factors are the embeddings; the domains share those of the sources.
        """
        sources = np.zeros((sum(map(len, self.items)), EDGE_DIMENSIONS), np.float32)
        for domain, items in enumerate(self.items):
            sources[items] = self.source_embeddings(domain, torch.arange(len(items))).numpy()

        def weights(domain: int) -> FactoredWeights:
            targets = self.target_embeddings(domain).numpy()
            return FactoredWeights((sources,), lambda items: (targets[items].T,), len(targets))

        return [weights(domain) for domain in range(len(self.items))]


def softmax_loss(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Softmax cross-entropy over the scored items, each user weighted by likes^.5 in total."""
    if batch.correction is not None:
        scores = scores + batch.correction
    log_probabilities = torch.log_softmax(scores, dim=1)[batch.users, batch.likes]
    likes = torch.bincount(batch.users, minlength=len(batch))
    weights = likes.clamp(min=1).float() ** -0.5
    return -(weights[batch.users] * log_probabilities).sum() / (weights * likes).sum().clamp(min=1)


def _inputs(features: Features, items: NDArray[np.int64]) -> torch.Tensor:
    """Spectrum and texts after each number of hops side by side, all of unit length or 0."""
    spectrum = features.spectrum[items]
    blocks = [spectrum[:, spectrum.any(axis=0)], *(texts[items] for texts in features.texts)]
    return torch.from_numpy(np.concatenate(blocks, axis=1))


def _projection(size: int) -> nn.Linear:
    return nn.Linear(size, EDGE_DIMENSIONS, bias=False)
