"""The decoder on top of the hops: two linear encoders a domain, and what both make of an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array
from torch import nn
from torch.nn import functional

from gnn.edges import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gnn.data import InterestGraph
    from gnn.tasks import Batch

EDGE_DIMENSIONS = 128
FEATURE_DROPOUT = 0.3
# How often a target is known by its text alone, as one that nobody has touched is.
TEXT_ALONE = 0.1
# The decoder starts close to what it ends at: exp(2) a unit of cosine, 5 a unit of popularity.
FIRST_SHARPNESS = 2.0
FIRST_POPULARITY = 5.0


@dataclass(frozen=True, eq=False)
class Seen:
    """What a decoder sees of a graph; copies of the decoder share it.

    Attributes:
        features: By domain, of its items, float32 (items, features).
        popularity: By domain, of its items, float32 (items,).
        interest_texts: Float32 (interests, text).
        interest_features: By domain, the mean of the items about each interest, float32
            (interests, features).
    """

    features: Sequence[torch.Tensor]
    popularity: Sequence[torch.Tensor]
    interest_texts: torch.Tensor
    interest_features: Sequence[torch.Tensor]

    @classmethod
    def of(
        cls,
        graph: InterestGraph,
        features: Sequence[torch.Tensor],
        interest_texts: torch.Tensor,
        popularity: NDArray[np.float32],
    ) -> Seen:
        """Parts popularity by domain, and adds means to features of items and interests."""
        items = [graph.items_of(domain) for domain in range(len(graph.domains))]
        about = [
            torch.from_numpy(_mean_about(graph.item_interests[of_domain], feature.numpy()))
            for of_domain, feature in zip(items, features, strict=True)
        ]
        popular = [torch.from_numpy(popularity[places]) for places in items]
        return cls(features, popular, interest_texts, about)

    def __deepcopy__(self, memo: object) -> Seen:
        return self


class EdgeDecoder(nn.Module):
    """Scores edges: w(i -> j) is the product of what i speaks for and of what speaks for j.

    Both are linear in the features and of unit length; the source is scaled by how much it says
    at all, the target domain by how sharply its users choose. An interest speaks for what its own
    text and the items about it speak for. While it is taught, some targets show their text alone,
    so that it can tell whom an item is for that nobody has touched (Volkovs, Yu and Poutanen,
    "DropoutNet: Addressing Cold Start in Recommender Systems", 2017).

    Args:
        graph: The graph that it is taught on.
        features: By domain, features of its items, float32 (items, features).
        interest_texts: Float32 (interests, text).
        popularity: Of all items, (items of the graph,).
    """

    def __init__(
        self,
        graph: InterestGraph,
        features: Sequence[torch.Tensor],
        interest_texts: torch.Tensor,
        popularity: NDArray[np.float32],
    ) -> None:
        super().__init__()
        self.seen = Seen.of(graph, features, interest_texts, popularity)
        sizes = [feature.shape[1] for feature in features]
        self.speaks_for = nn.ModuleList(_projection(size) for size in sizes)
        self.spoken_for_by = nn.ModuleList(_projection(size) for size in sizes)
        self.importance = nn.ModuleList(nn.Linear(size, 1) for size in sizes)
        self.interest = _projection(interest_texts.shape[1])
        self.interest_importance = nn.Parameter(torch.zeros(()))
        self.sharpness = nn.Parameter(torch.full((len(sizes),), FIRST_SHARPNESS))
        self.popularity = nn.Parameter(torch.full((len(sizes),), FIRST_POPULARITY))

    def forward(self, batch: Batch) -> torch.Tensor:
        """The served sum of each user over the items that the batch scores, (users, scored)."""
        user = torch.zeros(len(batch.interests), EDGE_DIMENSIONS)
        for domain, (met, weights) in enumerate(zip(batch.met, batch.weights, strict=True)):
            if len(met):
                user = user + weights @ self.sources(domain, met)
        if batch.interests.shape[1]:
            user = user + batch.interests @ self.interests()
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

    def interests(self) -> torch.Tensor:
        """What each interest speaks for, (interests, EDGE_DIMENSIONS)."""
        direction = self.interest(self.seen.interest_texts)
        for encoder, mean in zip(self.speaks_for, self.seen.interest_features, strict=True):
            direction = direction + encoder(mean)
        return functional.normalize(direction) * functional.softplus(self.interest_importance)

    def targets(self, domain: int, items: torch.Tensor | None = None) -> torch.Tensor:
        """What speaks for some items of a domain, or for all, (items, EDGE_DIMENSIONS)."""
        features = self.seen.features[domain]
        features = features if items is None else features[items]
        if self.training:
            features = self._dropped(self._as_if_untouched(features))
        direction = functional.normalize(self.spoken_for_by[domain](features))
        return direction * self.sharpness[domain].exp()

    @torch.no_grad()
    def vectors(self, target: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the items of the other domains, domain by domain, and of the target's.

        Float32 (items, EDGE_DIMENSIONS) each; their products are weights of edges.
        """
        others = [domain for domain in range(len(self.seen.features)) if domain != target]
        sources = [self.sources(d, torch.arange(len(self.seen.features[d]))) for d in others]
        return torch.cat(sources), self.targets(target)

    def _as_if_untouched(self, features: torch.Tensor) -> torch.Tensor:
        """Some targets by their text alone, where they have one."""
        text = features[:, : self.seen.interest_texts.shape[1]]
        alone = (torch.rand(len(features), 1) < TEXT_ALONE) & text.any(dim=1, keepdim=True)
        return torch.where(
            alone, functional.pad(text, (0, features.shape[1] - text.shape[1])), features
        )

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
    likes = torch.bincount(batch.users, minlength=len(batch.interests))
    weights = likes.clamp(min=1).float() ** -0.5
    return -(weights[batch.users] * chances).sum() / (weights * likes).sum().clamp(min=1)


def _projection(size: int) -> nn.Linear:
    return nn.Linear(size, EDGE_DIMENSIONS, bias=False)


def _mean_about(about: csr_array, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean features of the items about each interest, (interests, features)."""
    total = about.sum(axis=0)
    mean = diags_array(1 / np.where(total > 0, total, 1)) @ (about.T @ features)
    return np.asarray(mean, dtype=np.float32)
