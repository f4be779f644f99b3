"""The decoder on top of the hops: two linear encoders a domain, and what both make of an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from isthmus.gnn.edges.factored_weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isthmus.gnn.model.batches import Batch

EDGE_DIMENSIONS = 128
FEATURE_DROPOUT = 0.3
# The decoder starts close to what it ends at: exp(2) a unit of cosine, 5 a unit of popularity.
FIRST_SHARPNESS = 2.0
FIRST_POPULARITY = 5.0


@dataclass(frozen=True, eq=False)
class Seen:
    """What a decoder sees of a graph; copies of the decoder share it.

    Attributes:
        features: By domain, of its items, float32 (items, features).
        popularity: By domain, of its items, float32 (items,).
    """

    features: Sequence[torch.Tensor]
    popularity: Sequence[torch.Tensor]

    def __deepcopy__(self, memo: object) -> Seen:
        return self


class EdgeDecoder(nn.Module):
    """Scores edges: w(i -> j) is the product of what i speaks for and of what speaks for j.

    Both are linear in the features and of unit length; the source is scaled by how much it says
    at all, the target domain by how sharply its users choose.

    Args:
        seen: The graph that it is taught on.
    """

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen
        sizes = [features.shape[1] for features in seen.features]
        self.speaks_for = nn.ModuleList(_projection(size) for size in sizes)
        self.spoken_for_by = nn.ModuleList(_projection(size) for size in sizes)
        self.importance = nn.ModuleList(nn.Linear(size, 1) for size in sizes)
        self.sharpness = nn.Parameter(torch.full((len(sizes),), FIRST_SHARPNESS))
        self.popularity = nn.Parameter(torch.full((len(sizes),), FIRST_POPULARITY))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served sum of each user over the items that the batch scores, (users, scored)."""
        user = torch.zeros(len(batch), EDGE_DIMENSIONS)
        for domain, (met, weights) in enumerate(zip(batch.met, batch.weights, strict=True)):
            if len(met):
                user = user + weights @ self.sources(domain, met)
        prior = self.prior(batch.target)
        if batch.scored is not None:
            prior = prior[batch.scored]
        return user @ self.targets(batch.target, batch.scored).T + prior

    def prior(self, domain: int) -> torch.Tensor:
        """What popularity alone says for each item of a domain, (items,)."""
        return self.popularity[domain] * self.seen.popularity[domain]

    def sources(self, domain: int, items: torch.Tensor) -> torch.Tensor:
        """What some items of a domain speak for, (items, EDGE_DIMENSIONS)."""
        features = self._dropped(self.seen.features[domain][items])
        direction = functional.normalize(self.speaks_for[domain](features))
        return direction * functional.softplus(self.importance[domain](features))

    def targets(self, domain: int, items: torch.Tensor | None = None) -> torch.Tensor:
        """What speaks for some items of a domain, or for all, (items, EDGE_DIMENSIONS)."""
        features = self.seen.features[domain]
        features = features if items is None else features[items]
        direction = functional.normalize(self.spoken_for_by[domain](self._dropped(features)))
        return direction * self.sharpness[domain].exp()

    @torch.no_grad()
    def vectors(self, target: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the items of the other domains, domain by domain, and of the target's.

        Float32 (items, EDGE_DIMENSIONS) each; their products are weights of edges.
        """
        others = [domain for domain in range(len(self.seen.features)) if domain != target]
        sources = [self.sources(d, torch.arange(len(self.seen.features[d]))) for d in others]
        return torch.cat(sources), self.targets(target)

    def _dropped(self, features: torch.Tensor) -> torch.Tensor:
        return functional.dropout(features, FEATURE_DROPOUT, self.training)


class Decoders(nn.Module):
    """Several decoders that are taught apart and answer by their mean.

    Which errs less than any of them (Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable
    Predictive Uncertainty Estimation using Deep Ensembles", 2017), and is a sum over edges too.

    Args:
        members: Each with a view of its own of the same graph.
    """

    def __init__(self, members: Sequence[EdgeDecoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def each(self) -> list[EdgeDecoder]:
        """The decoders."""
        return cast("list[EdgeDecoder]", list(self.members))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served sum of each user over the items that the batch scores, (users, scored)."""
        return torch.stack([member(batch) for member in self.members]).mean(dim=0)

    @torch.no_grad()
    def prior(self, domain: int) -> NDArray[np.float32]:
        """What popularity alone says for each item of a domain, (items,)."""
        priors = torch.stack([member.prior(domain) for member in self.each()])
        mean: NDArray[np.float32] = priors.mean(dim=0).numpy()
        return mean

    def popularity(self, domain: int) -> float:
        """What a unit of popularity counts in a domain."""
        return float(np.mean([float(member.popularity[domain].detach()) for member in self.each()]))

    def weights(self, target: int) -> Weights:
        """Of all edges from the items of the other domains, domain by domain, to the target's."""
        ends = [member.vectors(target) for member in self.each()]
        sources = torch.cat([one / len(ends) for one, _ in ends], dim=1).numpy()
        targets = torch.cat([one for _, one in ends], dim=1).numpy()
        return Weights((sources,), lambda some: (targets[some].T,), len(targets))


def softmax_loss(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Softmax over what a batch scores, several likes a user, each user times likes^.5."""
    if batch.correction is not None:
        scores = scores + batch.correction
    chances = torch.log_softmax(scores, dim=1)[batch.users, batch.likes]
    likes = torch.bincount(batch.users, minlength=len(batch))
    weights = likes.clamp(min=1).float() ** -0.5
    return -(weights[batch.users] * chances).sum() / (weights * likes).sum().clamp(min=1)


def _projection(size: int) -> nn.Linear:
    return nn.Linear(size, EDGE_DIMENSIONS, bias=False)
