"""The edge decoder: per-domain linear projections of the propagated features that score edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from isthmus.gnn.edges import FactoredWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.model.batches import Batch

EDGE_DIMENSIONS = 128
FEATURE_DROPOUT = 0.3
# Close to where training ends: exp(2) per unit of cosine, 5 per unit of popularity.
INITIAL_SHARPNESS = 2.0
INITIAL_POPULARITY = 5.0


@dataclass(frozen=True, eq=False)
class DecoderInputs:
    """The features of a graph that a decoder reads; copies of the decoder share them.

    Attributes:
        features: By domain, of its items, float32 (items, features).
        popularity: By domain, of its items, float32 (items,).
    """

    features: Sequence[torch.Tensor]
    popularity: Sequence[torch.Tensor]

    def __deepcopy__(self, memo: object) -> DecoderInputs:
        return self


class EdgeDecoder(nn.Module):
    """Scores edges: w(i -> j) is the product of a source embedding of i and a target one of j.

    Both are linear in the features and normalised; the source embedding is scaled by the learned
    importance of the item, the target embedding by the learned sharpness of the target domain.

    Args:
        inputs: The features of the training graph.
    """

    def __init__(self, inputs: DecoderInputs) -> None:
        super().__init__()
        self.inputs = inputs
        sizes = [features.shape[1] for features in inputs.features]
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
        popularity = self.popularity_scores(batch.target)
        if batch.scored is not None:
            popularity = popularity[batch.scored]
        return user @ self.target_embeddings(batch.target, batch.scored).T + popularity

    def popularity_scores(self, domain: int) -> torch.Tensor:
        """The contribution of popularity to the score of each item of a domain, (items,)."""
        return self.popularity[domain] * self.inputs.popularity[domain]

    def source_embeddings(self, domain: int, items: torch.Tensor) -> torch.Tensor:
        """Embeddings of some items of a domain as sources of edges, (items, EDGE_DIMENSIONS)."""
        features = self._drop_features(self.inputs.features[domain][items])
        direction = functional.normalize(self.source_projection[domain](features))
        return direction * functional.softplus(self.importance[domain](features))

    def target_embeddings(self, domain: int, items: torch.Tensor | None = None) -> torch.Tensor:
        """Embeddings of some or all items of a domain as targets, (items, EDGE_DIMENSIONS)."""
        features = self.inputs.features[domain]
        features = features if items is None else features[items]
        direction = functional.normalize(
            self.target_projection[domain](self._drop_features(features))
        )
        return direction * self.sharpness[domain].exp()

    @torch.no_grad()
    def edge_embeddings(self, target: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Source embeddings of the items outside a domain and target embeddings of its items.

        Float32 (items, EDGE_DIMENSIONS) each, the sources domain by domain; their products are the
        edge weights.
        """
        domains = [domain for domain in range(len(self.inputs.features)) if domain != target]
        sources = [
            self.source_embeddings(d, torch.arange(len(self.inputs.features[d]))) for d in domains
        ]
        return torch.cat(sources), self.target_embeddings(target)

    def _drop_features(self, features: torch.Tensor) -> torch.Tensor:
        return functional.dropout(features, FEATURE_DROPOUT, self.training)


class DecoderEnsemble(nn.Module):
    """Several edge decoders, trained independently, whose scores are averaged.

    The mean has a lower error than any member (Lakshminarayanan, Pritzel and Blundell, "Simple and
    Scalable Predictive Uncertainty Estimation using Deep Ensembles", 2017), and it is a sum over
    edges as well.

    Args:
        members: Decoders, each with its own features of the same graph.
    """

    def __init__(self, members: Sequence[EdgeDecoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def decoders(self) -> list[EdgeDecoder]:
        """Returns the members, typed as decoders."""
        return cast("list[EdgeDecoder]", list(self.members))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served score of each user for the items that the batch scores, (users, scored)."""
        return torch.stack([member(batch) for member in self.members]).mean(dim=0)

    @torch.no_grad()
    def popularity_scores(self, domain: int) -> NDArray[np.float32]:
        """The contribution of popularity to the score of each item of a domain, (items,)."""
        scores = torch.stack([member.popularity_scores(domain) for member in self.decoders()])
        mean: NDArray[np.float32] = scores.mean(dim=0).numpy()
        return mean

    def popularity_weight(self, domain: int) -> float:
        """The learned weight of popularity in a domain, the mean over the members."""
        return float(
            np.mean([float(member.popularity[domain].detach()) for member in self.decoders()])
        )

    def factored_weights(self, target: int) -> FactoredWeights:
        """Weights of all edges from the items of the other domains, domain by domain, to a target.

        The factors are the members' embeddings side by side.
        """
        embeddings = [member.edge_embeddings(target) for member in self.decoders()]
        sources = torch.cat([source / len(embeddings) for source, _ in embeddings], dim=1).numpy()
        targets = torch.cat([embedding for _, embedding in embeddings], dim=1).numpy()
        return FactoredWeights((sources,), lambda items: (targets[items].T,), len(targets))


def softmax_loss(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Softmax cross-entropy over the scored items, each user weighted by likes^.5 in total."""
    if batch.correction is not None:
        scores = scores + batch.correction
    log_probabilities = torch.log_softmax(scores, dim=1)[batch.users, batch.likes]
    likes = torch.bincount(batch.users, minlength=len(batch))
    weights = likes.clamp(min=1).float() ** -0.5
    return -(weights[batch.users] * log_probabilities).sum() / (weights * likes).sum().clamp(min=1)


def _projection(size: int) -> nn.Linear:
    return nn.Linear(size, EDGE_DIMENSIONS, bias=False)
